//! "Something is there", frame by frame.
//!
//! Units: frame numbers from 0; spans hold both their ends.

use super::Counts;

/// True when `frame` lies in one of `spans`.
pub fn inside(spans: &[[u64; 2]], frame: u64) -> bool {
    spans.iter().any(|[first, last]| (*first..=*last).contains(&frame))
}

/// Scores `found[frame]` against the frames of `spans`, those of `ignore` left out.
pub fn score_presence(found: &[bool], spans: &[[u64; 2]], ignore: &[[u64; 2]]) -> Counts {
    let (mut tp, mut fp, mut missed) = (0, 0, 0);
    for (frame, found) in (0u64..).zip(found) {
        if inside(ignore, frame) {
            continue;
        }
        match (inside(spans, frame), *found) {
            (true, true) => tp += 1,
            (true, false) => missed += 1,
            (false, true) => fp += 1,
            (false, false) => (),
        }
    }
    Counts::new(tp, fp, missed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ends_belong_to_spans_and_ignored_frames_count_for_nothing() {
        let found = [true, false, true, true, false, true];
        let score = score_presence(&found, &[[2, 4]], &[[5, 9]]);
        assert_eq!((score.tp, score.fp, score.r#fn), (2, 1, 1));
    }
}
