//! The constants of the noise model from a day of pixels: what an analysis made of the same truth.
//!
//! Invariants: both streams are of the same days; a second without a picture of its own is left out.
//! Units: as [`Noise`].
//! Not here: the model (`seen`, `things`).

use std::collections::HashMap;
use std::path::Path;

use flumen_base::wire::Window;
use flumen_base::{Context, Error, Result};
use serde::Deserialize;

use crate::days::files::WindowReader;
use crate::days::seen::Noise;
use crate::days::values as at;
use crate::days::visit::LOOKS_HZ;
use crate::days::{Days, DaysSpec};

#[derive(Deserialize)]
struct Made {
    spec: DaysSpec,
}

/// What two streams of windows come to.
#[derive(Default)]
struct Sums {
    /// Seconds with exactly one in sight all through, and the share in which it was told.
    alone: Mean,
    /// Foreground over the area of what is there.
    fill: Mean,
    /// Foreground when nobody is there.
    restless: Mean,
    /// Squares of changes from second to second when nobody is there: parts of the look, sharpness, bytes.
    look: Mean,
    sharpness: Mean,
    bytes: Mean,
    /// Squares of what speeds are off.
    speed: Mean,
    /// Squares of what heights are off, as a share.
    height: Mean,
    /// Hours in which nobody is there, and things told in them.
    empty_s: f64,
    ghosts: f64,
    /// Things told, visits in sight, and seconds with somebody there.
    told: f64,
    visits: f64,
    there_s: f64,
}

#[derive(Default)]
struct Mean(f64, f64);

impl Mean {
    fn add(&mut self, value: f32) {
        self.0 += f64::from(value);
        self.1 += 1.0;
    }
    fn mean(&self) -> f64 {
        self.0 / self.1.max(1.0)
    }
    /// The deviation of one of two whose difference was squared.
    fn of_difference(&self) -> f32 {
        (self.mean() / 2.0).sqrt() as f32
    }
}

/// A noise that changes nothing.
const NONE: Noise = Noise {
    miss: 0.0,
    breaks: 0.0,
    told_after: 1,
    kept: 0,
    fill: 1.0,
    jitter: 0.0,
    speed: 0.0,
    ghosts_per_hour: 0.0,
    restless: 0.0,
    look: 0.0,
    measure: 0.0,
    bytes: 0.0,
};

/// Fits the noise model on the windows of pixels in `dir`.
///
/// # Errors
/// `NotFound` and `Invalid` for what is no folder of farm days, I/O errors.
pub fn fit(dir: &Path) -> Result<Noise> {
    let path = dir.join("days.json");
    let text = std::fs::read_to_string(&path).context(format!("read {}", path.display()))?;
    let made: Made = serde_json::from_str(&text)
        .map_err(|e| Error::invalid(path.display().to_string()).with_source(e))?;
    let days = Days::new(&made.spec)?;
    let mut sums = Sums::default();
    let mut truth = days.windows_through(&NONE).peekable();
    let mut before: HashMap<String, (Window, Window)> = HashMap::new();
    for seen in WindowReader::open(&dir.join("windows.pb"))? {
        let seen = seen?;
        let order = |w: &Window| (w.begin_us, w.camera.clone());
        while truth.next_if(|t| order(t) < order(&seen)).is_some() {}
        let Some(real) = truth.next_if(|t| order(t) == order(&seen)) else { continue };
        let last = before.insert(seen.camera.clone(), (seen.clone(), real.clone()));
        if let Some((seen_before, real_before)) = last {
            sums.add((&seen_before, &seen), (&real_before, &real));
        }
    }
    Ok(sums.noise())
}

impl Sums {
    /// Takes two seconds that follow each other, as seen and as they are.
    fn add(
        &mut self,
        (seen_before, seen): (&Window, &Window),
        (real_before, real): (&Window, &Window),
    ) {
        let v = |w: &Window, at: usize| w.values.get(at).copied().unwrap_or(0.0);
        let pictured = seen.frames > 0 && seen_before.frames > 0;
        let steady = |n: f32| {
            [real_before, real]
                .iter()
                .all(|w| v(w, at::THINGS_MEAN) == n && v(w, at::THINGS_MOST) == n)
        };
        self.told += f64::from(v(seen, at::THINGS_NEW));
        self.visits += f64::from(v(real, at::THINGS_NEW));
        self.there_s += f64::from(v(real, at::THINGS_MEAN));
        if steady(0.0) {
            self.empty_s += 1.0;
            if v(seen_before, at::THINGS_MEAN) == 0.0 {
                self.ghosts += f64::from(v(seen, at::THINGS_NEW));
            }
        }
        if !pictured {
            return;
        }
        if steady(0.0) && v(seen, at::THINGS_MOST) == 0.0 && v(seen_before, at::THINGS_MOST) == 0.0
        {
            self.restless.add(v(seen, at::MOTION_MEAN));
            for i in at::LOOKS..at::DIMENSIONS {
                self.look.add((v(seen, i) - v(seen_before, i)).powi(2));
            }
            let share = |i: usize| (v(seen, i) / v(seen_before, i).max(1e-3) - 1.0).powi(2);
            self.sharpness.add(share(at::SHARPNESS));
            self.bytes.add(share(at::OTHER_BYTES).min(1.0));
        }
        if steady(1.0) {
            self.alone.add(v(seen, at::THINGS_MEAN).min(1.0));
            self.fill.add((v(seen, at::MOTION_MEAN) / v(real, at::MOTION_MEAN).max(1e-4)).min(3.0));
            if v(seen, at::THINGS_MEAN) == 1.0 && v(seen, at::THINGS_MOST) == 1.0 {
                self.speed
                    .add((v(seen, at::SPEED_MEAN) - v(real, at::SPEED_MEAN)).powi(2).min(0.01));
                let height = v(seen, at::HEIGHT_MEAN) / v(real, at::HEIGHT_MEAN).max(1e-3);
                self.height.add((height - 1.0).powi(2).min(0.25));
            }
        }
    }

    fn noise(&self) -> Noise {
        let looks = self.there_s * f64::from(LOOKS_HZ);
        // Exposure moves all parts by twice what each has of its own: 5 parts of the square.
        let look = self.look.of_difference() / 5f32.sqrt();
        Noise {
            miss: (1.0 - self.alone.mean()).clamp(0.0, 1.0) as f32,
            breaks: ((self.told - self.ghosts - self.visits) / looks.max(1.0)).max(0.0) as f32,
            fill: self.fill.mean() as f32,
            // A mean of five looks shakes less than one.
            jitter: (self.height.mean().sqrt()) as f32,
            speed: (self.speed.mean().sqrt()) as f32,
            ghosts_per_hour: (self.ghosts * 3600.0 / self.empty_s.max(1.0)) as f32,
            restless: self.restless.mean() as f32,
            look,
            measure: self.sharpness.of_difference(),
            bytes: self.bytes.of_difference(),
            ..Noise::FITTED
        }
    }
}
