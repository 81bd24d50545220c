//! Tracks against true tracks: IDF1 and MOTA as MOTChallenge counts them.
//!
//! Invariants: a pair of boxes may match at an overlap (IoU) of 0.5; for MOTA a pair that
//! matched stays matched while it may; for IDF1 one assignment of ids holds for the clip. A true
//! box with 0 in the seventh column (hardly visible) need not be found: what is found of it, and
//! of nothing else, is dropped before counting, as MOTChallenge does with distractors.
//! Source: Bernardin and Stiefelhagen 2008 (CLEAR MOT); Ristani et al. 2016 (IDF1).
//! Spec: MOTChallenge columns frame (from 1), id, left, top, width, height, ...

use std::collections::{BTreeMap, HashMap};

use flumen_base::{Error, Result};
use serde::Serialize;

use crate::hungarian::assign;

/// A pair of boxes matches from this overlap on.
const OVERLAP: f64 = 0.5;

/// One box of one track in one frame.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Dot {
    /// From 1.
    pub frame: u64,
    /// Track.
    pub id: u64,
    /// Left edge.
    pub left: f64,
    /// Top edge.
    pub top: f64,
    /// Width.
    pub width: f64,
    /// Height.
    pub height: f64,
    /// It counts: false for a true box that nobody needs to find.
    pub counts: bool,
}

impl Dot {
    fn shared(&self, o: &Dot) -> f64 {
        let wide = (self.left + self.width).min(o.left + o.width) - self.left.max(o.left);
        let high = (self.top + self.height).min(o.top + o.height) - self.top.max(o.top);
        wide.max(0.0) * high.max(0.0)
    }

    fn overlap(&self, o: &Dot) -> f64 {
        let both = self.shared(o);
        let all = self.width * self.height + o.width * o.height - both;
        if all > 0.0 { both / all } else { 0.0 }
    }
}

/// How good the tracks of a clip are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct TrackScore {
    /// Share of boxes with the right id, harmonic mean over both sides.
    pub idf1: f64,
    /// 1 - (missed + false + switched) / true boxes.
    pub mota: f64,
    /// True boxes.
    pub boxes: u64,
    /// True boxes that were not found.
    pub missed: u64,
    /// Found boxes that are not there.
    pub false_boxes: u64,
    /// Times a true track changed its found id.
    pub switches: u64,
    /// True tracks.
    pub tracks: usize,
    /// Found tracks.
    pub found_tracks: usize,
}

/// Reads MOTChallenge lines.
///
/// # Errors
/// `Invalid` with the number of the line that is none.
pub fn parse_tracks(text: &str) -> Result<Vec<Dot>> {
    let bad = |number: usize| {
        Error::invalid(format!("line {} is not frame,id,left,top,width,height,...", number + 1))
    };
    let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    lines
        .map(|(number, line)| {
            let fields: Vec<f64> =
                line.split(',').take(7).map_while(|f| f.trim().parse().ok()).collect();
            match fields.as_slice() {
                &[frame, id, left, top, width, height, ref rest @ ..] => Ok(Dot {
                    frame: frame as u64,
                    id: id as u64,
                    left,
                    top,
                    width,
                    height,
                    counts: rest.first() != Some(&0.0),
                }),
                _ => Err(bad(number)),
            }
        })
        .collect()
}

/// Scores the tracks of a clip.
pub fn score_tracks(truth: &[Dot], found: &[Dot]) -> TrackScore {
    let found = &spared(truth, found)[..];
    let truth: &[Dot] = &truth.iter().filter(|t| t.counts).copied().collect::<Vec<Dot>>();
    let mut frames: BTreeMap<u64, (Vec<&Dot>, Vec<&Dot>)> = BTreeMap::new();
    for dot in truth {
        frames.entry(dot.frame).or_default().0.push(dot);
    }
    for dot in found {
        frames.entry(dot.frame).or_default().1.push(dot);
    }
    let mut clear = Clear::default();
    let mut together: HashMap<(u64, u64), u64> = HashMap::new();
    for (truth, found) in frames.values() {
        clear.frame(truth, found);
        for t in truth {
            for f in found.iter().filter(|f| t.overlap(f) >= OVERLAP) {
                *together.entry((t.id, f.id)).or_default() += 1;
            }
        }
    }
    let (ids, found_ids) = (distinct(truth), distinct(found));
    let count = |t: usize, f: usize| {
        let pair = ids.get(t).zip(found_ids.get(f)).map(|(t, f)| (*t, *f));
        pair.and_then(|pair| together.get(&pair)).copied().unwrap_or(0)
    };
    let pairs = assign(ids.len(), found_ids.len(), |t, f| -(count(t, f) as f64));
    let right: u64 = pairs.iter().enumerate().filter_map(|(t, f)| f.map(|f| count(t, f))).sum();
    let (all, got) = (truth.len() as u64, found.len() as u64);
    let share = |part: f64, whole: u64| if whole == 0 { 1.0 } else { part / whole as f64 };
    TrackScore {
        idf1: share(2.0 * right as f64, all + got),
        mota: share(all as f64 - (clear.missed + clear.false_boxes + clear.switches) as f64, all),
        boxes: all,
        missed: clear.missed,
        false_boxes: clear.false_boxes,
        switches: clear.switches,
        tracks: ids.len(),
        found_tracks: found_ids.len(),
    }
}

/// What was found, without boxes of what need not be found. The test is that of KITTI for
/// regions that are not scored: most of the found box lies within; one that fits a box that
/// counts stays.
fn spared(truth: &[Dot], found: &[Dot]) -> Vec<Dot> {
    let mut frames: HashMap<u64, Vec<&Dot>> = HashMap::new();
    for dot in truth {
        frames.entry(dot.frame).or_default().push(dot);
    }
    let stays = |f: &&Dot| {
        let most = |f: &Dot, t: &Dot| f.shared(t) >= OVERLAP * f.width * f.height;
        let there = frames.get(&f.frame).map_or(&[][..], Vec::as_slice);
        let fits = |t: &&Dot| t.overlap(f) >= OVERLAP || (!t.counts && most(f, t));
        let mut of = there.iter().filter(|t| fits(t)).peekable();
        of.peek().is_none() || of.any(|t| t.counts)
    };
    found.iter().filter(stays).copied().collect()
}

fn distinct(dots: &[Dot]) -> Vec<u64> {
    let mut ids: Vec<u64> = dots.iter().map(|d| d.id).collect();
    ids.sort_unstable();
    ids.dedup();
    ids
}

/// The CLEAR counts.
#[derive(Default)]
struct Clear {
    /// The found id that each true track had when it last matched.
    last: HashMap<u64, u64>,
    missed: u64,
    false_boxes: u64,
    switches: u64,
}

impl Clear {
    fn frame(&mut self, truth: &[&Dot], found: &[&Dot]) {
        let mut pairs: Vec<(u64, u64)> = Vec::new();
        for t in truth {
            let kept = self.last.get(&t.id).and_then(|id| found.iter().find(|f| f.id == *id));
            // Two true tracks may have had the same found one, at different times.
            let kept =
                kept.filter(|f| t.overlap(f) >= OVERLAP && !pairs.iter().any(|p| p.1 == f.id));
            pairs.extend(kept.map(|f| (t.id, f.id)));
        }
        let open: Vec<&&Dot> =
            truth.iter().filter(|t| !pairs.iter().any(|p| p.0 == t.id)).collect();
        let free: Vec<&&Dot> =
            found.iter().filter(|f| !pairs.iter().any(|p| p.1 == f.id)).collect();
        let overlap =
            |t: usize, f: usize| open.get(t).zip(free.get(f)).map_or(0.0, |(t, f)| t.overlap(f));
        // What may not match costs more than any number of matches gains.
        let cost = |t: usize, f: usize| if overlap(t, f) >= OVERLAP { -overlap(t, f) } else { 1e4 };
        for (t, f) in assign(open.len(), free.len(), cost).into_iter().enumerate() {
            if let Some(f) = f.filter(|f| overlap(t, *f) >= OVERLAP) {
                pairs.extend(open.get(t).zip(free.get(f)).map(|(t, f)| (t.id, f.id)));
            }
        }
        for (id, found_id) in &pairs {
            if self.last.insert(*id, *found_id).is_some_and(|before| before != *found_id) {
                self.switches += 1;
            }
        }
        self.missed += (truth.len() - pairs.len()) as u64;
        self.false_boxes += (found.len() - pairs.len()) as u64;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dots(rows: &[(u64, u64, f64)]) -> Vec<Dot> {
        rows.iter()
            .map(|(frame, id, left)| Dot {
                frame: *frame,
                id: *id,
                left: *left,
                top: 0.0,
                width: 10.0,
                height: 10.0,
                counts: true,
            })
            .collect()
    }

    #[test]
    fn perfect_tracks_score_one_whatever_their_ids() {
        let truth = dots(&[(1, 1, 0.0), (2, 1, 2.0), (1, 2, 50.0), (2, 2, 52.0)]);
        let found = dots(&[(1, 9, 0.0), (2, 9, 2.0), (1, 4, 50.0), (2, 4, 52.0)]);
        let score = score_tracks(&truth, &found);
        assert_eq!((score.idf1, score.mota, score.switches), (1.0, 1.0, 0));
    }

    #[test]
    fn a_switch_counts_once_for_mota_and_halves_idf1() {
        let truth = dots(&[(1, 1, 0.0), (2, 1, 0.0), (3, 1, 0.0), (4, 1, 0.0)]);
        let found = dots(&[(1, 5, 0.0), (2, 5, 0.0), (3, 6, 0.0), (4, 6, 0.0)]);
        let score = score_tracks(&truth, &found);
        assert_eq!((score.idf1, score.mota, score.switches), (0.5, 0.75, 1));
    }

    #[test]
    fn missed_and_false_boxes() {
        let truth = dots(&[(1, 1, 0.0), (2, 1, 0.0)]);
        // The second found box overlaps by a third only.
        let found = dots(&[(1, 5, 0.0), (2, 5, 5.0)]);
        let score = score_tracks(&truth, &found);
        assert_eq!((score.missed, score.false_boxes, score.mota, score.idf1), (1, 1, 0.0, 0.5));
        assert_eq!(score_tracks(&truth, &[]).mota, 0.0);
        assert_eq!(score_tracks(&[], &found).false_boxes, 2);
        assert_eq!(score_tracks(&[], &[]).idf1, 1.0);
    }

    #[test]
    fn a_pair_that_matched_stays_though_another_fits_better() {
        let truth = dots(&[(1, 1, 0.0), (2, 1, 0.0)]);
        let found = dots(&[(1, 5, 0.0), (2, 5, 3.0), (2, 6, 0.0)]);
        let score = score_tracks(&truth, &found);
        assert_eq!((score.switches, score.false_boxes), (0, 1));
    }

    #[test]
    fn what_is_hardly_visible_need_not_be_found_and_may_be() {
        let mut truth = dots(&[(1, 1, 0.0), (1, 2, 50.0), (2, 1, 0.0), (2, 2, 3.0)]);
        truth[1].counts = false;
        truth[3].counts = false;
        // The second object is found in the first frame, where it stands for itself; in the
        // second frame the found box fits both.
        let found = dots(&[(1, 5, 0.0), (1, 6, 51.0), (2, 5, 1.0)]);
        let score = score_tracks(&truth, &found);
        assert_eq!((score.boxes, score.idf1, score.mota), (2, 1.0, 1.0));
        assert_eq!(score_tracks(&truth, &dots(&[(1, 5, 0.0), (2, 5, 0.0)])).mota, 1.0);
        assert_eq!(score_tracks(&truth, &dots(&[(1, 6, 80.0)])).false_boxes, 1);
        assert!(!parse_tracks("1,2,3,4,5,6,0,-1").unwrap()[0].counts);
    }

    #[test]
    fn two_true_tracks_never_share_a_found_one() {
        let truth = dots(&[(1, 1, 0.0), (2, 2, 0.0), (3, 1, 0.0), (3, 2, 1.0)]);
        let found = dots(&[(1, 5, 0.0), (2, 5, 0.0), (3, 5, 0.0)]);
        let score = score_tracks(&truth, &found);
        assert_eq!((score.missed, score.false_boxes), (1, 0));
    }

    #[test]
    fn lines_are_read_and_nonsense_is_named() {
        let read =
            parse_tracks("42,1,0,230,6,72,1,-1,-1,-1\n\n43,1,0,183,14,136,0.5,-1,-1,-1\n").unwrap();
        assert_eq!((read.len(), read[1].frame, read[1].height), (2, 43, 136.0));
        assert!(
            parse_tracks("1,2,3,4,5,6\n1,2,x,4,5,6").unwrap_err().to_string().contains("line 2")
        );
    }
}
