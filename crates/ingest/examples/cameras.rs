//! Runs cameras on an embedded bus without the rest of flumen, and tells once a second how
//! they are: `cargo run -p flumen-ingest --example cameras -- DIR SECONDS ID=ADDRESS ...`.
//! An address of a second stream is `ID/sub=ADDRESS`; `ALLOW=host:port` lists a host,
//! `ROOT=dir` a folder for files, `USER=name`, `PASSWORD=word` are for all cameras, `UDP=yes` takes
//! RTP by datagrams.
//! `DIR/packets.jsonl` gets a line for each picture and marker.
#![allow(clippy::print_stdout, clippy::unwrap_used, clippy::indexing_slicing)]

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use flumen_base::wire::{Camera, PacketHeader, Source, Stream};
use flumen_base::{SystemClock, topic};
use flumen_bus::{Bus as _, Consumer, Embedded, EmbeddedConfig, Polled, Start, Visibility};
use flumen_ingest::{Ingest, IngestConfig, ProbeRequest, Secret};
use prost::Message as _;

fn main() -> flumen_base::Result<()> {
    let mut words = std::env::args().skip(1);
    let dir = PathBuf::from(words.next().expect("DIR"));
    let seconds: u64 = words.next().expect("SECONDS").parse().expect("seconds");
    let pairs: Vec<(String, String)> =
        words.filter_map(|w| w.split_once('=').map(|(a, b)| (a.into(), b.into()))).collect();
    let all = |name: &str| -> Vec<String> {
        pairs.iter().filter(|(n, _)| n == name).map(|(_, v)| v.clone()).collect()
    };
    let bus = Embedded::open(&dir.join("bus"), EmbeddedConfig::default())?;
    let config = IngestConfig {
        cache_dir: dir.join("cache"),
        key_file: dir.join("key"),
        file_roots: all("ROOT").iter().map(PathBuf::from).collect(),
        allow_hosts: all("ALLOW"),
        ..IngestConfig::default()
    };
    let ingest = Ingest::start(bus.clone(), config, Arc::new(SystemClock))?;
    let (user, password) = (all("USER").concat(), all("PASSWORD").concat());
    let table = bus.table(topic::CAMERAS)?;
    for (name, address) in pairs.iter().filter(|(n, _)| *n == n.to_lowercase()) {
        let (id, stream) = match name.split_once('/') {
            Some((id, _)) => (id, Stream::Sub),
            None => (name.as_str(), Stream::Main),
        };
        if let Ok(once) = std::env::var("PROBE") {
            let request = ProbeRequest {
                address: address.clone(),
                username: Some(user.clone()),
                password: Some(Secret::new(password.clone())),
                transport: Default::default(),
            };
            let began = Instant::now();
            match ingest.probe(&request) {
                Ok(p) => println!(
                    "{id}: {:?} audio {} {} fps, jpeg {:?} bytes, {:?}",
                    p.info,
                    p.audio,
                    p.frame_rate_hz,
                    p.jpeg.map(|j| j.len()),
                    began.elapsed()
                ),
                Err(e) => println!("{id}: {:?}: {e} ({:?})", e.kind(), began.elapsed()),
            }
            if once == "only" {
                continue;
            }
        }
        let key = id.as_bytes();
        let mut camera = match table.get(key)? {
            Some(bytes) => Camera::decode(bytes.as_slice()).unwrap(),
            None => Camera { id: id.into(), enabled: true, ..Camera::default() },
        };
        camera.sources.retain(|s| s.stream() != stream);
        camera.sources.push(Source {
            stream: stream.into(),
            address: address.clone(),
            username: user.clone(),
            sealed_password: ingest.seal(&password)?,
            transport: i32::from(!all("UDP").is_empty()),
            ..Source::default()
        });
        table.put(key, Some(&camera.encode_to_vec()))?;
    }
    let mut log =
        std::io::BufWriter::new(std::fs::File::create(dir.join("packets.jsonl")).unwrap());
    let mut reader = bus.consumer(&[topic::VIDEO], Start::Latest, Visibility::Written)?;
    let began = Instant::now();
    for second in 1..=seconds {
        while began.elapsed() < Duration::from_secs(second) {
            write_packets(reader.as_mut(), &mut log)?;
        }
        for s in ingest.status() {
            println!(
                "{second:4} {:12} {:?} {:.1} fps {} kbit/s, {} units, {} dropped, {} reconnects, {:?}",
                s.id,
                s.state,
                s.frame_rate_hz,
                s.bit_rate_bps / 1000,
                s.units,
                s.dropped,
                s.reconnects,
                s.reason
            );
        }
    }
    let stopping = Instant::now();
    ingest.stop();
    println!("stopped in {:?}", stopping.elapsed());
    write_packets(reader.as_mut(), &mut log)?;
    bus.close()
}

fn write_packets(
    reader: &mut dyn Consumer,
    log: &mut impl std::io::Write,
) -> flumen_base::Result<()> {
    for polled in reader.poll(1000, Duration::from_millis(100))? {
        let Polled::Record(d) = polled else { continue };
        let header = d.record.header(topic::PACKET_HEADER).cloned().unwrap();
        let h = PacketHeader::decode(header).unwrap();
        writeln!(
            log,
            "{{\"camera\":\"{}\",\"stream\":{},\"epoch\":{},\"sequence\":{},\"pts\":{},\"dts\":{},\
             \"duration\":{},\"key\":{},\"corrupt\":{},\"discontinuity\":{},\"capture\":{},\"source\":{},\
             \"error\":{},\"arrival\":{},\"marker\":{},\"bytes\":{}}}",
            h.camera, h.stream, h.epoch, h.sequence, h.pts_us, h.dts_us, h.duration_us, h.key,
            h.corrupt, h.discontinuity, h.capture_us, h.capture_source, h.capture_error_us,
            h.arrival_us, h.marker, d.record.value.len()
        )
        .unwrap();
    }
    log.flush().unwrap();
    Ok(())
}
