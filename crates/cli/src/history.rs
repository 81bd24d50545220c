//! What a trainer gives out over a long time, without what it took back meanwhile.

use std::collections::BTreeMap;

use flumen_base::wire::{Insight, ModelCard};
use flumen_learn::Out;

/// Cards that are kept, keys of those that are not, and all insights.
#[derive(Default)]
pub struct History {
    cards: BTreeMap<String, ModelCard>,
    /// Of cards that somebody else may know.
    gone: Vec<String>,
    insights: Vec<Insight>,
}

impl History {
    pub fn take(&mut self, out: &[Out]) {
        for one in out {
            match one {
                Out::Card(card) => {
                    let key = format!("{}/{}/{}", card.scope, card.kind, card.version);
                    self.cards.insert(key, card.as_ref().clone());
                }
                Out::Gone(key) if self.cards.remove(key).is_some() => {}
                Out::Gone(key) => self.gone.push(key.clone()),
                Out::Insight(insight) => self.insights.push(insight.as_ref().clone()),
            }
        }
    }

    /// All of it, the oldest card first; nothing is left.
    pub fn drain(&mut self) -> Vec<Out> {
        let History { cards, gone, insights } = std::mem::take(self);
        let mut cards: Vec<_> = cards.into_values().collect();
        cards.sort_by_key(|card| card.version);
        let cards = cards.into_iter().map(|card| Out::Card(Box::new(card)));
        let insights = insights.into_iter().map(|i| Out::Insight(Box::new(i)));
        gone.into_iter().map(Out::Gone).chain(cards).chain(insights).collect()
    }
}
