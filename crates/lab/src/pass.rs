//! One file through demuxer and analyzer, record by record, as a camera's stream would go.
//!
//! Invariants: headers are those that ingest writes for a first connection (epoch 1,
//! sequence from 0, a discontinuity first); one item a result, in the order of the results.
//! Not here: what is written about them (`analyze`), what they are compared with (`score`).

use std::path::Path;
use std::sync::mpsc::{Receiver, channel};
use std::time::Instant;

use flumen_analyzer::{Analyzer, Output, Settings, StageSink};
use flumen_base::wire::{
    Event, FrameResult, Gap, Gate, PacketHeader, Picture, Reject, SourcePosition, Window,
};
use flumen_base::{CameraId, Error, Kind, Packet, Result};
use flumen_media::{Demuxed, Demuxer, Interrupt, Open, TrackInfo, Unit};

use crate::cpu;

/// Units that may be unreadable in a row before a file is given up.
const MAX_BAD: u32 = 1000;

/// How a file is analysed.
#[derive(Clone, Debug)]
pub struct PassOptions {
    /// The camera's name in the records.
    pub camera: CameraId,
    /// Settings of the analyzer.
    pub settings: Settings,
    /// Whether frames come with their masks.
    pub masks: bool,
}

/// One result.
#[derive(Debug)]
pub enum Item {
    /// A decoded frame: its number from 1, its result, and its mask when asked for (source size, row by row, 255 = moving).
    Frame(u64, FrameResult, Option<Vec<u8>>),
    /// A frame that was not decoded.
    Skipped(FrameResult),
    /// Something happened.
    Event(Event),
    /// The picture of an event.
    Picture(Picture),
    /// One second as a vector.
    Window(Window),
    /// A span without analysis.
    Gap(Gap),
    /// An access unit that could not be used.
    Reject(Reject),
}

/// What a whole file came to.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Passed {
    /// The video track.
    pub info: TrackInfo,
    /// Video access units read.
    pub units: u64,
    /// Frames decoded and analysed.
    pub decoded: u64,
    /// Access units that could not be used.
    pub rejects: u64,
    /// Processor seconds: demuxing, decoding, analysis (Linux; elsewhere 0).
    pub cpu_s: f64,
    /// Seconds by the clock.
    pub wall_s: f64,
    /// Why reading ended before the file's end, if it did.
    pub broken: Option<String>,
}

/// Sends `file` through an analyzer; `take` hears each result and the units read so far.
///
/// # Errors
/// Those of opening the file, those of `take`, `Cancelled` by `stop`. A file that breaks
/// off is no error: `Passed::broken` tells.
pub fn pass(
    file: &Path,
    options: &PassOptions,
    stop: &Interrupt,
    take: &mut dyn FnMut(Item, u64) -> Result<()>,
) -> Result<Passed> {
    watched(file, options, None, stop, take)
}

/// As `pass`; `stages` hears what the analyzer has done.
///
/// # Errors
/// As `pass`.
pub fn watched(
    file: &Path,
    options: &PassOptions,
    stages: Option<StageSink>,
    stop: &Interrupt,
    take: &mut dyn FnMut(Item, u64) -> Result<()>,
) -> Result<Passed> {
    let (began, cpu) = (Instant::now(), cpu::thread_s());
    let mut demuxer = Demuxer::open_file(file, &Open::default(), stop)?;
    let mut run = Run::open(options)?;
    run.analyzer.on_stage(stages);
    let info = demuxer.tracks().iter().find(|t| !t.is_audio()).cloned();
    let mut passed =
        Passed { info: info.map(|i| (*i).clone()).unwrap_or_default(), ..Passed::default() };
    let mut bad = 0;
    loop {
        if stop.is_cancelled() {
            return Err(Error::cancelled(format!("analysis of {} was stopped", file.display())));
        }
        match demuxer.read() {
            Ok(Demuxed::End) => break,
            Ok(Demuxed::Unit(unit)) if unit.audio => continue,
            Ok(Demuxed::Unit(unit)) => {
                bad = 0;
                run.unit(&unit, &mut passed, take)?;
            }
            Err(e) if e.kind() == Kind::Exhausted && bad < MAX_BAD => bad += 1,
            Err(e) if e.kind() == Kind::Cancelled => return Err(e),
            Err(e) => {
                passed.broken = Some(e.to_string());
                break;
            }
        }
    }
    run.end(&mut passed, take)?;
    passed.wall_s = began.elapsed().as_secs_f64();
    passed.cpu_s = cpu.zip(cpu::thread_s()).map_or(0.0, |(a, b)| b - a);
    Ok(passed)
}

struct Run {
    camera: CameraId,
    analyzer: Analyzer,
    masks: Option<Receiver<(u64, Vec<u8>)>>,
    out: Vec<Output>,
    sequence: u64,
}

impl Run {
    fn open(options: &PassOptions) -> Result<Run> {
        let mut analyzer = Analyzer::open(&options.camera, options.settings.clone())?;
        let mut masks = None;
        if options.masks {
            // Emptied after each unit, so never longer than what one unit gives.
            let (send, receive) = channel();
            masks = Some(receive);
            analyzer.on_mask(Some(Box::new(move |result, mask| {
                let mut whole = vec![0; mask.width() * mask.height()];
                for (y, row) in whole.chunks_exact_mut(mask.width().max(1)).enumerate() {
                    mask.row(y, row);
                }
                // The receiver lives as long as the analyzer.
                let _ = send.send((result.sequence, whole));
            })));
        }
        Ok(Run { camera: options.camera.clone(), analyzer, masks, out: Vec::new(), sequence: 0 })
    }

    fn unit(
        &mut self,
        unit: &Unit,
        passed: &mut Passed,
        take: &mut dyn FnMut(Item, u64) -> Result<()>,
    ) -> Result<()> {
        passed.units += 1;
        if passed.info.width == 0 {
            passed.info = (*unit.info).clone();
        }
        let packet = Packet { header: self.header(unit), data: unit.data.clone() };
        let at = SourcePosition { partition: 0, offset: self.sequence, generation: 0 };
        self.sequence += 1;
        if let Err(error) = self.analyzer.process(at, &packet, &mut self.out) {
            let head = packet.data.slice(..packet.data.len().min(64));
            let reject = Reject {
                camera: self.camera.to_string(),
                source: Some(at),
                reason: error.to_string(),
                head,
                ..Reject::default()
            };
            self.out.push(Output::Reject(reject));
        }
        self.hand_out(passed, take)
    }

    fn header(&self, unit: &Unit) -> PacketHeader {
        let info = &unit.info;
        let capture_us = unit.capture_us.unwrap_or(unit.pts_us);
        PacketHeader {
            camera: self.camera.to_string(),
            epoch: 1,
            sequence: self.sequence,
            codec: info.codec.into(),
            width: info.width,
            height: info.height,
            pts_us: unit.pts_us,
            dts_us: unit.dts_us,
            duration_us: unit.duration_us,
            key: unit.key,
            discontinuity: self.sequence == 0,
            corrupt: unit.corrupt,
            capture_us,
            arrival_us: capture_us,
            parameter_hash: unit.parameter_hash,
            reorder_depth: info.reorder_depth.unwrap_or(0),
            ..PacketHeader::default()
        }
    }

    fn end(
        &mut self,
        passed: &mut Passed,
        take: &mut dyn FnMut(Item, u64) -> Result<()>,
    ) -> Result<()> {
        if let Err(error) = self.analyzer.flush(&mut self.out) {
            passed.broken.get_or_insert(error.to_string());
        }
        self.hand_out(passed, take)
    }

    fn hand_out(
        &mut self,
        passed: &mut Passed,
        take: &mut dyn FnMut(Item, u64) -> Result<()>,
    ) -> Result<()> {
        let mut masks: Vec<(u64, Vec<u8>)> =
            self.masks.iter().flat_map(Receiver::try_iter).collect();
        for output in self.out.drain(..) {
            let item = match output {
                Output::Frame(frame) if frame.gate() == Gate::Full => {
                    passed.decoded += 1;
                    let mask = masks
                        .iter()
                        .position(|(sequence, _)| *sequence == frame.sequence)
                        .map(|i| masks.swap_remove(i).1);
                    Item::Frame(passed.decoded, frame, mask)
                }
                Output::Frame(frame) => Item::Skipped(frame),
                Output::Event(event) => Item::Event(event),
                Output::Picture(picture) => Item::Picture(picture),
                Output::Window(window) => Item::Window(window),
                Output::Gap(gap) => Item::Gap(gap),
                // Of models; a pass over a file has none.
                Output::Insight(_) => continue,
                Output::Reject(reject) => {
                    passed.rejects += 1;
                    Item::Reject(reject)
                }
            };
            take(item, passed.units)?;
        }
        Ok(())
    }
}
