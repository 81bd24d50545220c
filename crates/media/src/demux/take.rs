//! From packets of the container to units that wait to be read.

use std::sync::Arc;
use std::time::Instant;

use ffmpeg::ffi;
use flumen_base::{Error, Result};

use super::Demuxer;
use super::input::Got;
use super::timing::{Times, Unwrap};
use super::track::{Track, sound_us};
use crate::av::MICROS;
use crate::open::Limits;
use crate::unit::{TrackInfo, Unit};

/// Reads without a unit in a row after which an input is given up as damaged.
const MAX_GARBAGE: u32 = 1000;
/// First pictures without stamps that wait for the first one with.
const MAX_EARLY: usize = 4;

/// What the container says of a packet's time, in microseconds.
struct Stamps {
    pts: Option<i64>,
    dts: Option<i64>,
    lasts: Option<i64>,
}

impl Stamps {
    /// The time of arrival, for inputs without any.
    fn arrived(since: Instant) -> Stamps {
        let now = i64::try_from(since.elapsed().as_micros()).ok();
        Stamps { pts: now, dts: now, lasts: None }
    }
}

impl Demuxer {
    /// Reads until a unit waits or the input ends; false at the end.
    pub(super) fn fill(&mut self) -> Result<bool> {
        let tries = if self.given_up { 0 } else { MAX_GARBAGE };
        for _ in 0..tries {
            match self.input.read(&mut self.packet)? {
                Got::End => return Ok(false),
                Got::Garbage => continue,
                Got::Packet => {}
            }
            if self.input.streams().len() > self.seen {
                self.select();
            }
            let before = self.waiting.len();
            self.take_packet()?;
            if self.waiting.len() > before {
                return Ok(true);
            }
        }
        self.given_up = true; // trying on would only spin
        Err(Error::data_loss("the input goes on but no picture can be found in it"))
    }

    /// Makes a unit of the packet just read.
    fn take_packet(&mut self) -> Result<()> {
        let packet = self.packet.get();
        let index = usize::try_from(packet.stream_index).unwrap_or(usize::MAX);
        let Some(&stream) = self.input.streams().get(index) else { return Ok(()) };
        let (base, bits) = (stream.time_base, stream.pts_wrap_bits.unsigned_abs());
        let Some(track) = chosen(&mut self.video, &mut self.audio, index) else { return Ok(()) };
        if packet.size.max(0) as usize > self.limits.max_unit_bytes {
            return Err(Error::exhausted(format!("an access unit of {} bytes", packet.size)));
        }
        if let Some(extradata) = self.packet.side_data(ffi::AVPacketSideDataType::NEW_EXTRADATA) {
            track.new_extradata(extradata);
        }
        let before = track.info.clone();
        let key_flag = packet.flags & ffi::AV_PKT_FLAG_KEY != 0;
        let Some(converted) = track.convert(self.packet.data(), key_flag)? else {
            return Ok(());
        };
        let info = track.info.clone();
        within(&self.limits, &info)?;
        let mut stamps = stamps(packet, &mut self.unwrap, (base, bits));
        if let Some(since) = self.arrival {
            stamps = Stamps::arrived(since);
        }
        if info.is_audio() {
            stamps.lasts = sound_us(&info, &converted.data).or(stamps.lasts);
        }
        let changed = !Arc::ptr_eq(&before, &info);
        let unit = Unit {
            audio: info.is_audio(),
            info,
            pts_us: 0,
            dts_us: 0,
            duration_us: 0,
            key: converted.key,
            corrupt: packet.flags & ffi::AV_PKT_FLAG_CORRUPT != 0,
            data: converted.data,
            parameter_hash: converted.parameter_hash,
            capture_us: None,
        };
        if changed {
            self.list_tracks();
        }
        self.put(unit, stamps, index);
        Ok(())
    }

    /// Gives the unit its times and lets it wait to be taken.
    fn put(&mut self, mut unit: Unit, stamps: Stamps, index: usize) {
        let Some(track) = chosen(&mut self.video, &mut self.audio, index) else { return };
        let bare = stamps.pts.is_none() && stamps.dts.is_none();
        let early = bare && !unit.audio && self.has_stamps && track.timing.is_fresh();
        if early && self.early.len() < MAX_EARLY {
            self.early.push(unit);
            return;
        }
        if !unit.audio && !self.early.is_empty() {
            self.release(stamps.dts.or(stamps.pts).unwrap_or(0));
        }
        let Some(track) = chosen(&mut self.video, &mut self.audio, index) else { return };
        set_times(&mut unit, track.timing.stamp(stamps.pts, stamps.dts, stamps.lasts));
        self.capture.learn(
            unit.audio,
            stamps.pts,
            self.packet.side_data(ffi::AVPacketSideDataType::PRFT),
            self.input.start_time_realtime(),
        );
        unit.capture_us = self.capture.at(unit.audio, unit.pts_us);
        self.waiting.push_back(unit);
    }

    /// Gives the pictures that came without stamps the times before `next_us`.
    ///
    /// libavformat hands out the first picture of an RTSP session without its stamp.
    pub(super) fn release(&mut self, next_us: i64) {
        let Some((_, track)) = &mut self.video else { return };
        let usual = track.timing.usual_us();
        let count = self.early.len() as i64; // at most MAX_EARLY
        for (mut unit, n) in self.early.drain(..).zip(0i64..) {
            let at = next_us.saturating_sub((count - n) * usual);
            set_times(&mut unit, track.timing.stamp(Some(at), Some(at), None));
            self.waiting.push_back(unit);
        }
    }
}

fn stamps(packet: &ffi::AVPacket, unwrap: &mut Unwrap, clock: (ffi::AVRational, u32)) -> Stamps {
    let (base, bits) = clock;
    let [pts, dts] = [packet.pts, packet.dts]
        .map(|t| (t != ffi::AV_NOPTS_VALUE).then(|| micros(unwrap.ticks(t, bits), base)));
    let lasts = (packet.duration > 0).then(|| micros(packet.duration, base));
    Stamps { pts, dts, lasts }
}

fn set_times(unit: &mut Unit, times: Times) {
    unit.pts_us = times.pts_us;
    unit.dts_us = times.dts_us;
    unit.duration_us = times.duration_us;
}

/// The selected track that is stream `index` of the container.
fn chosen<'a>(
    video: &'a mut Option<(usize, Track)>,
    audio: &'a mut Option<(usize, Track)>,
    index: usize,
) -> Option<&'a mut Track> {
    let track = [video, audio].into_iter().flatten().find(|(at, _)| *at == index)?;
    Some(&mut track.1)
}

pub(super) fn within(limits: &Limits, info: &TrackInfo) -> Result<()> {
    if limits.allows(info.width, info.height) {
        return Ok(());
    }
    Err(Error::exhausted(format!(
        "pictures of {}x{} are above the limits",
        info.width, info.height
    )))
}

/// Ticks of a time base in microseconds.
fn micros(ticks: i64, base: ffi::AVRational) -> i64 {
    if base.num <= 0 || base.den <= 0 {
        return ticks;
    }
    // SAFETY: plain arithmetic on positive time bases.
    unsafe { ffi::av_rescale_q(ticks, base, MICROS) }
}
