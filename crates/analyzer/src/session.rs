//! One camera as every engine hosts it: records in, named records out.
//!
//! Invariants: what comes out depends on the records, on the versions of the camera's record and
//! on two orders of the host that stand in the results (`shed`, and groups that crashed the
//! process); nothing that a record holds stops a session, a panic of the analysis included; a
//! restored session goes on as the one that was saved.
//! Not here: where records come from, what is durable, who is shed (`runtime`, Flink).

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use bytes::Bytes;
use flumen_base::wire::{Camera, PacketHeader, SourcePosition, Stream};
use flumen_base::{CameraId, Packet};

use crate::cards::{Cards, Change};
use crate::engine::{Analyzers, Engine, Engines};
use crate::meta::is_sane;
use crate::notes::{Hand, RESTORING, Unit};
use crate::refuse::{crash_gap, read_header, reject, shed_frame};
use crate::{Models, Named, Output};

/// The analysis of one camera with all its rules.
pub struct Session {
    pub(crate) camera: CameraId,
    key: Bytes,
    engines: Arc<dyn Engines>,
    pub(crate) engine: Option<Box<dyn Engine>>,
    /// The engine's snapshot, as long as no record has asked for the engine.
    pub(crate) saved: Bytes,
    pub(crate) cards: Cards,
    /// Key frame of the open group: epoch, sequence.
    pub(crate) group: (u64, u64),
    ordered_shed: bool,
    /// Units are left out until a key frame that is not.
    pub(crate) shed: bool,
    /// Since when a group that crashed the process is left out.
    pub(crate) rejected_us: Option<i64>,
    /// No engine until the next key frame.
    pub(crate) wait_key: bool,
    /// Arrival of the last record.
    pub(crate) arrival_us: i64,
    models: Option<Arc<Models>>,
    /// Revision of the models that the engine has; none = it has seen none.
    learned: Option<u64>,
    hand: Option<Arc<Hand>>,
    problem: Option<String>,
    made: Vec<Output>,
}

/// What became of a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Taken {
    /// The analyzer had it.
    Analysed,
    /// Left out by order of the host.
    Shed,
    /// Another stream, or nothing that can be used.
    Other,
}

/// A record and where it was read.
struct Read {
    at: SourcePosition,
    packet: Packet,
    key: bool,
}

impl Session {
    /// A session that has seen nothing; `record` is the version in force, none = defaults.
    pub fn open(camera: &CameraId, record: Option<&Camera>) -> Session {
        Session {
            camera: camera.clone(),
            key: Bytes::copy_from_slice(camera.as_str().as_bytes()),
            engines: Arc::new(Analyzers),
            engine: None,
            saved: Bytes::new(),
            cards: Cards::new(record.cloned().unwrap_or_default()),
            group: (0, 0),
            ordered_shed: false,
            shed: false,
            rejected_us: None,
            wait_key: false,
            arrival_us: 0,
            models: None,
            learned: None,
            hand: None,
            problem: None,
            made: Vec::new(),
        }
    }

    /// The same session with engines of another make.
    pub fn with_engines(mut self, engines: Arc<dyn Engines>) -> Session {
        self.engines = engines;
        self
    }

    /// Takes learned models from this table from now on.
    pub fn follow_models(&mut self, models: Arc<Models>) {
        self.models = Some(models);
        self.learned = None;
    }

    /// A newer version of the camera's record; it counts from its `effective_us` on.
    ///
    /// Versions that are known, and other cameras' records, change nothing.
    pub fn card(&mut self, record: &Camera) {
        if record.id == self.camera.as_str() || record.id.is_empty() {
            self.cards.take(record);
        }
    }

    /// The newest version that `card` or `open` gave.
    pub fn newest_card(&self) -> u64 {
        self.cards.newest()
    }

    /// The version in force.
    pub fn card_in_force(&self) -> &Camera {
        &self.cards.in_force
    }

    /// The host's order to leave out the next unit, and those after it until a key frame for
    /// which it is not given again. What is left out is said in a result.
    pub fn shed(&mut self, on: bool) {
        self.ordered_shed = on;
    }

    /// From now on units are noted before they are decoded; none = no notes.
    pub fn guard(&mut self, hand: Option<Arc<Hand>>) {
        self.hand = hand;
    }

    /// What is wrong, or was since the last key frame, for a person; not part of any answer.
    pub fn problem(&self) -> Option<&str> {
        self.problem.as_deref()
    }

    /// Takes a record of `flumen.video` as bytes: the header `h`, if there is one, and the value.
    ///
    /// A record that can't be used gives a record of `flumen.rejects`; it carries the arrival
    /// time of the record before it, 0 when there was none.
    pub fn record(
        &mut self,
        at: SourcePosition,
        header: Option<&[u8]>,
        data: Bytes,
        out: &mut Vec<Named>,
    ) -> Taken {
        match read_header(header) {
            Ok(header) => self.process(at, header, data, out),
            Err(e) => {
                self.made.push(reject(self.camera.as_str(), at, &data, e.to_string()));
                self.name(out);
                Taken::Other
            }
        }
    }

    /// Takes a record of `flumen.video` and adds what follows from it to `out`.
    pub fn process(
        &mut self,
        at: SourcePosition,
        header: PacketHeader,
        data: Bytes,
        out: &mut Vec<Named>,
    ) -> Taken {
        let key = header.key && header.part == 0 && header.marker == 0;
        let read = Read { at, packet: Packet { header, data }, key };
        let ordered = std::mem::take(&mut self.ordered_shed);
        let taken = self.take(&read, ordered);
        self.name(out);
        taken
    }

    fn take(&mut self, read: &Read, ordered: bool) -> Taken {
        let header = &read.packet.header;
        if header.camera != self.camera.as_str() {
            let whose: String = header.camera.chars().take(80).collect();
            let why =
                format!("a packet of camera {whose:?} came to the analyzer of {}", self.camera);
            self.reject(read, why);
            return Taken::Other;
        }
        if read.key {
            self.problem = None; // what lasts is found again
        }
        if is_sane(header.arrival_us) {
            self.arrival_us = header.arrival_us;
            self.follow();
        }
        if header.stream() == Stream::Audio || self.cards.stream() != Some(header.stream()) {
            return Taken::Other;
        }
        if read.key {
            self.group = (header.epoch, header.sequence);
            self.wait_key = false;
        }
        if self.crashed(read) || self.wait_key {
            return Taken::Other;
        }
        self.shed = header.marker == 0 && (ordered || (self.shed && !read.key));
        if self.shed && header.part + 1 >= header.parts.max(1) {
            let left_out = shed_frame(read.at, header, &self.cards.in_force);
            self.made.push(Output::Frame(left_out));
        }
        self.feed(read)
    }

    /// Puts the versions into force that count from the last record's arrival on.
    fn follow(&mut self) {
        match self.cards.follow(self.arrival_us) {
            Change::None => {}
            // Another stream: another scene at another size.
            Change::Stream => self.begin_anew(),
            Change::Policy => {
                self.learned = None; // perhaps another group
                self.announce();
            }
        }
    }

    fn announce(&mut self) {
        if let Some(engine) = &mut self.engine
            && let Err(e) = engine.announce(&self.cards.in_force)
        {
            self.problem =
                Some(format!("version {} is not taken: {e}", self.cards.in_force.version));
        }
    }

    fn begin_anew(&mut self) {
        self.engine = None;
        self.saved = Bytes::new();
        self.wait_key = true;
    }

    /// True for a unit of a group that was in hand at too many crashes.
    fn crashed(&mut self, read: &Read) -> bool {
        let header = &read.packet.header;
        let rejects =
            self.hand.as_ref().is_some_and(|hand| hand.rejects(self.camera.as_str(), self.group))
                && header.epoch == self.group.0;
        if rejects && self.engine.is_none() {
            self.saved = Bytes::new(); // it holds units of the very group
        }
        match (rejects, self.rejected_us) {
            (true, None) => {
                self.rejected_us = Some(header.pts_us);
                let why =
                    "this group of pictures was in hand at two crashes and is not decoded any more";
                self.reject(read, why.to_owned());
            }
            (false, Some(start_us)) => {
                self.rejected_us = None;
                self.made.push(crash_gap(self.camera.as_str(), start_us, header.pts_us));
            }
            _ => {}
        }
        rejects
    }

    fn feed(&mut self, read: &Read) -> Taken {
        let mut made = std::mem::take(&mut self.made);
        let before = made.len();
        let fed = catch_unwind(AssertUnwindSafe(|| {
            if self.engine.is_none() {
                self.note(Some(RESTORING));
                self.begin();
            }
            self.learn();
            self.note(Some(read.packet.header.sequence));
            let shed = self.shed;
            let engine = self.engine.as_mut()?;
            engine.shed(shed);
            Some(engine.process(read.at, &read.packet, &mut made))
        }));
        if fed.is_err() {
            made.truncate(before); // half of a unit's results
        }
        self.made = made;
        self.note(None);
        match fed {
            Ok(None) => return Taken::Other,
            Ok(Some(Ok(()))) => {}
            Ok(Some(Err(e))) => self.reject(read, e.to_string()),
            Err(_) => {
                let why =
                    "the analyzer panicked at this unit; it begins anew at the next key frame";
                self.reject(read, why.to_owned());
                self.problem = Some("the analyzer panicked".into());
                self.begin_anew();
            }
        }
        if self.shed { Taken::Shed } else { Taken::Analysed }
    }

    /// Gives the engine what changed of the models.
    fn learn(&mut self) {
        let (Some(models), Some(engine)) = (&self.models, &mut self.engine) else { return };
        let revision = models.revision();
        if self.learned == Some(revision) {
            return;
        }
        let group = &self.cards.in_force.group;
        let given = models.since(self.learned.unwrap_or(0), self.camera.as_str(), group);
        if given.is_none_or(|given| engine.learn(&given)) {
            self.learned = Some(revision);
        }
    }

    /// Makes the engine that is needed; says why there is none.
    fn begin(&mut self) {
        self.problem = None;
        self.learned = None;
        let saved = std::mem::take(&mut self.saved);
        if !saved.is_empty() {
            match self.engines.restore(&self.camera, self.cards.settings(), &saved) {
                Ok(engine) => {
                    self.problem = engine.begun_anew();
                    self.engine = Some(engine);
                    return self.announce();
                }
                Err(e) => {
                    self.problem =
                        Some(format!("its state can't be restored, it begins anew: {e}"));
                }
            }
        }
        match self.engines.open(&self.camera, self.cards.settings()) {
            Ok(engine) => self.engine = Some(engine),
            Err(e) => {
                self.problem = Some(e.to_string());
                self.begin_anew();
            }
        }
    }

    fn note(&mut self, sequence: Option<u64>) {
        let Some(hand) = &self.hand else { return };
        let camera = self.camera.as_str();
        let unit = sequence.map(|sequence| Unit { camera, group: self.group, sequence });
        if let Err(e) = hand.note(unit) {
            // The analysis matters more than its notes.
            self.problem = Some(e.to_string());
        }
    }

    fn reject(&mut self, read: &Read, reason: String) {
        self.made.push(reject(self.camera.as_str(), read.at, &read.packet.data, reason));
    }

    fn name(&mut self, out: &mut Vec<Named>) {
        let (key, arrival_us) = (&self.key, self.arrival_us);
        out.extend(self.made.drain(..).map(|output| Named::of(&output, key, arrival_us)));
    }
}
