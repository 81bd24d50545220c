//! `flumen export`: a span of the archive as one file.
//!
//! Invariants: the file appears under its name only when it is whole.

use std::io::{Read, Write};
use std::path::PathBuf;

use clap::Args;
use flumen_base::{CameraId, Clock, Context, Error, Result, SystemClock};

use crate::client::Client;
use crate::{Site, lock, show};

/// Write a span of a camera's archive to a file, without transcoding
///
/// Example: flumen export yard --from -10min --to now --out yard.mp4
#[derive(Args)]
pub struct Export {
    /// The camera.
    camera: CameraId,
    /// Begin: 2026-01-31T12:00:00Z, or "-10min" before now.
    #[arg(long, allow_hyphen_values = true)]
    from: String,
    /// End, in the same form.
    #[arg(long, default_value = "now", allow_hyphen_values = true)]
    to: String,
    /// The file; CAMERA-BEGIN.mp4 when not given.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

pub fn run(site: &Site, args: &Export) -> Result<()> {
    let now = SystemClock.wall_us();
    let from =
        show::parse_time(&args.from, now).map_err(|e| Error::invalid(format!("--from: {e}")))?;
    let to = show::parse_time(&args.to, now).map_err(|e| Error::invalid(format!("--to: {e}")))?;
    if from >= to {
        return Err(Error::invalid(format!("--from {} is not before --to {}", args.from, args.to)));
    }
    let out = args.out.clone().unwrap_or_else(|| {
        PathBuf::from(format!("{}-{}.mp4", args.camera, show::utc(from).replace([':', '.'], "")))
    });
    let bytes = if lock::owner(&site.data).is_some() {
        let client = Client::of(site)?;
        let path = format!(
            "/api/v1/cameras/{}/video.mp4?from_us={from}&to_us={to}&download=1",
            args.camera
        );
        whole(&out, chunks(client.read(&path)?))?
    } else {
        let reader = flumen_archive::Reader::open(&site.data.join("archive"))?;
        reader.export(&args.camera, from, to, &out)?
    };
    println!("{}: {bytes} bytes, {} to {}", out.display(), show::utc(from), show::utc(to));
    Ok(())
}

fn chunks(mut from: impl Read) -> impl Iterator<Item = Result<Vec<u8>>> {
    std::iter::from_fn(move || {
        let mut buffer = vec![0; 256 << 10];
        match from.read(&mut buffer) {
            Ok(0) => None,
            Ok(n) => {
                buffer.truncate(n);
                Some(Ok(buffer))
            }
            Err(e) => Some(Err(Error::io("read the archive", e))),
        }
    })
}

fn whole(out: &PathBuf, parts: impl Iterator<Item = Result<Vec<u8>>>) -> Result<u64> {
    let mut name = out.clone().into_os_string();
    name.push(".part");
    let part = PathBuf::from(name);
    let written = write(&part, parts);
    match written {
        Ok(0) => Err(Error::not_found("nothing is archived in that span")),
        Ok(bytes) => {
            std::fs::rename(&part, out).context(format!(
                "rename {} to {}",
                part.display(),
                out.display()
            ))?;
            return Ok(bytes);
        }
        Err(e) => Err(e),
    }
    .inspect_err(|_| _ = std::fs::remove_file(&part))
}

fn write(part: &PathBuf, parts: impl Iterator<Item = Result<Vec<u8>>>) -> Result<u64> {
    let told = || format!("write {}", part.display());
    let mut file = std::fs::File::create(part).context(told())?;
    let mut bytes = 0;
    for chunk in parts {
        let chunk = chunk?;
        file.write_all(&chunk).context(told())?;
        bytes += chunk.len() as u64;
    }
    file.sync_all().context(told())?;
    Ok(bytes)
}
