//! A checked card as scorers share it: the model, and what of the card a state must hold.
//!
//! Invariants: what a camera's state holds of a card computes the same scores of that camera.
//! Not here: what a card must fulfil (`model`), which one counts (`lane`).

use std::sync::Arc;

use flumen_base::Result;
use flumen_base::wire::ModelCard;

use super::model::Model;

/// A model and the card that it was made of, without its golden vectors.
#[derive(Clone, Debug, PartialEq)]
pub struct Learned {
    /// What scores.
    pub model: Model,
    card: ModelCard,
}

impl Learned {
    /// Checks a card, golden vectors included; all cameras of a group share the answer.
    ///
    /// # Errors
    /// As `Model::open`.
    pub fn open(card: &ModelCard) -> Result<Arc<Learned>> {
        let model = Model::open(card)?;
        let card = ModelCard { golden: Vec::new(), measures: Vec::new(), ..card.clone() };
        Ok(Arc::new(Learned { model, card }))
    }

    /// The card with nothing but what scores one camera.
    pub(super) fn of_camera(&self, camera: &str) -> ModelCard {
        let mine = self.card.normals.iter().filter(|n| n.camera == camera);
        ModelCard {
            scope: self.card.scope.clone(),
            kind: self.card.kind.clone(),
            version: self.card.version,
            lineage: self.card.lineage.clone(),
            schema: self.card.schema,
            effective_us: self.card.effective_us,
            normals: mine.cloned().collect(),
            parameters: self.card.parameters.clone(),
            ..ModelCard::default()
        }
    }
}
