//! A directory of this machine as a store.

use std::fs::{self, File};
use std::io::Write;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use bytes::Bytes;
use flumen_base::{Context, Error, Result};

use crate::store::{Entry, Store, Upload};

/// Most bytes that one `read` gives.
const READ_MAX: usize = 64 << 20;

/// A store in a local directory.
#[derive(Clone, Debug)]
pub struct LocalStore {
    root: PathBuf,
}

impl LocalStore {
    /// A store below `root`, which is made when missing.
    ///
    /// # Errors
    /// What the file system answers.
    pub fn open(root: &Path) -> Result<LocalStore> {
        fs::create_dir_all(root).context(format_args!("make {}", root.display()))?;
        Ok(LocalStore { root: root.to_owned() })
    }

    fn place(&self, path: &str) -> Result<PathBuf> {
        let bad =
            |name: &str| name.is_empty() || name == "." || name == ".." || name.contains('\\');
        if path.split('/').any(bad) {
            return Err(Error::invalid(format!("{path:?} is not a path of the store")));
        }
        Ok(self.root.join(path))
    }
}

struct LocalUpload {
    file: File,
    path: PathBuf,
}

impl Upload for LocalUpload {
    fn write(&mut self, data: &[u8]) -> Result<()> {
        self.file.write_all(data).context(format_args!("write {}", self.path.display()))
    }

    fn finish(self: Box<Self>) -> Result<()> {
        self.file.sync_all().context(format_args!("sync {}", self.path.display()))
    }
}

impl Store for LocalStore {
    fn create(&self, path: &str) -> Result<Box<dyn Upload>> {
        let path = self.place(path)?;
        make_dirs(&self.root, path.parent().unwrap_or(&self.root))?;
        let file = File::create(&path).context(format_args!("create {}", path.display()))?;
        Ok(Box::new(LocalUpload { file, path }))
    }

    fn rename(&self, from: &str, to: &str) -> Result<()> {
        let (from, to) = (self.place(from)?, self.place(to)?);
        make_dirs(&self.root, to.parent().unwrap_or(&self.root))?;
        fs::rename(&from, &to).context(format_args!(
            "rename {} to {}",
            from.display(),
            to.display()
        ))
    }

    fn sync_dir(&self, path: &str) -> Result<()> {
        let path = self.place(path)?;
        sync_directory(path.parent().unwrap_or(&self.root))
    }

    fn len(&self, path: &str) -> Result<u64> {
        let path = self.place(path)?;
        Ok(fs::metadata(&path).context(format_args!("look at {}", path.display()))?.len())
    }

    fn read(&self, path: &str, offset: u64, length: usize) -> Result<Bytes> {
        let path = self.place(path)?;
        let what = || format!("read {}", path.display());
        let file = File::open(&path).context(what())?;
        let rest = file.metadata().context(what())?.len().saturating_sub(offset);
        let length = usize::try_from(rest).unwrap_or(usize::MAX).min(length).min(READ_MAX);
        let mut data = vec![0; length];
        file.read_exact_at(&mut data, offset).context(what())?;
        Ok(data.into())
    }

    fn list(&self, dir: &str) -> Result<Vec<Entry>> {
        let mut found = Vec::new();
        walk(&self.place(dir)?, dir, &mut found)?;
        found.sort_by(|a, b| a.path.cmp(&b.path));
        Ok(found)
    }

    fn delete(&self, path: &str) -> Result<()> {
        let path = self.place(path)?;
        match fs::remove_file(&path) {
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(()),
            other => other.context(format_args!("remove {}", path.display())),
        }
    }
}

/// Makes `dir` below `root`, each new name durable in its parent.
fn make_dirs(root: &Path, dir: &Path) -> Result<()> {
    if dir.is_dir() || dir == root {
        return Ok(());
    }
    let parent = dir.parent().unwrap_or(root);
    make_dirs(root, parent)?;
    match fs::create_dir(dir) {
        Err(e) if e.kind() != std::io::ErrorKind::AlreadyExists => {
            return Err(Error::io(format_args!("make {}", dir.display()), e));
        }
        _ => {}
    }
    sync_directory(parent)
}

fn sync_directory(dir: &Path) -> Result<()> {
    File::open(dir).and_then(|d| d.sync_all()).context(format_args!("sync {}", dir.display()))
}

fn walk(dir: &Path, relative: &str, found: &mut Vec<Entry>) -> Result<()> {
    let entries = match fs::read_dir(dir) {
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        other => other.context(format_args!("list {}", dir.display()))?,
    };
    for entry in entries {
        let entry = entry.context(format_args!("list {}", dir.display()))?;
        let path = format!("{relative}/{}", entry.file_name().to_string_lossy());
        let about = match entry.metadata() {
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => continue, // removed meanwhile
            other => other.context(format_args!("look at {path}"))?,
        };
        if about.is_dir() {
            walk(&entry.path(), &path, found)?;
        } else {
            found.push(Entry { path, bytes: about.len() });
        }
    }
    Ok(())
}
