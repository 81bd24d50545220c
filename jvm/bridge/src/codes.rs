//! From an error's kind to the code that Java sees.
//!
//! The numbers cross the boundary and never change; `flumen.bridge.BridgeException.Code` has
//! the same, in the same order.

use flumen_base::Kind;

/// The code of a kind; 0 means that all went well.
pub fn code(kind: Kind) -> u8 {
    match kind {
        Kind::Invalid => 1,
        Kind::NotFound => 2,
        Kind::Unsupported => 3,
        Kind::Unavailable => 4,
        Kind::Exhausted => 5,
        Kind::DataLoss => 6,
        Kind::Cancelled => 7,
        Kind::Internal => 8,
    }
}

/// One line `code name` a kind, for Java's test of its own table.
pub(crate) fn table() -> String {
    Kind::ALL.iter().map(|&kind| format!("{} {}\n", code(kind), kind.name())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_has_a_code_of_its_own() {
        let codes: Vec<u8> = Kind::ALL.into_iter().map(code).collect();
        assert_eq!(codes, [1, 2, 3, 4, 5, 6, 7, 8]);
        assert_eq!(table().lines().nth(5), Some("6 data-loss"));
    }
}
