//! What the tests share: footage, a bus with it, a recorder driven by hand, a store that fails.

use std::path::Path;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use bytes::Bytes;
use flumen_base::wire::{Codec, Marker, PacketHeader, Stream};
use flumen_base::{CameraId, Error, Frame, Plane, Result, topic};
use flumen_bus::{
    Bus, Change, Consumer, Embedded, EmbeddedConfig, Pending, Record, Start, Table, Visibility,
    Watermark,
};
use flumen_media::{Encoded, Encoder, EncoderConfig, nal};
use prost::Message;

use crate::recorder::Recorder;
use crate::store::{Entry, Store, Upload};
use crate::{ArchiveConfig, LocalStore};

/// Pictures a second, and in a group.
pub(super) const RATE: i64 = 10;
pub(super) const GROUP: u64 = 5;
pub(super) const STEP_US: i64 = 1_000_000 / RATE;
/// Media time of the first picture: 2027-01-15 08:00 UTC.
pub(super) const ZERO_US: i64 = 1_800_000_000_000_000;

fn coded(size: (u32, u32), b_frames: u32) -> Vec<Encoded> {
    let config = EncoderConfig {
        gop: GROUP as u32,
        b_frames,
        preset: "ultrafast".into(),
        ..EncoderConfig::new(Codec::H264, size.0, size.1, RATE as u32)
    };
    let (w, h) = (size.0 as usize, size.1 as usize);
    let mut encoder = Encoder::open(&config).unwrap();
    let mut out = Vec::new();
    for n in 0..60 {
        let luma: Vec<u8> = (0..w * h).map(|i| (i % w + i / w + n * 3) as u8).collect();
        let chroma = vec![128; w * h / 4];
        let plane = |data, w, h| Plane::new(data, w, w, h).unwrap();
        let frame = Frame {
            luma: plane(&luma, w, h),
            u: Some(plane(&chroma, w / 2, h / 2)),
            v: Some(plane(&chroma, w / 2, h / 2)),
            pts_us: n as i64 * STEP_US,
        };
        out.extend(encoder.push(&frame, false).unwrap());
    }
    out.extend(encoder.finish().unwrap());
    out
}

/// Sixty pictures, a key frame every half second.
pub(super) fn film() -> &'static [Encoded] {
    static FILM: OnceLock<Vec<Encoded>> = OnceLock::new();
    FILM.get_or_init(|| coded((64, 48), 0))
}

/// The same with B frames.
pub(super) fn film_b() -> &'static [Encoded] {
    static FILM: OnceLock<Vec<Encoded>> = OnceLock::new();
    FILM.get_or_init(|| coded((64, 48), 2))
}

/// The same at another size.
pub(super) fn film_large() -> &'static [Encoded] {
    static FILM: OnceLock<Vec<Encoded>> = OnceLock::new();
    FILM.get_or_init(|| coded((96, 64), 0))
}

/// A bus with records, and the archive beside it.
pub(super) struct Rig {
    pub dir: tempfile::TempDir,
    pub bus: Arc<Embedded>,
}

pub(super) fn camera() -> CameraId {
    CameraId::new("yard").unwrap()
}

/// Header of picture `n` of an epoch that begins at `start_us`.
pub(super) fn header(film: &[Encoded], epoch: u64, n: usize, start_us: i64) -> PacketHeader {
    let unit = &film[n];
    let size = nal::size(Codec::H264, &film[0].data).unwrap();
    PacketHeader {
        camera: "yard".into(),
        epoch,
        sequence: n as u64,
        codec: Codec::H264.into(),
        width: size.0,
        height: size.1,
        pts_us: start_us + unit.pts_us,
        dts_us: start_us + unit.dts_us,
        duration_us: STEP_US as u32,
        key: unit.key,
        arrival_us: start_us + unit.dts_us,
        parameter_hash: nal::parameter_hash(Codec::H264, &film[0].data),
        ..PacketHeader::default()
    }
}

impl Rig {
    pub(super) fn new() -> Rig {
        let dir = tempfile::tempdir().unwrap();
        let config =
            EmbeddedConfig { sync_delay: Duration::from_millis(1), ..EmbeddedConfig::default() };
        let bus = Embedded::open(&dir.path().join("bus"), config).unwrap();
        Rig { dir, bus }
    }

    pub(super) fn archive_dir(&self) -> std::path::PathBuf {
        self.dir.path().join("archive")
    }

    pub(super) fn store(&self) -> Arc<dyn Store> {
        Arc::new(LocalStore::open(&self.archive_dir()).unwrap())
    }

    pub(super) fn config(&self) -> ArchiveConfig {
        ArchiveConfig {
            dir: self.archive_dir(),
            segment_max: Duration::from_secs(1),
            ..ArchiveConfig::default()
        }
    }

    pub(super) fn put(&self, header: &PacketHeader, data: Bytes) -> Pending {
        let record = Record {
            key: Bytes::from(header.camera.clone()),
            headers: vec![(topic::PACKET_HEADER.into(), header.encode_to_vec().into())],
            value: data,
            timestamp_us: header.arrival_us,
        };
        self.bus.send(topic::VIDEO, record).unwrap()
    }

    /// Puts pictures of an epoch on the bus, durably.
    pub(super) fn shoot(
        &self,
        film: &[Encoded],
        epoch: u64,
        pictures: std::ops::Range<usize>,
        start_us: i64,
    ) {
        let put = |n: usize| self.put(&header(film, epoch, n, start_us), film[n].data.clone());
        let last = pictures.map(put).last();
        last.unwrap().wait().unwrap();
    }

    /// Sound of one second from `at_us`: ten pieces.
    pub(super) fn speak(&self, epoch: u64, sequence: u64, at_us: i64) {
        for n in 0..10 {
            let header = PacketHeader {
                camera: "yard".into(),
                stream: Stream::Audio.into(),
                epoch,
                sequence: sequence + n,
                codec: Codec::Pcmu.into(),
                sample_rate_hz: 8000,
                channels: 1,
                pts_us: at_us + n as i64 * 100_000,
                dts_us: at_us + n as i64 * 100_000,
                duration_us: 100_000,
                key: true,
                arrival_us: at_us,
                ..PacketHeader::default()
            };
            self.put(&header, Bytes::from(vec![n as u8; 800])).wait().unwrap();
        }
    }

    pub(super) fn end(&self, epoch: u64, at_us: i64) {
        let marker = PacketHeader {
            camera: "yard".into(),
            epoch,
            marker: Marker::EndOfStream.into(),
            arrival_us: at_us,
            ..PacketHeader::default()
        };
        self.put(&marker, Bytes::new()).wait().unwrap();
    }

    /// Records all that is on the bus; the recorder lives on.
    pub(super) fn record(&self, bus: Arc<dyn Bus>, store: Arc<dyn Store>) -> Result<Recorder> {
        let mut recorder = Recorder::open(bus, store, &self.config())?;
        let mut reader = self.bus.consumer(
            &[topic::VIDEO],
            Start::Offsets(recorder.from()),
            Visibility::Durable,
        )?;
        loop {
            let polled = reader.poll(16, Duration::from_millis(20))?;
            if polled.is_empty() {
                return Ok(recorder);
            }
            for one in polled {
                recorder.take(one)?;
            }
            recorder.settle()?;
        }
    }

    pub(super) fn reader(&self) -> crate::Reader {
        crate::Reader::open(&self.archive_dir()).unwrap()
    }

    /// Rows as (start, end in ms after zero, frames), in order.
    pub(super) fn rows(&self) -> Vec<(i64, i64, u64)> {
        let rows = crate::rows::select(
            &crate::db::open_reading(&self.archive_dir()).unwrap(),
            "ORDER BY start_us",
            [],
        )
        .unwrap();
        let ms = |us: i64| (us - ZERO_US) / 1000;
        rows.iter()
            .map(|r| (ms(r.segment.start_us), ms(r.segment.end_us), r.segment.frames))
            .collect()
    }
}

/// Fails for ever after some number of calls, as if the process had died.
pub(super) struct Dying {
    pub left: AtomicI64,
}

impl Dying {
    fn step(&self) -> Result<()> {
        match self.left.fetch_sub(1, Ordering::SeqCst) {
            ..=0 => Err(Error::unavailable("dead")),
            _ => Ok(()),
        }
    }
}

pub(super) struct DyingStore(pub Arc<dyn Store>, pub Arc<Dying>);

struct DyingUpload(Box<dyn Upload>, Arc<Dying>);

impl Upload for DyingUpload {
    fn write(&mut self, data: &[u8]) -> Result<()> {
        if let Err(e) = self.1.step() {
            self.0.write(&data[..data.len() / 2])?; // the dying write is torn
            return Err(e);
        }
        self.0.write(data)
    }
    fn finish(self: Box<Self>) -> Result<()> {
        self.1.step()?;
        self.0.finish()
    }
}

impl Store for DyingStore {
    fn create(&self, path: &str) -> Result<Box<dyn Upload>> {
        self.1.step()?;
        Ok(Box::new(DyingUpload(self.0.create(path)?, self.1.clone())))
    }
    fn rename(&self, from: &str, to: &str) -> Result<()> {
        self.1.step()?;
        self.0.rename(from, to)
    }
    fn sync_dir(&self, path: &str) -> Result<()> {
        self.1.step()?;
        self.0.sync_dir(path)
    }
    fn len(&self, path: &str) -> Result<u64> {
        self.1.step()?;
        self.0.len(path)
    }
    fn read(&self, path: &str, offset: u64, length: usize) -> Result<Bytes> {
        self.1.step()?;
        self.0.read(path, offset, length)
    }
    fn list(&self, dir: &str) -> Result<Vec<Entry>> {
        self.1.step()?;
        self.0.list(dir)
    }
    fn delete(&self, path: &str) -> Result<()> {
        self.1.step()?;
        self.0.delete(path)
    }
}

pub(super) struct DyingBus(pub Arc<Embedded>, pub Arc<Dying>);

struct DyingTable(Arc<dyn Table>, Arc<Dying>);

impl Table for DyingTable {
    fn put(&self, key: &[u8], value: Option<&[u8]>) -> Result<u64> {
        self.1.step()?;
        self.0.put(key, value)
    }
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>> {
        self.0.get(key)
    }
    fn scan(&self, prefix: &[u8]) -> Result<Vec<(Vec<u8>, Vec<u8>)>> {
        self.0.scan(prefix)
    }
    fn changes(&self, from: u64, timeout: Duration) -> Result<Vec<Change>> {
        self.0.changes(from, timeout)
    }
}

impl Bus for DyingBus {
    fn send(&self, topic: &str, record: Record) -> Result<Pending> {
        self.0.send(topic, record)
    }
    fn consumer(&self, topics: &[&str], from: Start, see: Visibility) -> Result<Box<dyn Consumer>> {
        self.0.consumer(topics, from, see)
    }
    fn watermarks(&self, topic: &str) -> Result<Vec<Watermark>> {
        self.0.watermarks(topic)
    }
    fn table(&self, topic: &str) -> Result<Arc<dyn Table>> {
        Ok(Arc::new(DyingTable(self.0.table(topic)?, self.1.clone())))
    }
    fn partition_of(&self, topic: &str, key: &[u8]) -> Result<u32> {
        self.0.partition_of(topic, key)
    }
}

/// Segments as `flumen.segments` has them: path and sum.
pub(super) fn published(bus: &dyn Bus) -> Vec<(String, Bytes)> {
    let rows = bus.table(topic::SEGMENTS).unwrap().scan(b"").unwrap();
    let decode = |(_, value): (Vec<u8>, Vec<u8>)| {
        flumen_base::wire::Segment::decode(value.as_slice()).unwrap()
    };
    rows.into_iter().map(decode).map(|s| (s.path, s.sha256)).collect()
}

/// All files below a directory with their bytes.
pub(super) fn files(store: &dyn Store, dir: &str) -> Vec<(String, Bytes)> {
    let list = store.list(dir).unwrap();
    list.into_iter().map(|e| (e.path.clone(), store.read(&e.path, 0, 1 << 26).unwrap())).collect()
}

/// True when a path is there.
pub(super) fn is_there(path: &Path) -> bool {
    path.exists()
}
