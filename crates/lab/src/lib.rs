//! Files through the analyzer, scores, benches, checkers.
