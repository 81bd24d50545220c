//! Records of `flumen.video` into segments: when a file begins and when it ends.
//!
//! Invariants: units of one line (camera, stream, epoch) are taken in order of offsets, those
//! that a row covers are skipped; the mark written with each row is the lowest offset that no
//! row holds and some file still needs; so after a kill at any step the same units make the
//! same files, no unit twice and none left out.
//! Of a line every sequence number is taken once: a bus may repeat records after a restart, and
//! may be replaced by one that holds copies of them.
//! Units before the first key frame of a line, or behind a hole of more than `HOLE_US` until
//! the next key frame, can't be shown and are left out (counted in `skipped`).
//! Not here: threads, retrying (`archive`), bytes of a file (`segment`), rows (`file`).

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::Arc;

use flumen_base::wire::{Marker, PacketHeader, SourcePosition, Stream};
use flumen_base::{Error, Result, topic};
use flumen_bus::{Bus, Delivered, Polled};
use flumen_media::TrackInfo;
use prost::Message;
use rusqlite::Connection;

use crate::config::ArchiveConfig;
use crate::db::{self, Mark};
use crate::join::{Joiner, Line};
use crate::roles::Roles;
use crate::rows::{self, Covered};
use crate::segment::Open;
use crate::store::Store;
use crate::unit::Unit;

/// A stream that stood still longer than this ends its file, unless its frames last longer.
pub(crate) const HOLE_US: i64 = 1_000_000;
const HOUR_US: i64 = 3_600_000_000;
/// Pieces of sound that wait for their picture: about two seconds.
const EARLY: usize = 100;

/// What is known of a line besides its open file.
#[derive(Default)]
pub(crate) struct Known {
    /// What rows hold.
    covered: Covered,
    /// The newest sequence numbers that were taken in this run, of the picture and its sound.
    newest: [Option<u64>; 2],
    audio: Option<TrackInfo>,
    /// A file of it was begun in this run.
    begun: bool,
    /// Sound that came before its picture, for the file that is to come.
    early: VecDeque<Unit>,
}

/// The recording of `flumen.video`.
pub(crate) struct Recorder {
    pub(crate) bus: Arc<dyn Bus>,
    pub(crate) store: Arc<dyn Store>,
    pub(crate) conn: Connection,
    pub(crate) roles: Roles,
    pub(crate) open: BTreeMap<Line, Open>,
    pub(crate) marks: BTreeMap<u32, Mark>,
    /// Camera and stream -> end of what was recorded before the log lost records.
    pub(crate) lost: HashMap<(String, i32), i64>,
    pub(crate) highest: HashMap<(String, i32), u64>,
    /// Units that could not be shown and are in no file.
    pub(crate) skipped: u64,
    pub(crate) filed: u64,
    pub(crate) filed_bytes: u64,
    pub(crate) known: HashMap<Line, Known>,
    pub(crate) joiner: Joiner,
    segment_us: i64,
    pub(crate) clock_us: i64,
    pub(crate) written: BTreeMap<u32, u64>,
    /// Era of partitions that were never read.
    pub(crate) era: u32,
    /// After a database was made anew: where each camera's rows begin. What is older was
    /// removed by its age, though the log may still have it.
    pub(crate) floors_us: HashMap<String, i64>,
}

impl Recorder {
    /// Opens the database, clears what a kill left, and knows where to go on.
    pub(crate) fn open(
        bus: Arc<dyn Bus>,
        store: Arc<dyn Store>,
        config: &ArchiveConfig,
    ) -> Result<Recorder> {
        let conn = db::open(&config.dir)?;
        let mut roles = Roles::default();
        roles.refresh(bus.as_ref())?;
        let mut recorder = Recorder {
            bus,
            store,
            conn,
            roles,
            open: BTreeMap::new(),
            marks: BTreeMap::new(),
            lost: HashMap::new(),
            highest: HashMap::new(),
            skipped: 0,
            filed: 0,
            filed_bytes: 0,
            known: HashMap::new(),
            joiner: Joiner::default(),
            segment_us: i64::try_from(config.segment_max.as_micros()).unwrap_or(i64::MAX),
            clock_us: i64::MIN,
            written: BTreeMap::new(),
            era: 0,
            floors_us: HashMap::new(),
        };
        recorder.recover()?;
        Ok(recorder)
    }

    /// Offsets from which `flumen.video` is to be read.
    pub(crate) fn from(&self) -> Vec<(u32, u64)> {
        self.marks.values().map(|m| (m.partition, m.next)).collect()
    }

    /// Takes what the bus told.
    pub(crate) fn take(&mut self, polled: Polled) -> Result<()> {
        match polled {
            Polled::Record(delivered) => self.record(delivered),
            Polled::Expired { partition, from, to, .. } => self.lose(
                partition,
                to,
                format!("records {from}..{to} expired before they were recorded"),
            ),
            Polled::Damaged { partition, from, to, .. } => {
                self.lose(partition, to, format!("records {from}..{to} of the log are damaged"))
            }
        }
    }

    fn record(&mut self, delivered: Delivered) -> Result<()> {
        let at = delivered.position;
        let mark = self.mark(at.partition);
        mark.generation = at.generation;
        mark.next = at.offset + 1;
        let header = delivered.record.header(topic::PACKET_HEADER);
        let Some(Ok(header)) = header.map(|h| PacketHeader::decode(h.clone())) else {
            self.skipped += 1;
            tracing::warn!(
                partition = at.partition,
                offset = at.offset,
                "a record of flumen.video has no header that can be read"
            );
            return Ok(());
        };
        if !header.has_possible_times() {
            self.skipped += 1;
            tracing::warn!(
                partition = at.partition,
                offset = at.offset,
                "a record of flumen.video is from an impossible time; it is not recorded"
            );
            return Ok(());
        }
        self.clock_us = self.clock_us.max(header.arrival_us);
        let place =
            |offset| SourcePosition { partition: at.partition, offset, generation: at.generation };
        if !self.roles.records(&header.camera, header.stream())
            || self.covers(&header, at.partition, at.offset)?
        {
            return Ok(());
        }
        if header.marker() != Marker::None {
            return self.marker(&header, place(at.offset));
        }
        if let Some((first, data)) =
            self.joiner.take((at.partition, at.offset), &header, delivered.record.value)
        {
            return self.unit(Unit { header, data, first: place(first), last: place(at.offset) });
        }
        Ok(())
    }

    /// The partition's mark; `next` is the reader's place, not yet the one that is stored.
    pub(crate) fn mark(&mut self, partition: u32) -> &mut Mark {
        let era = self.era;
        self.marks.entry(partition).or_insert(Mark { partition, next: 0, generation: 0, era })
    }

    /// The line whose rows hold a unit: sound lies in its carrier's files.
    fn line(&self, header: &PacketHeader) -> Line {
        let mut line = Line::of(header);
        if header.stream() == Stream::Audio {
            line.stream = self.roles.carrier(&header.camera).into();
        }
        line
    }

    fn covers(&mut self, header: &PacketHeader, partition: u32, offset: u64) -> Result<bool> {
        let line = self.line(header);
        let known = match self.known.get(&line) {
            Some(known) => known.covered,
            None => {
                let era = self.mark(partition).era;
                let covered = rows::covered(
                    &self.conn,
                    era,
                    partition,
                    (&line.camera, line.stream, line.epoch),
                )?;
                self.known.insert(line.clone(), Known { covered, ..Known::default() });
                let highest = self.highest.entry((line.camera, line.stream)).or_default();
                *highest = (*highest).max(line.epoch);
                covered
            }
        };
        if known.offset.is_some_and(|last| offset <= last) {
            return Ok(true);
        }
        if header.marker() != Marker::None {
            return Ok(false); // it may end a file that is open
        }
        let copied = known.elsewhere.is_some_and(|(last, end_us)| {
            let before = header.pts_us <= end_us.saturating_add(HOLE_US);
            // Sound counts for itself, so only its time can be held against the picture's rows.
            before && (header.stream() == Stream::Audio || header.sequence <= last)
        });
        let expired = self.floors_us.get(&header.camera).is_some_and(|&us| header.pts_us < us);
        Ok(copied || expired)
    }

    /// True when a unit of this sequence number was taken before in this run.
    fn is_repeat(&mut self, line: &Line, header: &PacketHeader) -> bool {
        let Some(known) = self.known.get_mut(line) else { return false };
        let [picture, sound] = &mut known.newest;
        let newest = if header.stream() == Stream::Audio { sound } else { picture };
        let repeat = newest.is_some_and(|newest| header.sequence <= newest);
        *newest = (*newest).max(Some(header.sequence));
        repeat
    }

    fn marker(&mut self, header: &PacketHeader, at: SourcePosition) -> Result<()> {
        if header.marker() == Marker::EndOfStream {
            let line = self.line(header);
            self.joiner.forget(&Line::of(header));
            self.end(&line, None, at.offset + 1)?;
        }
        Ok(())
    }

    fn unit(&mut self, unit: Unit) -> Result<()> {
        let line = self.line(&unit.header);
        if self.is_repeat(&line, &unit.header) {
            return Ok(());
        }
        if unit.header.stream() == Stream::Audio {
            match self.open.get_mut(&line) {
                Some(open) => open.sound(&unit),
                None => {
                    let known = self.known.entry(line).or_default();
                    known.audio = Some(unit.info());
                    known.early.push_back(unit);
                    if known.early.len() > EARLY {
                        known.early.pop_front();
                    }
                }
            }
            return Ok(());
        }
        let before = unit.first.offset;
        match self.open.get(&line).map(|open| self.step(open, &unit)) {
            Some(Step::Add) => return self.add(&line, &unit),
            Some(Step::Turn) => self.end(&line, Some(unit.header.dts_us), before)?,
            Some(Step::Hole) => self.end(&line, None, before)?,
            None => {}
        }
        if !unit.header.key {
            self.skipped += 1;
            return Ok(());
        }
        self.begin(line, unit)
    }

    fn add(&mut self, line: &Line, unit: &Unit) -> Result<()> {
        match self.open.get_mut(line) {
            Some(open) => {
                open.arrival_us = self.clock_us;
                open.video(unit)
            }
            None => Ok(()),
        }
    }

    fn begin(&mut self, line: Line, unit: Unit) -> Result<()> {
        let known = self.known.get(&line);
        let audio = known.and_then(|k| k.audio.clone());
        let patient = known.is_none_or(|k| !k.begun && k.covered == Covered::default());
        match Open::begin(self.store.as_ref(), &unit, audio, patient) {
            Ok(mut open) => {
                open.arrival_us = self.clock_us;
                for sound in self
                    .known
                    .get_mut(&line)
                    .map(|k| std::mem::take(&mut k.early))
                    .unwrap_or_default()
                {
                    open.early(&sound);
                }
                self.note_loss(&unit)?;
                self.open.insert(line, open);
                Ok(())
            }
            Err(e)
                if matches!(
                    e.kind(),
                    flumen_base::Kind::Invalid | flumen_base::Kind::Unsupported
                ) =>
            {
                self.skipped += 1;
                tracing::warn!(
                    camera = line.camera,
                    offset = unit.first.offset,
                    "a key frame can't be recorded: {e}"
                );
                Ok(())
            }
            Err(e) => Err(e),
        }
    }

    /// What a unit means for the file that its line has open.
    fn step(&self, open: &Open, unit: &Unit) -> Step {
        let (h, head) = (&unit.header, open.head());
        let (sequence, dts_us, own_us) = open.newest();
        let stood_us = h.dts_us.saturating_sub(dts_us);
        // A file can hold no picture that lasts longer than an hour.
        if stood_us > HOLE_US.max(3 * own_us).min(HOUR_US) || stood_us < -HOLE_US {
            return Step::Hole;
        }
        if (h.codec, h.width, h.height) != (head.codec, head.width, head.height) {
            return Step::Hole;
        }
        let old = h.dts_us.saturating_sub(open.first_dts_us()) >= self.segment_us;
        let other = h.parameter_hash != head.parameter_hash || open.audio_late;
        match h.key && (old || other || h.discontinuity) {
            true if h.sequence == sequence + 1 && !h.discontinuity => Step::Turn,
            true => Step::Hole,
            false => Step::Add,
        }
    }

    /// Closes a line's file and writes its row; `resume` is the first offset behind it.
    pub(crate) fn end(&mut self, line: &Line, next_dts_us: Option<i64>, resume: u64) -> Result<()> {
        let Some(open) = self.open.remove(line) else { return Ok(()) };
        let (partition, audio) = (open.first.partition, open.audio.clone());
        let closed = open.close(self.store.as_ref(), next_dts_us)?;
        let mark = self.low(partition, Some(resume));
        let last = closed.segment.last.map(|l| l.offset);
        self.file(closed, mark)?;
        let before = self.known.get(line);
        let newest = before.map_or([None; 2], |k| k.newest);
        let covered = Covered { offset: last, elsewhere: before.and_then(|k| k.covered.elsewhere) };
        self.known.insert(
            line.clone(),
            Known { covered, newest, audio, begun: true, early: VecDeque::new() },
        );
        Ok(())
    }

    /// The mark as it can be stored: nothing at or above it is in a row or dispensable.
    pub(crate) fn low(&mut self, partition: u32, resume: Option<u64>) -> Mark {
        let needed = self
            .open
            .values()
            .map(|o| o.first)
            .filter(|f| f.partition == partition)
            .map(|f| f.offset)
            .min();
        let early = self.known.values().filter_map(|k| k.early.front()).map(|u| u.first);
        let early = early.filter(|f| f.partition == partition).map(|f| f.offset).min();
        let parts = self.joiner.lowest(partition);
        let mark = *self.mark(partition);
        let next = [Some(mark.next), needed, parts, early, resume]
            .into_iter()
            .flatten()
            .min()
            .unwrap_or(mark.next);
        Mark { next, ..mark }
    }
}

enum Step {
    /// It belongs into the file.
    Add,
    /// It begins the next file; the old one lasts until it.
    Turn,
    /// The old file ends by itself, before a hole.
    Hole,
}

/// The error for a mark that is ahead of its log.
pub(crate) fn replaced(mark: &Mark, next: u64) -> Error {
    Error::data_loss(format!(
        "{} partition {} ends at {next}, the archive has read {}: the log was replaced; its records are taken as new",
        topic::VIDEO,
        mark.partition,
        mark.next
    ))
}
