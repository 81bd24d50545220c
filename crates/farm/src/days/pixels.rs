//! A camera's day as coded pictures, 320x180 at 5 a second: what moves is drawn, quiet is thinned.
//!
//! Drawn is every picture from 4 s before somebody comes into sight until 6 s after nobody is, and of
//! each half minute of quiet the first 2 s; the seconds between have no picture and no unit. Two
//! stretches less than 10 s apart are one.
//! Invariants: stretches begin and end at whole seconds; each begins with a key picture; units carry
//! the true time of the day. What was made once is read from the cache.
//! Units: microseconds; `ClipUnit` times count from the day's begin.

use std::path::Path;
use std::sync::Arc;

use flumen_base::{Context, Error, Result};

use crate::days::Days;
use crate::days::camera::CameraDays;
use crate::days::clock::LocalClock;
use crate::days::drift::Failing;
use crate::days::paint::Painter;
use crate::math::Chance;
use crate::{ClipUnit, SceneSpec, cache, clip};

const SECOND_US: i64 = 1_000_000;
/// Pictures a second, and from key to key.
pub(crate) const RATE_HZ: u32 = 5;
const GOP: u32 = 10;
const BEFORE_US: i64 = 4 * SECOND_US;
const AFTER_US: i64 = 6 * SECOND_US;
const APART_US: i64 = 10 * SECOND_US;
/// Of each so long a quiet time so much is drawn.
const QUIET_US: i64 = 30 * SECOND_US;
const LOOK_US: i64 = 2 * SECOND_US;
/// Grows whenever days look different, so that old files are not used.
const VERSION: u32 = 1;

/// One camera's day in coded pictures.
#[derive(Clone, Debug)]
pub struct PixelDay {
    /// When the day begins and ends.
    pub span_us: (i64, i64),
    /// Its access units; times from the day's begin.
    pub units: Arc<Vec<ClipUnit>>,
    /// How pictures look and are coded.
    pub spec: SceneSpec,
}

impl Days {
    /// Day `day` of camera `index` as coded pictures, from the cache when it is there;
    /// `progress` hears (pictures done, pictures in all).
    ///
    /// # Errors
    /// `NotFound` when there is no such camera, `Unsupported` without an encoder, I/O errors.
    pub fn pixels(
        &self,
        index: usize,
        day: u32,
        cache_dir: &Path,
        progress: &mut dyn FnMut(u64, u64),
    ) -> Result<PixelDay> {
        let camera = self
            .cameras
            .get(index)
            .ok_or_else(|| Error::not_found(format!("farm days: there is no camera {index}")))?;
        let clock = LocalClock::new(&self.spec.time_zone)?;
        let span_us = (
            clock.midnight_us(&self.spec.from, day)?,
            clock.midnight_us(&self.spec.from, day + 1)?,
        );
        let spec = SceneSpec {
            width: 320,
            height: 180,
            frame_rate_hz: RATE_HZ,
            gop: GOP,
            ..SceneSpec::new(camera.kind, camera.scene_seed)
        };
        let name = format!("{:?} {:?} {index} {day} {VERSION}", self.spec, crate::days::DIMENSIONS);
        let path = cache_dir.join(format!(
            "{}-{day:03}-{:08x}.clip",
            camera.id,
            crc32c::crc32c(name.as_bytes())
        ));
        let units = match cache::read(&path, &spec) {
            Ok(units) => units,
            Err(_) => {
                std::fs::create_dir_all(cache_dir)
                    .context(format!("make {}", cache_dir.display()))?;
                let seed = self.noise_seed(index as u64) as i32;
                let units = draw(camera, &spec, (span_us, seed), progress)?;
                cache::write(&path, &spec, &units)?;
                units
            }
        };
        Ok(PixelDay { span_us, units: Arc::new(units), spec })
    }
}

/// The stretches of a span that are drawn, in whole seconds.
fn stretches(camera: &CameraDays, (from, to): (i64, i64)) -> Vec<(i64, i64)> {
    let whole = |at: i64| (at - from).div_euclid(SECOND_US) * SECOND_US + from;
    let mut spans: Vec<(i64, i64)> = camera
        .visits
        .iter()
        .filter(|v| v.end_us() > from && v.start_us < to)
        .filter_map(|v| v.in_sight_us(&camera.eye))
        .map(|(a, b)| (whole(a - BEFORE_US).max(from), whole(b + AFTER_US).min(to)))
        .collect();
    let quiet = (from..to).step_by(QUIET_US as usize);
    spans.extend(quiet.map(|at| (at, (at + LOOK_US).min(to))));
    spans.retain(|(a, b)| a < b);
    spans.sort_unstable();
    let mut joined: Vec<(i64, i64)> = Vec::new();
    for span in spans {
        match joined.last_mut() {
            Some(last) if span.0 - last.1 < APART_US => last.1 = last.1.max(span.1),
            _ => joined.push(span),
        }
    }
    joined
}

/// Draws and codes a span.
fn draw(
    camera: &CameraDays,
    spec: &SceneSpec,
    (span_us, seed): ((i64, i64), i32),
    progress: &mut dyn FnMut(u64, u64),
) -> Result<Vec<ClipUnit>> {
    let stretches = stretches(camera, span_us);
    let step_us = SECOND_US / i64::from(RATE_HZ);
    let all: i64 = stretches.iter().map(|(a, b)| (b - a) / step_us).sum();
    let mut painter = Painter::new(camera, spec, seed);
    let mut encoder = clip::open_encoder(spec)?;
    let mut times: Vec<i64> = Vec::with_capacity(all as usize);
    let mut units: Vec<ClipUnit> = Vec::with_capacity(all as usize);
    let mut take = |encoded: flumen_media::Encoded, times: &[i64]| {
        // The encoder counts pictures; without B frames they come out in their order.
        if let Some(at) = times.get(spec.number_at(encoded.pts_us) as usize) {
            let pts_us = at - span_us.0;
            units.push(ClipUnit { data: encoded.data, pts_us, dts_us: pts_us, key: encoded.key });
        }
    };
    for (from, to) in stretches {
        for at in (from..to).step_by(step_us as usize) {
            let number = times.len() as u32;
            times.push(at);
            let ahead_s = camera.ahead_s(at);
            for encoded in encoder.push(&painter.paint(at, ahead_s, number)?, at == from)? {
                take(encoded, &times);
            }
            if number.is_multiple_of(256) {
                progress(u64::from(number), all as u64);
            }
        }
    }
    for encoded in encoder.finish()? {
        take(encoded, &times);
    }
    Ok(lose(camera, span_us.0, units))
}

/// Leaves out the packets that a failing camera loses; those after a lost one up to the next key stay.
fn lose(camera: &CameraDays, begin_us: i64, mut units: Vec<ClipUnit>) -> Vec<ClipUnit> {
    let Some(drift) = camera.drift.filter(|d| d.failing == Failing::PacketRate) else {
        return units;
    };
    units.retain(|unit| {
        let at = begin_us + unit.pts_us;
        unit.key || !Chance::new(at as u64).often(0.85 * drift.damage(at))
    });
    units
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::days::DaysSpec;

    #[test]
    fn stretches_hold_all_that_is_in_sight() {
        let spec = DaysSpec { days: 1, cameras: 3, per_day: 0, drift: false, ..DaysSpec::new(4) };
        let days = Days::new(&spec).unwrap();
        let (from, to) = days.span_us();
        for camera in &days.cameras {
            let drawn = stretches(camera, (from, to));
            assert!(drawn.windows(2).all(|w| w[0].1 + APART_US <= w[1].0));
            assert!(
                drawn
                    .iter()
                    .all(|(a, b)| (a - from) % SECOND_US == 0 && (b - from) % SECOND_US == 0)
            );
            for visit in &camera.visits {
                let Some((a, b)) = visit.in_sight_us(&camera.eye).filter(|(_, b)| *b < to) else {
                    continue;
                };
                assert!(drawn.iter().any(|s| s.0 <= a && b < s.1), "{}", camera.id);
            }
            let seconds: i64 = drawn.iter().map(|(a, b)| (b - a) / SECOND_US).sum();
            assert!((5_000..80_000).contains(&seconds), "{}: {seconds} s are drawn", camera.id);
        }
    }

    #[test]
    fn who_comes_is_drawn_where_the_truth_has_them() {
        let spec = DaysSpec { days: 1, cameras: 1, per_day: 0, drift: false, ..DaysSpec::new(4) };
        let days = Days::new(&spec).unwrap();
        let camera = &days.cameras[0];
        let scene =
            SceneSpec { width: 320, height: 180, ..SceneSpec::new(camera.kind, camera.scene_seed) };
        let mut painter = Painter::new(camera, &scene, 1);
        let mut luma = |at: i64| painter.paint(at, 3600, 0).unwrap().luma.data.to_vec();
        let alone = |v: &&crate::days::visit::Visit| {
            let (a, b) = v.in_sight_us(&camera.eye).unwrap_or((0, 0));
            b > a + 9_000_000
                && camera.visits_at(a + 8_000_000).count() == 1
                && camera.visits_at(a - 30_000_000).count() == 0
        };
        let visit = camera.visits.iter().find(alone).expect("somebody comes alone");
        let at = visit.in_sight_us(&camera.eye).unwrap().0 + 8_000_000;
        let step = visit.way.at((at - visit.start_us) as f32 / 1e6).unwrap();
        let sight = camera.eye.sight(visit.actor, &step).unwrap();
        let (empty, there) = (luma(at - 38_000_000), luma(at));
        // Most of what changed lies in the box, a shadow's width around it.
        let (mut inside, mut all) = (0, 0);
        for (i, (a, b)) in empty.iter().zip(&there).enumerate() {
            let (x, y) = ((i % 320) as f32 / 320.0, (i / 320) as f32 / 180.0);
            let near = x > sight.left - 0.05
                && x < sight.right + 0.05
                && y > sight.top - 0.05
                && y < sight.bottom + 0.05;
            let changed = usize::from(a.abs_diff(*b) > 24);
            all += changed;
            inside += usize::from(near) * changed;
        }
        assert!(
            all > 100 && inside * 10 > all * 8,
            "{inside} of {all} pixels that change are in {sight:?}"
        );
    }
}
