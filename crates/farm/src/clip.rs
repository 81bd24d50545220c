//! A scene in encoded form, made once, to be replayed with new times for ever.
//!
//! Invariants: units stand in decoding order and are one a frame; the first is a key frame;
//! clips of the same spec share one copy in memory; two threads never make the same clip.
//! Not here: the form of the cache file (`cache`).

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, Weak};

use bytes::Bytes;
use flumen_base::wire::Codec;
use flumen_base::{Context, Error, Result};
use flumen_media::{Encoded, Encoder, EncoderConfig, RateControl, nal};

use crate::render::Renderer;
use crate::{SceneSpec, cache};

/// The id of the farm's SEI message "user data unregistered"; its four bytes are the frame's number, highest first.
pub const SEI_UUID: [u8; 16] = *b"flumen.farm.numb";
/// The largest clip kept in memory.
const MAX_BYTES: usize = 512 << 20;

/// One access unit of a clip.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClipUnit {
    /// Annex-B with the parameter sets before each key frame (a whole JPEG for MJPEG).
    pub data: Bytes,
    /// Media time, the first picture at 0.
    pub pts_us: i64,
    /// Decoding time; below 0 at the start when there are B frames.
    pub dts_us: i64,
    /// Decoding can begin here.
    pub key: bool,
}

/// A whole scene in encoded form; cheap to clone.
#[derive(Clone, Debug)]
pub struct Clip {
    /// What it shows.
    pub spec: SceneSpec,
    /// Access units in decoding order.
    pub units: Arc<Vec<ClipUnit>>,
}

type Slot = Arc<Mutex<Weak<Vec<ClipUnit>>>>;

/// The clips in memory and in the making, by file.
static SLOTS: Mutex<Option<HashMap<PathBuf, Slot>>> = Mutex::new(None);

fn slot(path: &Path) -> Slot {
    let mut slots = SLOTS.lock().unwrap_or_else(PoisonError::into_inner);
    let slots = slots.get_or_insert_default();
    // Nobody waits at a slot that only the table holds, and nobody has its clip any more.
    slots.retain(|_, slot| {
        Arc::strong_count(slot) > 1 || slot.lock().is_ok_and(|units| units.strong_count() > 0)
    });
    slots.entry(path.to_path_buf()).or_default().clone()
}

impl Clip {
    /// The clip of `spec` from `cache_dir`, rendered and encoded there first when it is not.
    ///
    /// `progress` hears (frames done, frames in all) while it is made. A file that cannot
    /// be read is made again.
    ///
    /// # Errors
    /// `Invalid` for a spec outside its limits, `Unsupported` when the encoder is not
    /// installed, `Exhausted` for a clip too large for memory, I/O errors of the cache.
    ///
    /// # Durability
    /// The file is written beside its place and renamed; it is not synced, since it can be
    /// made again.
    pub fn load_or_make(
        spec: &SceneSpec,
        cache_dir: &Path,
        progress: &mut dyn FnMut(u32, u32),
    ) -> Result<Clip> {
        spec.check()?;
        let path = cache_dir.join(cache::file_name(spec));
        let slot = slot(&path);
        let mut held = slot.lock().unwrap_or_else(PoisonError::into_inner);
        let units = match held.upgrade() {
            Some(units) => units,
            None => {
                let units: Arc<Vec<ClipUnit>> = match cache::read(&path, spec) {
                    Ok(units) => units.into(),
                    Err(_) => {
                        std::fs::create_dir_all(cache_dir)
                            .context(format!("make {}", cache_dir.display()))?;
                        let units = encode(spec, progress)?;
                        cache::write(&path, spec, &units)?;
                        units.into()
                    }
                };
                *held = Arc::downgrade(&units);
                units
            }
        };
        Ok(Clip { spec: spec.clone(), units })
    }

    /// Length of one round in microseconds.
    pub fn duration_us(&self) -> i64 {
        self.spec.duration_us()
    }

    /// Bytes of all access units.
    pub fn bytes(&self) -> usize {
        self.units.iter().map(|unit| unit.data.len()).sum()
    }
}

/// The number that the farm wrote into an access unit's SEI message.
pub fn sei_number(codec: Codec, data: &[u8]) -> Option<u32> {
    let user = nal::sei_user_data(codec, data, &SEI_UUID)?;
    Some(u32::from_be_bytes(user.try_into().ok()?))
}

/// Renders and encodes all of a scene.
fn encode(spec: &SceneSpec, progress: &mut dyn FnMut(u32, u32)) -> Result<Vec<ClipUnit>> {
    let mut encoder = open_encoder(spec)?;
    progress(0, spec.frames);
    let mut renderer = Renderer::new(spec)?;
    let mut units = Vec::with_capacity(spec.frames as usize);
    let mut bytes = 0;
    for number in 0..spec.frames {
        let picture = renderer.draw(number);
        for encoded in encoder.push(&picture.frame()?, number == 0)? {
            bytes += encoded.data.len();
            units.push(numbered(spec, encoded));
        }
        if bytes > MAX_BYTES {
            return Err(Error::exhausted(format!(
                "{spec} is larger than {} MiB encoded; make it shorter",
                MAX_BYTES >> 20
            )));
        }
        progress(number + 1, spec.frames);
    }
    units.extend(encoder.finish()?.into_iter().map(|encoded| numbered(spec, encoded)));
    Ok(units)
}

/// The encoder as the farm uses it.
///
/// # Errors
/// `Unsupported` when the encoder is not installed, naming the package.
pub(crate) fn open_encoder(spec: &SceneSpec) -> Result<Encoder> {
    let mut config = EncoderConfig::new(spec.codec, spec.width, spec.height, spec.frame_rate_hz);
    config.gop = spec.gop;
    config.b_frames = spec.b_frames;
    if spec.bit_rate_bps > 0 {
        config.rate = RateControl::BitRate(spec.bit_rate_bps);
    }
    Encoder::open(&config).context("synthetic camera")
}

/// A coded picture with its number in an SEI message.
pub(crate) fn numbered(spec: &SceneSpec, encoded: Encoded) -> ClipUnit {
    let number = spec.number_at(encoded.pts_us);
    let data = nal::with_sei_user_data(spec.codec, &encoded.data, &SEI_UUID, &number.to_be_bytes());
    ClipUnit { data, pts_us: encoded.pts_us, dts_us: encoded.dts_us, key: encoded.key }
}

#[cfg(test)]
mod tests {
    use super::*;
    use flumen_media::{Decoded, Decoder, Limits};

    fn small(codec: &str, more: &str) -> SceneSpec {
        format!("synthetic:street?size=160x96&fps=5&frames=16&gop=5&codec={codec}{more}")
            .parse()
            .unwrap()
    }

    fn numbers(clip: &Clip) -> Vec<u32> {
        let mut decoder = Decoder::open(clip.spec.codec, &Limits::default()).unwrap();
        let mut seen = Vec::new();
        let mut take = |decoder: &mut Decoder| {
            while let Decoded::Frame(decoded) = decoder.next().unwrap() {
                seen.push(crate::read_code(&decoded.frame.luma).expect("readable"));
            }
        };
        for (tag, unit) in clip.units.iter().enumerate() {
            decoder.push(&unit.data, unit.pts_us, tag as u64).unwrap();
            take(&mut decoder);
        }
        decoder.finish().unwrap();
        take(&mut decoder);
        seen
    }

    #[test]
    fn every_codec_carries_the_numbers() {
        let dir = tempfile::tempdir().unwrap();
        for spec in
            [small("h264", ""), small("h264", "&b=2"), small("h265", ""), small("mjpeg", "")]
        {
            let clip = Clip::load_or_make(&spec, dir.path(), &mut |_, _| ()).unwrap();
            assert_eq!(numbers(&clip), (0..16).collect::<Vec<_>>(), "{spec}");
            let mut told: Vec<_> =
                clip.units.iter().map(|u| sei_number(spec.codec, &u.data)).collect();
            told.sort();
            let expected = (0..16).map(|n| (spec.codec != Codec::Mjpeg).then_some(n));
            assert_eq!(told, expected.collect::<Vec<_>>(), "{spec}");
            assert!(clip.units[0].key);
            let keys = clip.units.iter().filter(|u| u.key).count();
            assert_eq!(keys, if spec.codec == Codec::Mjpeg { 16 } else { 4 });
        }
    }

    #[test]
    fn a_clip_is_made_once_and_a_damaged_file_again() {
        let dir = tempfile::tempdir().unwrap();
        let spec = small("h264", "");
        let mut calls = 0;
        let first = Clip::load_or_make(&spec, dir.path(), &mut |_, _| calls += 1).unwrap();
        assert_eq!(calls, 17);
        let second = Clip::load_or_make(&spec, dir.path(), &mut |_, _| calls += 1).unwrap();
        assert!(calls == 17 && Arc::ptr_eq(&first.units, &second.units));
        let units = first.units.to_vec();
        drop((first, second));
        let path = dir.path().join(cache::file_name(&spec));
        let mut bytes = std::fs::read(&path).unwrap();
        assert_eq!(
            Clip::load_or_make(&spec, dir.path(), &mut |_, _| calls += 1).unwrap().units.to_vec(),
            units
        );
        assert_eq!(calls, 17);
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
        std::fs::write(&path, bytes).unwrap();
        assert_eq!(
            Clip::load_or_make(&spec, dir.path(), &mut |_, _| calls += 1).unwrap().units.to_vec(),
            units
        );
        assert_eq!(calls, 34);
    }
}
