//! The promise of a place for files: local directory now, HDFS later.
//!
//! Invariants: paths are relative, of `/`-separated names without `.` and `..`; what was
//! finished, renamed and followed by `sync_dir` is there after a power cut.

use bytes::Bytes;
use flumen_base::Result;

/// A file in a store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Relative path.
    pub path: String,
    /// Length.
    pub bytes: u64,
}

/// A file that is being written.
pub trait Upload: Send {
    /// Appends.
    ///
    /// # Errors
    /// `Exhausted` when the disk is full, else `Unavailable`; the upload is then unusable.
    fn write(&mut self, data: &[u8]) -> Result<()>;

    /// Makes all that was written durable and closes. *Durability*: on return.
    ///
    /// # Errors
    /// As for `write`.
    fn finish(self: Box<Self>) -> Result<()>;
}

/// A place for files.
pub trait Store: Send + Sync {
    /// Begins a new file, in place of an old one of that name; makes its directories.
    ///
    /// # Errors
    /// `Invalid` for a bad path, `Exhausted` when the disk is full, else `Unavailable`.
    fn create(&self, path: &str) -> Result<Box<dyn Upload>>;

    /// Gives a finished file its name, in place of an old one.
    ///
    /// # Errors
    /// `NotFound` when there is no such file, else as for `create`.
    fn rename(&self, from: &str, to: &str) -> Result<()>;

    /// Makes names in the directory of `path` durable. *Durability*: on return.
    ///
    /// # Errors
    /// `Unavailable` when it can't be done.
    fn sync_dir(&self, path: &str) -> Result<()>;

    /// Length of a file.
    ///
    /// # Errors
    /// `NotFound` when there is no such file.
    fn len(&self, path: &str) -> Result<u64>;

    /// At most `length` bytes from `offset`; fewer only at the end of the file.
    ///
    /// # Errors
    /// `NotFound` when there is no such file, else `Unavailable`.
    fn read(&self, path: &str, offset: u64, length: usize) -> Result<Bytes>;

    /// All files below a directory, in order of their paths; none when it is missing.
    ///
    /// # Errors
    /// `Unavailable` when it can't be read.
    fn list(&self, dir: &str) -> Result<Vec<Entry>>;

    /// Removes a file; one that is gone already is no error.
    ///
    /// # Errors
    /// `Unavailable` when it can't be removed.
    fn delete(&self, path: &str) -> Result<()>;
}
