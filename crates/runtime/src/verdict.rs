//! From an error's kind to what the runtime does: begin again, or stop.

use flumen_base::Kind;

/// What follows from an error outside of a single record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Try again with a back-off: a read that failed, an analyzer that broke.
    Restart,
    /// Trying again can't help: a person must change something. The part that failed stays
    /// stopped, its neighbours go on.
    Stop,
}

/// Restart or stop, for each kind.
pub fn verdict(kind: Kind) -> Verdict {
    match kind {
        Kind::Unavailable | Kind::Exhausted | Kind::DataLoss | Kind::Internal => Verdict::Restart,
        Kind::Invalid | Kind::NotFound | Kind::Unsupported | Kind::Cancelled => Verdict::Stop,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_has_its_verdict() {
        let restart: Vec<&str> = Kind::ALL
            .into_iter()
            .filter(|&k| verdict(k) == Verdict::Restart)
            .map(Kind::name)
            .collect();
        assert_eq!(restart, ["unavailable", "exhausted", "data-loss", "internal"]);
    }
}
