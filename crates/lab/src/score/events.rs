//! Events against spans of truth, with tolerance.
//!
//! Units: seconds from the start of the clip.

use serde::Serialize;

use super::Counts;

/// Something that happened from one time to another.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Span {
    /// What, spelled as in the truth.
    pub kind: String,
    /// Where; empty = anywhere.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub zone: String,
    /// First moment.
    pub begin_s: f64,
    /// Last moment.
    pub end_s: f64,
}

impl Span {
    /// Something anywhere.
    pub fn new(kind: &str, begin_s: f64, end_s: f64) -> Span {
        Span { kind: kind.to_owned(), zone: String::new(), begin_s, end_s }
    }

    fn alike(&self, other: &Span) -> bool {
        self.kind == other.kind
            && (self.zone.is_empty() || other.zone.is_empty() || self.zone == other.zone)
    }
}

/// How far from the truth an event may begin.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Tolerance {
    /// Earlier by at most this.
    pub before_s: f64,
    /// Later by at most this.
    pub late_s: f64,
}

/// Spans of one kind in the order of time, those at most `gap_s` apart joined.
pub fn join(spans: Vec<Span>, gap_s: f64) -> Vec<Span> {
    let mut joined: Vec<Span> = Vec::with_capacity(spans.len());
    for span in spans {
        match joined.last_mut() {
            Some(last) if span.begin_s - last.end_s <= gap_s => {
                last.end_s = last.end_s.max(span.end_s)
            }
            _ => joined.push(span),
        }
    }
    joined
}

/// Scores found events: a true span is found when an event of its kind begins no earlier than
/// `before_s` before it and no later than `late_s` after its begin, or already lasts then; an
/// event is false when it touches no span of `truth` or `allowed` of its kind, `before_s` and
/// `late_s` around it.
pub fn score_spans(
    truth: &[Span],
    found: &[Span],
    allowed: &[Span],
    tolerance: Tolerance,
) -> Counts {
    let Tolerance { before_s, late_s } = tolerance;
    let hits = |t: &Span, f: &Span| {
        t.alike(f)
            && f.begin_s <= (t.begin_s + late_s).min(t.end_s + before_s)
            && f.end_s >= t.begin_s - before_s
    };
    let touches = |t: &Span, f: &Span| {
        t.alike(f) && f.begin_s <= t.end_s + late_s && f.end_s >= t.begin_s - before_s
    };
    let tp = truth.iter().filter(|t| found.iter().any(|f| hits(t, f))).count();
    let known = || truth.iter().chain(allowed);
    let fp = found.iter().filter(|f| !known().any(|t| touches(t, f))).count();
    Counts::new(tp as u64, fp as u64, (truth.len() - tp) as u64)
}

/// Scores events of which each happening has one: pairs in the order of time, each event
/// serving one happening at most. An event that serves none is false, unless it begins within
/// a span of `allowed` of its kind.
pub fn score_single(
    truth: &[Span],
    found: &[Span],
    allowed: &[Span],
    tolerance: impl Fn(&str) -> Tolerance,
) -> Counts {
    let mut order: Vec<&Span> = truth.iter().collect();
    order.sort_by(|a, b| a.begin_s.total_cmp(&b.begin_s));
    let mut free: Vec<&Span> = found.iter().collect();
    let mut tp = 0;
    for t in order {
        let Tolerance { before_s, late_s } = tolerance(&t.kind);
        let fits = |f: &Span| {
            t.alike(f) && f.begin_s >= t.begin_s - before_s && f.begin_s <= t.begin_s + late_s
        };
        let near = |f: &Span| (f.begin_s - t.begin_s).abs();
        let best = (0..free.len()).filter(|i| free.get(*i).is_some_and(|f| fits(f))).min_by(
            |a, b| match (free.get(*a), free.get(*b)) {
                (Some(a), Some(b)) => near(a).total_cmp(&near(b)),
                _ => std::cmp::Ordering::Equal,
            },
        );
        if let Some(i) = best {
            free.swap_remove(i);
            tp += 1;
        }
    }
    let fine = |f: &Span| {
        let mut of_kind = allowed.iter().filter(|a| a.alike(f));
        of_kind.any(|a| (a.begin_s..=a.end_s).contains(&f.begin_s))
    };
    let fp = free.into_iter().filter(|f| !fine(f)).count();
    Counts::new(tp, fp as u64, truth.len() as u64 - tp)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOLERANCE: Tolerance = Tolerance { before_s: 0.5, late_s: 2.0 };

    fn span(kind: &str, begin_s: f64, end_s: f64) -> Span {
        Span::new(kind, begin_s, end_s)
    }

    fn counts(score: Counts) -> (u64, u64, u64) {
        (score.tp, score.fp, score.r#fn)
    }

    #[test]
    fn what_is_hidden_for_a_moment_is_one_happening() {
        let spans =
            vec![span("motion", 1.0, 2.0), span("motion", 2.8, 3.0), span("motion", 9.0, 9.5)];
        assert_eq!(join(spans, 1.0), [span("motion", 1.0, 3.0), span("motion", 9.0, 9.5)]);
    }

    #[test]
    fn late_wrong_and_second_events() {
        let truth = [span("freeze", 10.0, 14.0), span("covered", 20.0, 24.0)];
        let score = |found: &[Span]| score_spans(&truth, found, &[], TOLERANCE);
        assert_eq!(score(&[span("freeze", 11.5, 14.5), span("covered", 20.0, 24.0)]).f1, 1.0);
        let late = [span("freeze", 12.5, 14.0), span("covered", 20.0, 24.0)];
        assert_eq!(counts(score(&late)), (1, 0, 1));
        let wrong =
            [span("covered", 10.0, 14.0), span("covered", 20.0, 24.0), span("freeze", 10.0, 11.0)];
        assert_eq!(counts(score(&wrong)), (2, 1, 0));
    }

    #[test]
    fn one_event_serves_one_happening() {
        let truth = [span("cross", 10.0, 10.0), span("cross", 10.5, 10.5)];
        let score = |found: &[Span]| counts(score_single(&truth, found, &[], |_| TOLERANCE));
        assert_eq!(score(&[span("cross", 10.1, 10.1)]), (1, 0, 1));
        assert_eq!(score(&[span("cross", 10.1, 10.1), span("cross", 12.0, 12.0)]), (2, 0, 0));
        // A third event for two happenings, one too early, one too late, one of another kind.
        let third =
            [span("cross", 10.0, 10.0), span("cross", 10.4, 11.0), span("cross", 10.6, 11.0)];
        assert_eq!(score(&third), (2, 1, 0));
        assert_eq!(score(&[span("cross", 9.4, 99.0)]), (0, 1, 2));
        assert_eq!(score(&[span("cross", 12.6, 13.0)]), (0, 1, 2));
        assert_eq!(score(&[span("loiter", 10.0, 10.0)]), (0, 1, 2));
    }

    #[test]
    fn zones_must_agree_and_the_allowed_is_not_false() {
        let at =
            |zone: &str, begin_s| Span { zone: zone.into(), ..span("cross", begin_s, begin_s) };
        let truth = [at("line", 10.0)];
        let score = |found: &[Span], allowed: &[Span]| {
            counts(score_single(&truth, found, allowed, |_| TOLERANCE))
        };
        assert_eq!(score(&[at("line", 10.0)], &[]), (1, 0, 0));
        assert_eq!(score(&[at("door", 10.0)], &[]), (0, 1, 1));
        assert_eq!(
            score(&[at("", 10.0), at("line", 30.0)], &[span("cross", 29.0, 31.0)]),
            (1, 0, 0)
        );
        assert_eq!(
            counts(score_spans(&[], &[span("m", 1.0, 2.0)], &[span("m", 0.0, 3.0)], TOLERANCE)),
            (0, 0, 0)
        );
    }
}
