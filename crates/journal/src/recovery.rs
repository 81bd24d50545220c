//! Opening: which segments there are, where the log ends, what is torn and what is damaged.
//!
//! Invariants: only the last segment can be torn, since a segment begins when the one before
//! is durable; bad bytes at or behind the last known durable offset are a torn tail and are
//! cut; bad bytes before it are damage: told loudly, counted, left where they are; each opening
//! begins a new generation.
//! Not here: what readers are told of damage (`reader`), a scan of everything (`check`).

use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use flumen_base::{Context, Error, Result};

use crate::disk::{Disk, DiskFile, read_full, write_all};
use crate::format::{
    Head, RECORD_HEADER_BYTES, RecordKind, SEGMENT_HEADER_BYTES, SegmentHeader, parse_segment_name,
    segment_name,
};
use crate::index::Index;
use crate::scan::{Item, Payload, Scanner};
use crate::segment::Segment;

/// What opening a log found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// Bytes of a torn tail that were cut; never acknowledged.
    pub cut_bytes: u64,
    /// Offsets of the newest segment that are damaged (older segments are not read at opening).
    pub damaged: Vec<Range<u64>>,
    /// Segments whose head can't be read.
    pub lost_segments: u64,
}

pub(crate) struct Recovered {
    pub segments: Vec<Arc<Segment>>,
    pub next: u64,
    /// The generation that begins now.
    pub generation: u32,
    pub report: Report,
}

/// Finds the log in `dir`, cuts a torn tail and makes the rest durable.
pub(crate) fn recover(disk: &dyn Disk, dir: &Path) -> Result<Recovered> {
    let names = disk.list(dir).context(format!("list {}", dir.display()))?;
    let mut found: Vec<(u64, u32)> = names.iter().filter_map(|n| parse_segment_name(n)).collect();
    found.sort_unstable();
    let generation = found.iter().map(|f| f.1).max().unwrap_or(0) + 1;
    remove_unborn(disk, dir, &mut found)?;
    let kept = without_shadowed(disk, dir, &found)?;
    remove_stray_indexes(disk, dir, &names, &kept);
    let mut report = Report::default();
    let mut segments = Vec::with_capacity(kept.len());
    for (i, &(base, generation)) in kept.iter().enumerate() {
        let mut segment = Segment::new(dir, i as u64 + 1, base, generation);
        read_head(disk, &mut segment, &mut report)?;
        segments.push(segment);
    }
    let next = match segments.last_mut() {
        Some(last) => recover_last(disk, last, &mut report)?,
        None => 0,
    };
    // Names that were found or removed may not be durable yet.
    disk.sync_dir(dir).context(format!("sync {}", dir.display()))?;
    let segments = segments.into_iter().map(Arc::new).collect();
    Ok(Recovered { segments, next, generation, report })
}

/// Segments without a whole head and with nothing behind it: the head was never durable, so they
/// never took a record.
fn remove_unborn(disk: &dyn Disk, dir: &Path, found: &mut Vec<(u64, u32)>) -> Result<()> {
    let mut born = Vec::with_capacity(found.len());
    for &(base, generation) in found.iter() {
        let path = dir.join(segment_name(base, generation));
        let shown = path.display();
        let file = disk.open(&path, false).context(format!("open {shown}"))?;
        let length = file.length().context(format!("length of {shown}"))?;
        let head = head_of(file.as_ref()).context(format!("read {shown}"))?;
        let whole = length == SEGMENT_HEADER_BYTES && head != Head::Bad;
        if whole || length > SEGMENT_HEADER_BYTES {
            born.push((base, generation));
        } else {
            tracing::warn!(segment = %shown, length, "unfinished segment removed");
            disk.remove(&path).context(format!("remove unfinished {shown}"))?;
        }
    }
    *found = born;
    Ok(())
}

pub(crate) fn head_of(file: &dyn DiskFile) -> std::io::Result<Head> {
    let mut head = vec![0; SEGMENT_HEADER_BYTES as usize];
    let read = read_full(file, &mut head, 0)?;
    Ok(SegmentHeader::decode(head.get(..read).unwrap_or_default()))
}

/// Of segments that begin at the same offset only the newest holds records.
fn without_shadowed(disk: &dyn Disk, dir: &Path, found: &[(u64, u32)]) -> Result<Vec<(u64, u32)>> {
    let mut kept = Vec::with_capacity(found.len());
    for (i, &(base, generation)) in found.iter().enumerate() {
        if found.get(i + 1).is_some_and(|next| next.0 == base) {
            let path = dir.join(segment_name(base, generation));
            disk.remove(&path).context(format!("remove empty {}", path.display()))?;
        } else {
            kept.push((base, generation));
        }
    }
    Ok(kept)
}

fn remove_stray_indexes(disk: &dyn Disk, dir: &Path, names: &[String], kept: &[(u64, u32)]) {
    for name in names {
        let Some(stem) = name.strip_suffix(".idx") else { continue };
        let known = parse_segment_name(&format!("{stem}.log")).is_some_and(|s| kept.contains(&s));
        if !known {
            let _ = disk.remove(&dir.join(name));
        }
    }
}

/// Reads a segment's head; a bad one means that the whole segment is lost.
fn read_head(disk: &dyn Disk, segment: &mut Segment, report: &mut Report) -> Result<()> {
    let shown = segment.path.display().to_string();
    let file = segment.open(disk).context(format!("open {shown}"))?;
    segment.set_length(file.length().context(format!("length of {shown}"))?);
    match head_of(file.as_ref()).context(format!("read {shown}"))? {
        Head::Good(h) if (h.base, h.generation) == (segment.base, segment.generation) => {
            segment.salt = Some(h.salt);
        }
        Head::Newer(version) => {
            return Err(Error::unsupported(format!(
                "{shown} has format version {version}, newer than this build knows: run a newer \
                 flumen"
            )));
        }
        _ => {
            report.lost_segments += 1;
            tracing::error!(segment = %shown, bytes = segment.length(), "damaged: bad head");
        }
    }
    Ok(())
}

/// One place of bytes that are no records, and what is known around it.
pub(crate) struct BadSpot {
    pub position: u64,
    pub offset: u64,
}

/// What a walk through the last segment found.
pub(crate) struct Walk {
    pub index: Index,
    pub records: u64,
    /// Behind the last record.
    pub next: u64,
    /// All below is durable, as far as the log itself tells.
    floor: u64,
    /// Where the last record below the floor ends: what was durable then ends here.
    floor_position: u64,
    /// First bad bytes at or behind the floor.
    pub torn: Option<BadSpot>,
    pub damaged: Vec<Range<u64>>,
}

/// Scans the last segment; returns the offset of the next record.
fn recover_last(disk: &dyn Disk, segment: &mut Segment, report: &mut Report) -> Result<u64> {
    let shown = segment.path.display().to_string();
    let length = segment.length();
    let Some(salt) = segment.salt else {
        // It may have held so many: none of those offsets is given out again.
        let most = length.saturating_sub(SEGMENT_HEADER_BYTES) / RECORD_HEADER_BYTES;
        return Ok(segment.base + most);
    };
    let file = disk.open(&segment.path, true).context(format!("open {shown}"))?;
    let floor = floor_of(&file, salt, length, segment.base).context(format!("read {shown}"))?;
    let walk = walk(&file, salt, length, segment.base, floor).context(format!("read {shown}"))?;
    if let Some(torn) = &walk.torn {
        report.cut_bytes = length - torn.position;
        tracing::warn!(
            segment = %shown, position = torn.position, offset = torn.offset,
            bytes = report.cut_bytes, "torn tail cut; nothing of it was acknowledged"
        );
        file.set_length(torn.position).context(format!("cut {shown}"))?;
        segment.set_length(torn.position);
    }
    for range in &walk.damaged {
        tracing::error!(segment = %shown, from = range.start, to = range.end, "damaged records");
    }
    report.damaged = walk.damaged;
    let unproven = walk.floor_position..segment.length();
    make_durable(file.as_ref(), unproven).context(format!("sync {shown}"))?;
    segment.set_index(walk.index);
    Ok(walk.next)
}

/// What was found behind the floor may be in memory only, and after a failed sync of an earlier
/// process the system may take it for written: so it is written again, and synced.
fn make_durable(file: &dyn DiskFile, unproven: Range<u64>) -> std::io::Result<()> {
    let mut buffer = vec![0; 1 << 20];
    let mut at = unproven.start;
    while at < unproven.end {
        let piece = buffer.len().min((unproven.end - at) as usize);
        let read = read_full(file, buffer.get_mut(..piece).unwrap_or_default(), at)?;
        if read == 0 {
            break;
        }
        write_all(file, buffer.get(..read).unwrap_or_default(), at)?;
        at += read as u64;
    }
    file.sync()
}

/// The highest offset below which all was durable, by the marks that can be found.
pub(crate) fn floor_of(
    file: &Arc<dyn DiskFile>,
    salt: u64,
    length: u64,
    base: u64,
) -> std::io::Result<u64> {
    let mut scanner = Scanner::new(file.clone(), salt, SEGMENT_HEADER_BYTES);
    let mut floor = base;
    loop {
        match scanner.step(length, Payload::Jump)? {
            Item::Record { header, .. } if header.kind == RecordKind::Mark => {
                floor = floor.max(header.offset);
            }
            Item::End { .. } => return Ok(floor),
            _ => {}
        }
    }
}

/// Walks through a segment of which all below `floor` was durable once.
pub(crate) fn walk(
    file: &Arc<dyn DiskFile>,
    salt: u64,
    length: u64,
    base: u64,
    floor: u64,
) -> std::io::Result<Walk> {
    let mut scanner = Scanner::new(file.clone(), salt, SEGMENT_HEADER_BYTES);
    let index = Index::default();
    let mut walk = Walk {
        index,
        records: 0,
        next: base,
        floor,
        floor_position: SEGMENT_HEADER_BYTES,
        torn: None,
        damaged: Vec::new(),
    };
    while walk.torn.is_none() {
        match scanner.step(length, Payload::Check)? {
            Item::Record { header, .. } if header.kind == RecordKind::Mark => {}
            Item::Record { header, position, .. } => {
                walk.take(header.offset, header.timestamp_us, position, scanner.position());
            }
            Item::BadPayload { position } | Item::Skipped { position } => walk.bad(position),
            Item::End { clean, position } => {
                if !clean {
                    walk.bad(position);
                }
                break;
            }
        }
    }
    walk.finish();
    Ok(walk)
}

impl Walk {
    fn take(&mut self, offset: u64, timestamp_us: i64, position: u64, end: u64) {
        if offset > self.next {
            // A hole that begins behind the floor can't be damage: cut there.
            if self.next >= self.floor {
                self.torn = Some(BadSpot { position, offset: self.next });
                return;
            }
            self.damaged.push(self.next..offset);
        } else if offset < self.next {
            return;
        }
        self.index.note(offset, timestamp_us, position);
        if offset < self.floor {
            self.floor_position = end;
        }
        self.records += 1;
        self.next = offset + 1;
    }

    fn bad(&mut self, position: u64) {
        if self.next >= self.floor {
            self.torn = Some(BadSpot { position, offset: self.next });
        }
    }

    fn finish(&mut self) {
        if self.next < self.floor {
            self.damaged.push(self.next..self.floor);
            self.next = self.floor;
        }
    }
}
