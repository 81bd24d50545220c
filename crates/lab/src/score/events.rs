//! Events against spans of truth, with tolerance.
//!
//! Units: seconds from the start of the clip.

use super::Counts;

/// Something that happened from one time to another.
#[derive(Clone, Debug, PartialEq)]
pub struct Span {
    /// What, spelled as in the truth.
    pub kind: String,
    /// First moment.
    pub begin_s: f64,
    /// Last moment.
    pub end_s: f64,
}

/// Scores found events: a true span is found when an event of its kind begins no earlier than
/// `before_s` before it and no later than `late_s` after its begin, or already lasts then; an
/// event is false when it touches no true span of its kind, `before_s` and `late_s` around it.
pub fn score_events(truth: &[Span], found: &[Span], before_s: f64, late_s: f64) -> Counts {
    let hits = |t: &Span, f: &Span| {
        t.kind == f.kind
            && f.begin_s <= (t.begin_s + late_s).min(t.end_s + before_s)
            && f.end_s >= t.begin_s - before_s
    };
    let touches = |t: &Span, f: &Span| {
        t.kind == f.kind && f.begin_s <= t.end_s + late_s && f.end_s >= t.begin_s - before_s
    };
    let tp = truth.iter().filter(|t| found.iter().any(|f| hits(t, f))).count();
    let fp = found.iter().filter(|f| !truth.iter().any(|t| touches(t, f))).count();
    Counts::new(tp as u64, fp as u64, (truth.len() - tp) as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn span(kind: &str, begin_s: f64, end_s: f64) -> Span {
        Span { kind: kind.into(), begin_s, end_s }
    }

    #[test]
    fn late_wrong_and_second_events() {
        let truth = [span("freeze", 10.0, 14.0), span("covered", 20.0, 24.0)];
        let good = [span("freeze", 11.5, 14.5), span("covered", 20.0, 24.0)];
        assert_eq!(score_events(&truth, &good, 0.5, 2.0).f1, 1.0);
        let late = [span("freeze", 12.5, 14.0), span("covered", 20.0, 24.0)];
        let score = score_events(&truth, &late, 0.5, 2.0);
        assert_eq!((score.tp, score.fp, score.r#fn), (1, 0, 1));
        let wrong =
            [span("covered", 10.0, 14.0), span("covered", 20.0, 24.0), span("freeze", 10.0, 11.0)];
        let score = score_events(&truth, &wrong, 0.5, 2.0);
        assert_eq!((score.tp, score.fp, score.r#fn), (2, 1, 0));
    }
}
