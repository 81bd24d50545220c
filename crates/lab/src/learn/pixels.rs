//! Farm days as pixels through the analyzer: windows as a camera's would be.
//!
//! Seconds that the farm does not draw (nobody in sight) have a window with the picture values of the
//! last second that was drawn and nothing in it, as the gate's quiet seconds have: `frames` 0, `quiet`
//! units, `picture_rate` 0.
//! Invariants: one analyzer a camera for all its days; windows of a day in order of time, then of camera.
//! Units: microseconds, processor seconds.

use std::io::Write;
use std::path::Path;

use flumen_analyzer::{Analyzer, Output, Settings};
use flumen_base::wire::{PacketHeader, SourcePosition, Window};
use flumen_base::{CameraId, Packet, Result};
use flumen_farm::days::{Days, PixelDay, WindowFile};
use flumen_media::nal;
use serde::Serialize;

use crate::cpu;

const SECOND_US: i64 = 1_000_000;
/// Values from activity to stay (0 to 69): 0 where nobody is.
const WHO: usize = 70;
const THINGS_NEW: usize = 52;
const PICTURE_RATE: usize = 82;
/// Units a second of the farm's days.
const RATE_HZ: u64 = 5;

/// What days of pixels cost.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct PixelCost {
    /// Seconds of camera time.
    pub seconds: f64,
    /// Pictures drawn, coded and analysed.
    pub pictures: u64,
    /// Windows written, and those of seconds that were not drawn.
    pub windows: u64,
    /// See `windows`.
    pub filled: u64,
    /// Processor seconds of drawing and coding; next to none when the cache has them.
    pub drawing_s: f64,
    /// Processor seconds of decoding and analysis.
    pub analysis_s: f64,
    /// Camera time over processor time.
    pub times_real: f64,
}

/// One camera on its way through its days.
struct Seat {
    camera: CameraId,
    analyzer: Analyzer,
    sequence: u64,
    out: Vec<Output>,
}

impl Seat {
    fn open(id: &str, days: &Days) -> Result<Seat> {
        let camera = CameraId::new(id)?;
        let settings = Settings {
            time_zone: days.spec.time_zone.clone(),
            group: days.spec.group.clone(),
            ..Settings::default()
        };
        Ok(Seat {
            analyzer: Analyzer::open(&camera, settings)?,
            camera,
            sequence: 0,
            out: Vec::new(),
        })
    }

    /// Sends a day through; its windows.
    fn day(&mut self, day: &PixelDay, last: bool) -> Result<Vec<Window>> {
        let hash = day.units.first().map_or(0, |u| nal::parameter_hash(day.spec.codec, &u.data));
        let mut windows = Vec::new();
        for unit in day.units.iter() {
            let at_us = day.span_us.0 + unit.pts_us;
            let header = PacketHeader {
                camera: self.camera.to_string(),
                epoch: 1,
                sequence: self.sequence,
                codec: day.spec.codec.into(),
                width: day.spec.width,
                height: day.spec.height,
                pts_us: at_us,
                dts_us: at_us,
                duration_us: (SECOND_US / i64::from(day.spec.frame_rate_hz)) as u32,
                key: unit.key,
                discontinuity: self.sequence == 0,
                capture_us: at_us,
                arrival_us: at_us,
                parameter_hash: hash,
                ..PacketHeader::default()
            };
            let at = SourcePosition { partition: 0, offset: self.sequence, generation: 0 };
            self.sequence += 1;
            let packet = Packet { header, data: unit.data.clone() };
            self.analyzer.process(at, &packet, &mut self.out)?;
            self.take(&mut windows);
        }
        if last {
            self.analyzer.flush(&mut self.out)?;
            self.take(&mut windows);
        }
        Ok(windows)
    }

    fn take(&mut self, windows: &mut Vec<Window>) {
        windows.extend(self.out.drain(..).filter_map(|output| match output {
            Output::Window(window) => Some(window),
            _ => None,
        }));
    }
}

/// The window of a second that was not drawn, after what was seen last.
fn quiet(last: &Window, begin_us: i64, rate_hz: u32) -> Window {
    let mut window = last.clone();
    let shift_us = begin_us - last.begin_us;
    window.begin_us = begin_us;
    window.begin_pts_us += shift_us;
    window.duration_us = SECOND_US as u32;
    (window.frames, window.units, window.quiet) = (0, rate_hz, rate_hz);
    window.covered_permille = 1000;
    for value in window.values.iter_mut().take(WHO) {
        *value = 0.0;
    }
    window.values.get_mut(PICTURE_RATE).into_iter().for_each(|v| *v = 0.0);
    window
}

/// All seconds from one to another: what was analysed, and quiet ones between.
fn filled(windows: Vec<Window>, (from, to): (i64, i64), rate_hz: u32) -> (Vec<Window>, u64) {
    let mut all: Vec<Window> = Vec::with_capacity(((to - from) / SECOND_US) as usize);
    let mut made = 0;
    for window in windows {
        let next = all.last().map_or(from, |w: &Window| w.begin_us + SECOND_US);
        fill(&mut all, next, window.begin_us, rate_hz, &mut made);
        all.push(window);
    }
    let next = all.last().map_or(to, |w| w.begin_us + SECOND_US);
    fill(&mut all, next, to, rate_hz, &mut made);
    (all, made)
}

fn fill(all: &mut Vec<Window>, from: i64, to: i64, rate_hz: u32, made: &mut u64) {
    let Some(last) = all.last().cloned() else { return };
    for begin_us in (from..to).step_by(SECOND_US as usize) {
        all.push(quiet(&last, begin_us, rate_hz));
        *made += 1;
    }
}

/// Draws, codes and analyses all days, and writes their windows; `progress` hears (camera-days done, in all).
///
/// # Errors
/// Those of the encoder, the analyzer, the cache and `out`.
pub fn pixel_windows(
    days: &mut Days,
    cache_dir: &Path,
    out: impl Write,
    progress: &mut dyn FnMut(u64, u64),
) -> Result<PixelCost> {
    let mut seats: Vec<Seat> =
        days.cameras.iter().map(|c| Seat::open(&c.id, days)).collect::<Result<_>>()?;
    let mut entries: Vec<Vec<u64>> = days.cameras.iter().map(|c| vec![0; c.hours.len()]).collect();
    let mut file = WindowFile::new(out);
    let mut cost = PixelCost::default();
    let all = u64::from(days.spec.days) * seats.len() as u64;
    for day in 0..days.spec.days {
        let mut whole: Vec<(usize, Window)> = Vec::new();
        for (index, seat) in seats.iter_mut().enumerate() {
            progress(u64::from(day) * all / u64::from(days.spec.days) + index as u64, all);
            let before = cpu::exact_us();
            let pixels = days.pixels(index, day, cache_dir, &mut |_, _| ())?;
            let drawn = cpu::exact_us();
            let mut windows = seat.day(&pixels, day + 1 == days.spec.days)?;
            // The last second of a day comes with the next day's first unit, too late.
            windows.retain(|w| w.begin_us >= pixels.span_us.0);
            cost.drawing_s += (drawn - before) / 1e6;
            cost.analysis_s += (cpu::exact_us() - drawn) / 1e6;
            cost.pictures += pixels.units.len() as u64;
            cost.seconds += (pixels.span_us.1 - pixels.span_us.0) as f64 / 1e6;
            let (windows, made) = filled(windows, pixels.span_us, pixels.spec.frame_rate_hz);
            cost.filled += made;
            whole.extend(windows.into_iter().map(|w| (index, w)));
        }
        whole.sort_by_key(|(index, w)| (w.begin_us, *index));
        for (index, window) in &mut whole {
            // As if all units had been drawn, so that each window has a number of its own.
            let second = (window.begin_us - days.span_us().0).div_euclid(SECOND_US);
            window.sequence = second.max(0) as u64 * RATE_HZ;
            count(days, &mut entries, *index, window);
            file.add(window)?;
        }
    }
    days.count(&entries);
    cost.windows = file.finish()?;
    cost.times_real = cost.seconds / (cost.drawing_s + cost.analysis_s).max(1e-6);
    Ok(cost)
}

/// Adds a window's new things to its hour.
fn count(days: &Days, entries: &mut [Vec<u64>], index: usize, window: &Window) {
    let new = window.values.get(THINGS_NEW).copied().unwrap_or(0.0) as u64;
    let hours = days.cameras.get(index).map_or(&[][..], |c| &c.hours);
    let hour = hours.partition_point(|h| h.begin_us <= window.begin_us).saturating_sub(1);
    let cell = entries.get_mut(index).and_then(|e| e.get_mut(hour));
    cell.into_iter().for_each(|e| *e += new);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn window(second: i64, things: f32) -> Window {
        let mut values = vec![7.0; 122];
        values[50] = things;
        Window { begin_us: second * SECOND_US, frames: 5, units: 5, values, ..Window::default() }
    }

    #[test]
    fn quiet_seconds_have_the_look_of_the_last_and_nobody_in_them() {
        let (all, made) = filled(
            vec![window(10, 0.0), window(11, 1.0), window(15, 0.0)],
            (10_000_000, 18_000_000),
            5,
        );
        assert_eq!((all.len(), made), (8, 5));
        assert!(all.iter().zip(10..).all(|(w, second)| w.begin_us == second * SECOND_US));
        let quiet = &all[2];
        assert_eq!((quiet.frames, quiet.quiet, quiet.covered_permille), (0, 5, 1000));
        assert_eq!((quiet.values[50], quiet.values[70], quiet.values[82]), (0.0, 7.0, 0.0));
        assert_eq!((all[5].frames, all[7].frames), (5, 0));
        assert!(filled(Vec::new(), (0, 5_000_000), 5).0.is_empty());
    }
}
