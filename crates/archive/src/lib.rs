//! The bus to files that last: segments, rows, days, retention.
