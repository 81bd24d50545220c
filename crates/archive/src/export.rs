//! A span of a camera as one file.

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};

use flumen_base::{CameraId, Context, Error, Result};

use crate::reader::Reader;

impl Reader {
    /// [`Reader::video`] to a file: whole or not there at all. Gives its length.
    /// The sums of all files that it is made from are verified first. *Durability*: on return.
    ///
    /// # Errors
    /// As for [`Reader::video`], `DataLoss` when a segment is damaged, and what the file system
    /// answers.
    pub fn export(&self, camera: &CameraId, from_us: i64, to_us: i64, to: &Path) -> Result<u64> {
        let video = self.video(camera, from_us, to_us)?;
        for file in self.files(camera, from_us, to_us)? {
            if let Some(finding) = self.check_file(&file)? {
                return Err(Error::data_loss(format!(
                    "{}: {}: {}",
                    finding.where_, finding.what, finding.fix
                )));
            }
        }
        let mut part = to.as_os_str().to_owned();
        part.push(".part");
        let part = PathBuf::from(part);
        let written = write(video, &part).and_then(|bytes| {
            fs::rename(&part, to).context(format_args!(
                "rename {} to {}",
                part.display(),
                to.display()
            ))?;
            Ok(bytes)
        });
        if written.is_err() {
            let _ = fs::remove_file(&part); // the first error is the one to tell
        }
        let bytes = written?;
        let dir = to.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
        File::open(dir)
            .and_then(|d| d.sync_all())
            .context(format_args!("sync {}", dir.display()))?;
        Ok(bytes)
    }
}

fn write(video: crate::Video, part: &Path) -> Result<u64> {
    let what = || format!("write {}", part.display());
    let mut file = File::create(part).context(what())?;
    let mut bytes = 0;
    for piece in video {
        let piece = piece?;
        file.write_all(&piece).context(what())?;
        bytes += piece.len() as u64;
    }
    file.sync_all().context(what())?;
    Ok(bytes)
}
