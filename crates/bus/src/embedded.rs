//! The bus of one process: a journal a partition, SQLite for tables.
