//! The words of Flumen: ids, media time, packets, results, the one error.
