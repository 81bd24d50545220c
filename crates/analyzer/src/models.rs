//! The table `flumen.models` as one process knows it, for all its sessions.
//!
//! Invariants: a card is checked once, golden vectors included, and shared; one that is refused
//! changes nothing and is told once; of a scope and kind at most `KEPT` versions are held, and
//! those that a person names.
//! Not here: from when on a model counts (`operators`), how the table is read (`runtime`, Flink).

use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use flumen_base::wire::{ActiveModel, ModelCard, Reject};
use flumen_base::{Error, Result, topic};
use flumen_operators::score::{Learned, MODEL_BYTES, SCORED, older};
use prost::Message;

use crate::{Named, Output};

/// Versions of a scope and kind that are held.
const KEPT: usize = 16;
/// Scopes that are held: twice as many cameras as one process can have.
const SCOPES: usize = 16_384;
/// Last part of the key of a person's word.
const ACTIVE: &str = "active";

/// Learned models by scope and kind.
#[derive(Default)]
pub struct Models {
    revision: AtomicU64,
    scopes: Mutex<HashMap<String, Scope>>,
}

#[derive(Default)]
struct Scope {
    /// First offset of the table that was not taken: all keys of a scope are in one partition.
    next: u64,
    revision: u64,
    kinds: BTreeMap<String, Known>,
}

#[derive(Default)]
struct Known {
    cards: BTreeMap<u64, Arc<Learned>>,
    word: Option<ActiveModel>,
}

/// What a session is to know of the models of one camera.
#[derive(Default)]
pub struct Given {
    /// The group that it is learned with; empty = "site".
    pub group: String,
    /// What persons said.
    pub words: Vec<ActiveModel>,
    /// Of each scope and kind the oldest first.
    pub cards: Vec<Arc<Learned>>,
}

/// A record's place in the table.
enum Key<'a> {
    Card(&'a str, &'a str, u64),
    Word(&'a str, &'a str),
}

impl Models {
    /// Takes a record of the table; one from before an offset that was taken changes nothing.
    ///
    /// A record that is refused gives one for `flumen.rejects`, with this timestamp.
    pub fn put(
        &self,
        key: &[u8],
        offset: u64,
        value: Option<&[u8]>,
        timestamp_us: i64,
    ) -> Option<Named> {
        let name = String::from_utf8_lossy(key);
        let taken = Key::of(&name).and_then(|key| self.take(&key, offset, value));
        let reason = taken.err()?.to_string();
        let scope = name.split('/').next().unwrap_or_default();
        let reject = Output::Reject(Reject {
            camera: scope.chars().take(80).collect(),
            topic: topic::MODELS.into(),
            source: None,
            reason,
            head: Bytes::copy_from_slice(key.get(..key.len().min(64)).unwrap_or_default()),
        });
        Some(Named::of(&reject, &Bytes::copy_from_slice(scope.as_bytes()), timestamp_us))
    }

    fn take(&self, key: &Key<'_>, offset: u64, value: Option<&[u8]>) -> Result<()> {
        let name = match key {
            Key::Card(scope, ..) | Key::Word(scope, _) => *scope,
        };
        let word = match key {
            Key::Word(scope, kind) => said(scope, kind, value)?,
            Key::Card(..) => ActiveModel::default(),
        };
        // The check takes its time: outside of the lock.
        let held = word.cards.iter().map(Learned::open).collect::<Result<Vec<_>>>()?;
        let learned = {
            let mut scopes = self.lock();
            if scopes.len() >= SCOPES && !scopes.contains_key(name) {
                return Err(Error::exhausted(format!("models of more than {SCOPES} scopes")));
            }
            let scope = scopes.entry(name.to_owned()).or_default();
            if offset < scope.next {
                return Ok(());
            }
            scope.next = offset + 1;
            match (key, value) {
                (Key::Word(_, kind), _) => {
                    scope.say(name, kind, word, held)?;
                    return self.changed(scope);
                }
                (Key::Card(_, kind, version), None) => {
                    scope.kind(kind).cards.remove(version);
                    return Ok(()); // what is in force stays so
                }
                (Key::Card(_, kind, version), Some(value)) => {
                    let known = scope.kinds.get(*kind);
                    if known.is_some_and(|k| k.cards.contains_key(version)) {
                        return Ok(());
                    }
                    (read(key, value)?, *kind)
                }
            }
        };
        let (card, kind) = learned;
        let learned = Learned::open(&card)?;
        if !SCORED.contains(&kind) {
            return Ok(());
        }
        let mut scopes = self.lock();
        let Some(scope) = scopes.get_mut(name) else { return Ok(()) };
        scope.kind(kind).add(&card, learned)?;
        self.changed(scope)
    }

    fn changed(&self, scope: &mut Scope) -> Result<()> {
        scope.revision = self.revision.fetch_add(1, Ordering::SeqCst) + 1;
        Ok(())
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Scope>> {
        self.scopes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Grows with each change.
    pub fn revision(&self) -> u64 {
        self.revision.load(Ordering::SeqCst)
    }

    /// What changed for a camera and its group since a revision; nothing when nothing did.
    pub fn since(&self, revision: u64, camera: &str, group: &str) -> Option<Given> {
        let scope = format!("group:{}", if group.is_empty() { "site" } else { group });
        let scopes = self.lock();
        let mine = [camera, scope.as_str()].into_iter().filter_map(|s| scopes.get(s));
        let mine: Vec<&Scope> = mine.collect();
        if mine.iter().all(|s| s.revision <= revision) {
            return None;
        }
        let kinds = || mine.iter().flat_map(|s| s.kinds.values());
        Some(Given {
            group: group.to_owned(),
            words: kinds().filter_map(|k| k.word.clone()).collect(),
            cards: kinds().flat_map(|k| k.cards.values().cloned()).collect(),
        })
    }
}

impl Scope {
    fn kind(&mut self, kind: &str) -> &mut Known {
        self.kinds.entry(kind.to_owned()).or_default()
    }

    /// Takes a person's word with the versions that it names.
    fn say(
        &mut self,
        scope: &str,
        kind: &str,
        word: ActiveModel,
        held: Vec<Arc<Learned>>,
    ) -> Result<()> {
        if !SCORED.contains(&kind) {
            return Ok(());
        }
        let known = self.kind(kind);
        for learned in held {
            known.cards.entry(learned.model.version).or_insert(learned);
        }
        let there = |version: u64| version == 0 || known.cards.contains_key(&version);
        if !there(word.version) || !there(word.shadow) {
            let ActiveModel { version, shadow, .. } = word;
            return Err(Error::not_found(format!(
                "{scope}/{kind}: version {version} beside {shadow} can't count, there is no such \
                 card: what counted before goes on"
            )));
        }
        let (scope, kind) = (scope.to_owned(), kind.to_owned());
        known.word = Some(ActiveModel { scope, kind, cards: Vec::new(), ..word });
        Ok(())
    }
}

/// A person's word, or that it is taken back.
fn said(scope: &str, kind: &str, value: Option<&[u8]>) -> Result<ActiveModel> {
    let Some(value) = value else { return Ok(ActiveModel::default()) };
    let word = ActiveModel::decode(value).map_err(|e| {
        Error::data_loss(format!("the record of {scope}/{kind}/active can't be read: {e}"))
    })?;
    let of = |s: &str, k: &str| s == scope && k == kind;
    if !of(&word.scope, &word.kind) || !word.cards.iter().all(|c| of(&c.scope, &c.kind)) {
        return Err(Error::invalid(format!(
            "what stands under {scope}/{kind}/active is of another model"
        )));
    }
    Ok(word)
}

impl Known {
    fn add(&mut self, card: &ModelCard, learned: Arc<Learned>) -> Result<()> {
        let version = card.version;
        let follows = |l: &Arc<Learned>| l.model.lineage == card.lineage;
        let named = self.word.as_ref().is_some_and(|w| [w.version, w.shadow].contains(&version));
        if !named && self.cards.range(version..).any(|(_, l)| follows(l)) {
            return Err(older(card));
        }
        self.cards.insert(version, learned);
        while self.cards.len() > KEPT {
            let named =
                |v: &u64| self.word.as_ref().is_some_and(|w| w.version == *v || w.shadow == *v);
            let Some(oldest) = self.cards.keys().find(|v| !named(v)).copied() else { break };
            self.cards.remove(&oldest);
        }
        Ok(())
    }
}

impl Key<'_> {
    fn of(name: &str) -> Result<Key<'_>> {
        let mut parts = name.splitn(3, '/');
        let key = match (parts.next(), parts.next(), parts.next()) {
            (Some(scope), Some(kind), Some(ACTIVE)) => Some(Key::Word(scope, kind)),
            (Some(scope), Some(kind), Some(version)) => {
                version.parse().ok().map(|version| Key::Card(scope, kind, version))
            }
            _ => None,
        };
        let wrong = || {
            let name: String = name.chars().take(80).collect();
            Error::invalid(format!("{name:?} is no key of a model: scope/kind/version"))
        };
        key.filter(|_| name.len() <= 256).ok_or_else(wrong)
    }
}

/// A card that is what its key says.
fn read(key: &Key<'_>, value: &[u8]) -> Result<ModelCard> {
    let Key::Card(scope, kind, version) = *key else { return Err(Error::internal("no card")) };
    if value.len() > MODEL_BYTES {
        return Err(Error::exhausted(format!(
            "model {scope}/{kind}/{version}: {} bytes, at most {MODEL_BYTES}",
            value.len()
        )));
    }
    let card = ModelCard::decode(value).map_err(|e| {
        Error::data_loss(format!("model {scope}/{kind}/{version} can't be read: {e}"))
    })?;
    let same = card.scope == scope && card.kind == kind && card.version == version;
    if same && version > 0 {
        return Ok(card);
    }
    Err(Error::invalid(format!(
        "model {scope}/{kind}/{version}: the card says {}/{}/{}",
        card.scope, card.kind, card.version
    )))
}
