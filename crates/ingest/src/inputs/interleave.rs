//! Pictures and sound of a file in the order of their times, whatever the file's own order.
//!
//! MP4 often holds a second of sound, then a second of pictures; played as it lies, the
//! pictures would come in bursts.
//! Invariants: each track keeps its own order; at most [`MOST_UNITS`] and [`MOST_BYTES`] are
//! held, then the file's own order is taken.
//! Not here: when a unit is due (`pacer`).

use std::collections::VecDeque;

use flumen_base::Result;
use flumen_media::{Demuxed, Unit};

const MOST_UNITS: usize = 1024;
const MOST_BYTES: usize = 32 << 20;

/// Units that were read and are not yet due.
#[derive(Default)]
pub(super) struct Interleave {
    pictures: VecDeque<Unit>,
    sound: VecDeque<Unit>,
    bytes: usize,
    ended: bool,
}

impl Interleave {
    /// The unit with the least dts, or the end; `read` gives the file's next.
    pub(super) fn next(
        &mut self,
        has_sound: bool,
        mut read: impl FnMut() -> Result<Demuxed>,
    ) -> Result<Demuxed> {
        while self.needs_more(has_sound) {
            match read()? {
                Demuxed::End => self.ended = true,
                Demuxed::Unit(unit) => {
                    self.bytes += unit.data.len();
                    let track = if unit.audio { &mut self.sound } else { &mut self.pictures };
                    track.push_back(unit);
                }
            }
        }
        let sound_first = match (self.pictures.front(), self.sound.front()) {
            (Some(picture), Some(sound)) => sound.dts_us < picture.dts_us,
            (picture, _) => picture.is_none(),
        };
        let track = if sound_first { &mut self.sound } else { &mut self.pictures };
        Ok(track.pop_front().map_or(Demuxed::End, |unit| {
            self.bytes = self.bytes.saturating_sub(unit.data.len());
            Demuxed::Unit(unit)
        }))
    }

    fn needs_more(&self, has_sound: bool) -> bool {
        let full = self.pictures.len() + self.sound.len() >= MOST_UNITS || self.bytes >= MOST_BYTES;
        let one_is_missing = self.pictures.is_empty() || (has_sound && self.sound.is_empty());
        let has_any = !(self.pictures.is_empty() && self.sound.is_empty());
        !self.ended && one_is_missing && !(full && has_any)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scripted::picture;

    fn play(times: &[(bool, i64)]) -> Vec<(bool, i64)> {
        let units = times.iter().map(|(audio, at)| Unit { audio: *audio, ..picture(*at, true) });
        let mut file = units.map(Demuxed::Unit);
        let has_sound = times.iter().any(|(audio, _)| *audio);
        let mut interleave = Interleave::default();
        let mut out = Vec::new();
        while let Demuxed::Unit(unit) =
            interleave.next(has_sound, || Ok(file.next().unwrap_or(Demuxed::End))).unwrap()
        {
            out.push((unit.audio, unit.dts_us));
        }
        out
    }

    #[test]
    fn chunks_of_sound_and_pictures_are_put_in_order() {
        let (sound, pictures) = ((0..50).map(|i| (true, i * 20)), (0..25).map(|i| (false, i * 40)));
        let mut file: Vec<_> = sound.chain(pictures).collect();
        let again: Vec<_> = file.iter().map(|(audio, at)| (*audio, at + 1000)).collect();
        file.extend(again);
        let played = play(&file);
        assert_eq!(played.len(), file.len());
        assert!(played.windows(2).all(|w| w[0].1 <= w[1].1), "{played:?}");
    }

    #[test]
    fn pictures_alone_pass_and_a_jump_back_stays_where_it_is() {
        let file = [(false, 0), (false, 40), (false, -9), (false, 31)];
        assert_eq!(play(&file), file);
    }

    #[test]
    fn a_file_with_all_its_sound_at_the_end_plays_all_the_same() {
        let n = MOST_UNITS as i64 * 2;
        let file: Vec<_> = (0..n).map(|i| (false, i)).chain((0..n).map(|i| (true, i))).collect();
        assert_eq!(play(&file).len(), file.len());
    }
}
