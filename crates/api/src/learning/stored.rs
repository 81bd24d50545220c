//! The tables of learning as they are stored: models, persons' words on them, verdicts.
//!
//! Not here: what a card means (`operators`), how it looks as JSON (`model`).

use flumen_base::wire::{ActiveModel, Feedback, ModelCard};
use flumen_base::{CameraId, Error, Result, topic};
use flumen_bus::Bus;
use prost::Message;

use crate::model::{ModelState, Verdict, hex};

/// Kinds of models.
const KINDS: [&str; 6] =
    ["profile", "kmeans", "gaussian-mixture", "appearance", "forecast", "patterns"];

/// Those of them that score what comes.
pub(crate) const SCORED: [&str; 4] = ["profile", "kmeans", "gaussian-mixture", "appearance"];

/// Versions of one scope and kind.
pub(crate) struct Versions {
    /// The oldest first.
    pub(crate) cards: Vec<ModelCard>,
    pub(crate) word: ActiveModel,
}

impl Versions {
    /// The newest version; 0 = none.
    pub(crate) fn newest(&self) -> u64 {
        self.cards.last().map_or(0, |card| card.version)
    }

    /// The version that scores at this time; 0 = none yet.
    pub(crate) fn in_force(&self, now_us: i64) -> u64 {
        if self.word.version != 0 && self.word.effective_us <= now_us {
            return self.word.version;
        }
        let live = self.cards.iter().rev().find(|card| card.effective_us <= now_us);
        live.map_or(0, |card| card.version)
    }

    /// How a version counts.
    pub(crate) fn state(&self, card: &ModelCard, now_us: i64) -> ModelState {
        let live = self.in_force(now_us);
        if card.version == live {
            ModelState::InForce
        } else if card.version == self.word.shadow {
            ModelState::Shadow
        } else if card.effective_us > now_us {
            ModelState::Waiting
        } else {
            ModelState::Older
        }
    }
}

/// A scope and kind that may stand in a key.
pub(crate) fn named(scope: &str, kind: &str) -> Result<()> {
    let group = scope.strip_prefix("group:").unwrap_or(scope);
    CameraId::new(group).map_err(|_| {
        Error::invalid(format!("{scope:?} is no camera and no group (group:NAME) of cameras"))
    })?;
    if KINDS.contains(&kind) {
        return Ok(());
    }
    Err(Error::invalid(format!("{kind:?} is no kind of model: use one of {}", KINDS.join(", "))))
}

/// All versions below a prefix of keys, by scope and kind; what can't be read is left out.
pub(crate) fn versions(bus: &dyn Bus, prefix: &str) -> Result<Vec<Versions>> {
    let mut all = std::collections::BTreeMap::new();
    for (key, value) in bus.table(topic::MODELS)?.scan(prefix.as_bytes())? {
        let key = String::from_utf8_lossy(&key).into_owned();
        let mut parts = key.splitn(3, '/');
        let (Some(scope), Some(kind), Some(last)) = (parts.next(), parts.next(), parts.next())
        else {
            continue;
        };
        let none = || Versions { cards: Vec::new(), word: ActiveModel::default() };
        let of = all.entry((scope.to_owned(), kind.to_owned())).or_insert_with(none);
        match last {
            "active" => of.word = ActiveModel::decode(value.as_slice()).unwrap_or_default(),
            _ => of.cards.extend(ModelCard::decode(value.as_slice()).ok()),
        }
    }
    let held = |mut of: Versions| {
        for card in std::mem::take(&mut of.word.cards) {
            if of.cards.iter().all(|known| known.version != card.version) {
                of.cards.push(card);
            }
        }
        of.cards.sort_by_key(|card| card.version);
        of
    };
    Ok(all.into_values().map(held).collect())
}

/// The versions of one scope and kind.
pub(crate) fn versions_of(bus: &dyn Bus, scope: &str, kind: &str) -> Result<Versions> {
    named(scope, kind)?;
    let found = versions(bus, &format!("{scope}/{kind}/"))?.into_iter().next();
    found.filter(|of| !of.cards.is_empty()).ok_or_else(|| {
        Error::not_found(format!(
            "there is no model {scope}/{kind}: GET /api/v1/models lists those that are learned"
        ))
    })
}

/// Of the versions the one of this number.
pub(crate) fn version(of: &Versions, version: u64) -> Result<&ModelCard> {
    of.cards.iter().find(|card| card.version == version).ok_or_else(|| {
        let known: Vec<String> = of.cards.iter().map(|card| card.version.to_string()).collect();
        Error::not_found(format!("there is no version {version}: {} are kept", known.join(", ")))
    })
}

/// The card that counts of a camera's model of a kind.
pub(crate) fn in_force(
    bus: &dyn Bus,
    id: &CameraId,
    kind: &str,
    now_us: i64,
) -> Result<Option<ModelCard>> {
    let found = versions(bus, &format!("{id}/{kind}/"))?.into_iter().next();
    Ok(found.and_then(|of| {
        let live = of.in_force(now_us);
        of.cards.into_iter().find(|card| card.version == live)
    }))
}

/// Where a verdict is stored.
pub(crate) fn verdict_key(camera: &str, id: &[u8]) -> String {
    format!("{camera}/{}", hex(id))
}

/// What a person said of an event or insight.
pub(crate) fn verdict_on(bus: &dyn Bus, camera: &str, id: &[u8]) -> Option<Verdict> {
    let table = bus.table(topic::FEEDBACK).ok()?;
    let value = table.get(verdict_key(camera, id).as_bytes()).ok()??;
    Verdict::of(&Feedback::decode(value.as_slice()).ok()?)
}
