//! Spans of time: joined, subtracted, measured. Pure.
//!
//! Invariants: a list of spans that leaves here is in order and does not overlap.

use flumen_base::wire::{Gap, GapCause};

use crate::reader::{Coverage, Span, Timeline};

/// Recorded spans this near are told as one: less than the wait for a frame that is
/// noticed as missing.
const TOUCH_US: i64 = 100_000;

/// The timeline of `window` from rows in any order.
pub(crate) fn timeline(
    window: Span,
    recorded: Vec<Span>,
    pending: Vec<Span>,
    gaps: Vec<Gap>,
) -> Timeline {
    let segments = join(clip(recorded, window), TOUCH_US);
    let pending = join(clip(pending, window), TOUCH_US);
    let gaps: Vec<Gap> = gaps.into_iter().filter(|g| g.cause() != GapCause::Backfilled).collect();
    let mut known = segments.clone();
    known.extend(&pending);
    known.extend(clip(
        gaps.iter().filter(|g| is_hole(g)).map(|g| span_of(g, window)).collect(),
        window,
    ));
    let unknown = holes(window, &join(known, TOUCH_US));
    Timeline { segments, pending, gaps, unknown }
}

/// How much of `window` a timeline covers, from the camera's first recording on: `oldest_us`
/// is the begin of its oldest file.
pub(crate) fn coverage(window: Span, oldest_us: Option<i64>, timeline: &Timeline) -> Coverage {
    let begin_us = begin(oldest_us, timeline).unwrap_or(window.end_us);
    let window = Span { start_us: begin_us.clamp(window.start_us, window.end_us), ..window };
    let mut recorded = timeline.segments.clone();
    recorded.extend(&timeline.pending);
    let recorded = join(recorded, TOUCH_US);
    let recorded = clip(recorded, window);
    let named = timeline.gaps.iter().filter(|g| is_hole(g)).map(|g| span_of(g, window)).collect();
    let mut all = recorded.clone();
    all.extend(join(clip(named, window), 0));
    Coverage {
        recorded_us: sum(&recorded),
        gaps_us: (sum(&join(all, TOUCH_US)) - sum(&recorded)).max(0),
        span_us: window.end_us - window.start_us,
    }
}

/// The first recording: in a file, being written, or removed by its age. Else the first gap.
fn begin(oldest_us: Option<i64>, timeline: &Timeline) -> Option<i64> {
    let expired = timeline.gaps.iter().filter(|g| g.cause() == GapCause::Expired);
    let recorded = oldest_us
        .into_iter()
        .chain(timeline.pending.iter().map(|s| s.start_us))
        .chain(expired.map(|g| g.start_us));
    let gaps = timeline.gaps.iter().filter(|g| is_hole(g)).map(|g| g.start_us);
    recorded.min().or_else(|| gaps.min())
}

/// Decoder and shed gaps are holes of the analysis, not of the recording.
fn is_hole(gap: &Gap) -> bool {
    !matches!(gap.cause(), GapCause::Decoder | GapCause::Shed)
}

fn span_of(gap: &Gap, window: Span) -> Span {
    let end_us = if gap.end_us == 0 { window.end_us } else { gap.end_us };
    Span { start_us: gap.start_us, end_us }
}

/// The parts of `spans` inside `window`.
pub(crate) fn clip(spans: Vec<Span>, window: Span) -> Vec<Span> {
    let cut = |s: Span| Span {
        start_us: s.start_us.max(window.start_us),
        end_us: s.end_us.min(window.end_us),
    };
    spans.into_iter().map(cut).filter(|s| s.start_us < s.end_us).collect()
}

/// In order, with spans that overlap or are at most `touch_us` apart made one.
pub(crate) fn join(mut spans: Vec<Span>, touch_us: i64) -> Vec<Span> {
    spans.sort_by_key(|s| (s.start_us, s.end_us));
    let mut joined: Vec<Span> = Vec::with_capacity(spans.len());
    for span in spans {
        match joined.last_mut() {
            Some(last) if span.start_us <= last.end_us.saturating_add(touch_us) => {
                last.end_us = last.end_us.max(span.end_us);
            }
            _ => joined.push(span),
        }
    }
    joined
}

/// What of `window` is in none of `joined`, without slivers.
fn holes(window: Span, joined: &[Span]) -> Vec<Span> {
    let mut found = Vec::new();
    let mut from_us = window.start_us;
    for span in joined {
        found.push(Span { start_us: from_us, end_us: span.start_us });
        from_us = span.end_us;
    }
    found.push(Span { start_us: from_us, end_us: window.end_us });
    found.retain(|s| s.end_us - s.start_us > TOUCH_US);
    found
}

fn sum(spans: &[Span]) -> i64 {
    spans.iter().map(|s| s.end_us - s.start_us).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    const S: i64 = 1_000_000;

    fn span(start: i64, end: i64) -> Span {
        Span { start_us: start * S, end_us: end * S }
    }

    fn gap(start: i64, end: i64, cause: GapCause) -> Gap {
        Gap {
            camera: "yard".into(),
            start_us: start * S,
            end_us: end * S,
            cause: cause.into(),
            detail: String::new(),
        }
    }

    #[test]
    fn every_second_is_recorded_named_or_unknown() {
        let window = span(0, 100);
        let gaps = vec![
            gap(40, 50, GapCause::Offline),
            gap(15, 20, GapCause::Shed),
            gap(60, 65, GapCause::Backfilled),
            gap(95, 0, GapCause::Offline),
        ];
        let t = timeline(
            window,
            vec![span(10, 20), span(-5, 10), span(20, 40), span(60, 90)],
            vec![span(90, 92)],
            gaps,
        );
        assert_eq!(t.segments, [span(0, 40), span(60, 90)]);
        assert_eq!(t.unknown, [span(50, 60), span(92, 95)]);
        assert_eq!(t.gaps.len(), 3);
        let c = coverage(window, Some(-5 * S), &t);
        assert_eq!((c.recorded_us, c.gaps_us, c.span_us), (72 * S, 15 * S, 100 * S));
    }

    #[test]
    fn the_time_before_the_first_recording_is_not_missing() {
        let window = span(0, 100);
        let told = |recorded, pending, gaps| timeline(window, recorded, pending, gaps);
        let share = |oldest: Option<i64>, t: &Timeline| {
            let c = coverage(window, oldest.map(|s| s * S), t);
            (c.recorded_us / S, c.gaps_us / S, c.span_us / S)
        };
        let before = || vec![gap(60, 80, GapCause::Offline)];
        assert_eq!(share(Some(80), &told(vec![span(80, 90)], vec![], before())), (10, 0, 20));
        assert_eq!(share(None, &told(vec![], vec![span(80, 100)], before())), (20, 0, 20));
        let expired = vec![gap(50, 80, GapCause::Expired)];
        assert_eq!(share(Some(80), &told(vec![span(80, 100)], vec![], expired)), (20, 30, 50));
        assert_eq!(share(None, &told(vec![], vec![], before())), (0, 20, 40));
        assert_eq!(share(None, &told(vec![], vec![], vec![])), (0, 0, 0));
        let outage = vec![gap(-10, 80, GapCause::Offline)];
        assert_eq!(share(Some(-50), &told(vec![span(80, 100)], vec![], outage)), (20, 80, 100));
    }

    #[test]
    fn nothing_recorded_is_one_hole() {
        let t = timeline(span(0, 10), vec![span(20, 30)], vec![], vec![]);
        assert_eq!((t.segments.len(), t.unknown), (0, vec![span(0, 10)]));
    }
}
