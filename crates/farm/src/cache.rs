//! A clip as one file: what it is, its access units, a checksum over all of it.
//!
//! Layout, all numbers little-endian: "FLUMCLIP", then the spec's text (u32 length, bytes),
//! the number of units (u32), each unit (pts i64, dts i64, key u8, length u32, bytes), and
//! the CRC-32C of everything before it (u32). The file's name tells the spec and [`VERSION`].
//! Invariants: a file is complete or not there; what does not match its spec is not used.

use std::path::Path;
use std::sync::atomic::{AtomicU32, Ordering};

use bytes::{Buf, BufMut, Bytes};
use flumen_base::{Context, Error, Result};

use crate::SceneSpec;
use crate::clip::ClipUnit;

const MAGIC: &[u8; 8] = b"FLUMCLIP";
/// Grows whenever scenes look or move differently, so that old files are not used.
const VERSION: u32 = 5;

/// Longest name of a spec's file before its checksum; longer ones end in one of the whole.
const MAX_NAME: usize = 160;

/// The name of a spec's file.
pub(crate) fn file_name(spec: &SceneSpec) -> String {
    let whole = spec.to_string();
    let mut text: String = whole
        .chars()
        .skip("synthetic:".len())
        .map(|c| if c.is_ascii_alphanumeric() { c } else { '-' })
        .collect();
    if text.len() > MAX_NAME {
        text.truncate(MAX_NAME);
        text += &format!("-{:08x}", crc32c::crc32c(whole.as_bytes()));
    }
    format!("{text}-v{VERSION}.clip")
}

/// Writes a clip beside its place and moves it there.
pub(crate) fn write(path: &Path, spec: &SceneSpec, units: &[ClipUnit]) -> Result<()> {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let text = spec.to_string();
    let mut out = Vec::with_capacity(
        64 + text.len() + units.iter().map(|u| u.data.len() + 21).sum::<usize>(),
    );
    out.put_slice(MAGIC);
    out.put_u32_le(text.len() as u32);
    out.put_slice(text.as_bytes());
    out.put_u32_le(units.len() as u32);
    for unit in units {
        out.put_i64_le(unit.pts_us);
        out.put_i64_le(unit.dts_us);
        out.put_u8(u8::from(unit.key));
        out.put_u32_le(unit.data.len() as u32);
        out.put_slice(&unit.data);
    }
    let sum = crc32c::crc32c(&out);
    out.put_u32_le(sum);
    let tmp = path.with_extension(format!(
        "{}-{}.tmp",
        std::process::id(),
        COUNT.fetch_add(1, Ordering::Relaxed)
    ));
    let done =
        std::fs::write(&tmp, &out).context(format!("write {}", tmp.display())).and_then(|()| {
            std::fs::rename(&tmp, path).context(format!("rename to {}", path.display()))
        });
    if done.is_err() {
        // What is left of a full disk's file only takes more room.
        let _ = std::fs::remove_file(&tmp);
    }
    done
}

/// Reads the clip of a spec.
///
/// # Errors
/// `NotFound` when there is none, `DataLoss` when the file is damaged or of another spec.
pub(crate) fn read(path: &Path, spec: &SceneSpec) -> Result<Vec<ClipUnit>> {
    let whole = Bytes::from(std::fs::read(path).context(format!("read {}", path.display()))?);
    parse(&whole, spec)
        .ok_or_else(|| Error::data_loss(format!("{}: damaged, or of another spec", path.display())))
}

fn parse(whole: &Bytes, spec: &SceneSpec) -> Option<Vec<ClipUnit>> {
    let mut rest = whole.clone();
    let mut sum = rest.split_off(rest.len().checked_sub(4)?);
    if crc32c::crc32c(&rest) != sum.get_u32_le() || !rest.starts_with(MAGIC) {
        return None;
    }
    rest.advance(MAGIC.len());
    let length = rest.try_get_u32_le().ok()? as usize;
    if take(&mut rest, length)? != spec.to_string().as_bytes() {
        return None;
    }
    let count = rest.try_get_u32_le().ok()?;
    (0..count)
        .map(|_| {
            let (pts_us, dts_us) = (rest.try_get_i64_le().ok()?, rest.try_get_i64_le().ok()?);
            let key = rest.try_get_u8().ok()? != 0;
            let length = rest.try_get_u32_le().ok()? as usize;
            Some(ClipUnit { data: take(&mut rest, length)?, pts_us, dts_us, key })
        })
        .collect()
}

fn take(rest: &mut Bytes, length: usize) -> Option<Bytes> {
    (length <= rest.len()).then(|| rest.split_to(length))
}
