//! Where a unit stands in its stream: next, again, after a hole, or in a new epoch.

use flumen_base::wire::PacketHeader;

use crate::meta::Meta;

/// How a unit follows the one before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Follows {
    /// Nothing is missing.
    Next,
    /// It was taken before, or belongs to an epoch that is over.
    Again,
    /// So many units are missing, or the sender says that some are.
    Hole(u64),
    /// A new connection; also the very first unit.
    Anew,
}

/// Compares a unit with the last one that was taken.
pub(crate) fn follows(last: Option<&Meta>, header: &PacketHeader) -> Follows {
    let Some(last) = last else { return Follows::Anew };
    if header.epoch != last.epoch {
        return if header.epoch < last.epoch { Follows::Again } else { Follows::Anew };
    }
    match header.sequence.checked_sub(last.sequence) {
        None | Some(0) => Follows::Again,
        Some(1) if header.discontinuity => Follows::Hole(0),
        Some(1) => Follows::Next,
        Some(n) => Follows::Hole(n - 1),
    }
}
