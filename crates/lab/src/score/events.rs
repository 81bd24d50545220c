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
    fn what_is_hidden_for_a_moment_is_one_happening() {
        let spans =
            vec![span("motion", 1.0, 2.0), span("motion", 2.8, 3.0), span("motion", 9.0, 9.5)];
        assert_eq!(join(spans, 1.0), [span("motion", 1.0, 3.0), span("motion", 9.0, 9.5)]);
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
