//! A file of a store as `std::io::Read`, in pieces.

use std::io::Read;
use std::sync::Arc;

use bytes::{Buf, Bytes};

use crate::store::Store;

const PIECE: usize = 1 << 20;

/// Reads a file from its beginning.
pub(crate) struct Source {
    store: Arc<dyn Store>,
    path: String,
    offset: u64,
    piece: Bytes,
}

impl Source {
    /// A reader of `path`; opens nothing yet.
    pub(crate) fn new(store: Arc<dyn Store>, path: &str) -> Source {
        Source { store, path: path.to_owned(), offset: 0, piece: Bytes::new() }
    }
}

impl Read for Source {
    fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
        if self.piece.is_empty() {
            self.piece =
                self.store.read(&self.path, self.offset, PIECE).map_err(std::io::Error::other)?;
            self.offset += self.piece.len() as u64;
        }
        let n = self.piece.len().min(into.len());
        if let Some(into) = into.get_mut(..n) {
            self.piece.copy_to_slice(into);
        }
        Ok(n)
    }
}
