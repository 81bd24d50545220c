//! The real inputs, with a small scene of the farm: rendered, as a file, refused, tried.

use std::path::Path;
use std::sync::{Arc, Mutex};

use flumen_base::wire::source::Transport;
use flumen_base::{Kind, Packet, topic};
use flumen_bus::Bus as _;
use flumen_farm::{Clip, SceneSpec};
use flumen_media::fmp4::{Sample, TrackConfig, fragment, init};

use super::{Inputs, info_of};
use crate::config::IngestConfig;
use crate::ingest::Ingest;
use crate::memory_bus::{MemoryBus, packets_of};
use crate::probe::{ProbeRequest, Prober};
use crate::scripted::{START, put_camera, until};
use crate::seat::Shared;
use crate::secret::Secret;
use crate::simulated::SimTime;
use crate::status::State;
use crate::vault::Vault;

const SCENE: &str = "synthetic:lobby?seed=3&size=96x64&fps=10&frames=12&gop=6";

struct Place {
    ingest: Ingest,
    bus: Arc<MemoryBus>,
}

/// An ingest with real inputs and simulated time, files allowed below `dir`.
fn place(dir: &Path) -> Place {
    let config = IngestConfig {
        cache_dir: dir.join("cache"),
        key_file: dir.join("key"),
        file_roots: vec![dir.into()],
        allow_hosts: vec!["127.0.0.1".into()],
        ..IngestConfig::default()
    };
    let bus = Arc::new(MemoryBus::default());
    let time = Arc::new(SimTime::at(START));
    let vault = Arc::new(Vault::open(&config.key_file).unwrap());
    let inputs = Arc::new(Inputs::new(&config, vault.clone(), time.clone()));
    let shared = Shared {
        bus: bus.clone(),
        config,
        clock: time.clone(),
        pace: time,
        connector: inputs.clone(),
        ledger: Arc::new(crate::ledger::Ledger::at_once(bus.table(topic::GAPS).unwrap())),
        others: false,
        left: Mutex::default(),
    };
    let ingest = Ingest::run(Arc::new(shared), vault, Prober::new(inputs)).unwrap();
    Place { ingest, bus }
}

fn clip(dir: &Path) -> Clip {
    let spec: SceneSpec = SCENE.parse().unwrap();
    Clip::load_or_make(&spec, &dir.join("cache"), &mut |_, _| ()).unwrap()
}

fn as_mp4(clip: &Clip, path: &Path) {
    let info = Arc::new(info_of(&clip.spec));
    let tracks = [TrackConfig::video(&info, &clip.units[0].data).unwrap()];
    let samples: Vec<Sample> = clip
        .units
        .iter()
        .map(|u| Sample {
            track: 0,
            pts_us: u.pts_us,
            dts_us: u.dts_us,
            duration_us: 100_000,
            key: u.key,
            data: u.data.clone(),
        })
        .collect();
    let mut bytes = init(&tracks).unwrap().to_vec();
    bytes.extend_from_slice(&fragment(1, &tracks, &samples).unwrap());
    std::fs::write(path, bytes).unwrap();
}

fn request(address: String) -> ProbeRequest {
    let password = Some(Secret::new("hunter2"));
    ProbeRequest { address, username: Some("u".into()), password, transport: Transport::Tcp }
}

fn steps(packets: &[Packet]) -> Vec<i64> {
    packets.windows(2).map(|w| w[1].header.dts_us - w[0].header.dts_us).collect()
}

#[test]
fn a_synthetic_camera_is_rendered_and_runs_on_without_a_seam() {
    let dir = tempfile::tempdir().unwrap();
    let place = place(dir.path());
    put_camera(place.bus.as_ref(), "a", SCENE, |_| ());
    until("three loops", || packets_of(place.bus.as_ref(), "a").len() > 40);
    let packets = packets_of(place.bus.as_ref(), "a");
    assert!(steps(&packets).iter().all(|step| *step == 100_000));
    assert!(packets.iter().all(|p| p.header.epoch == packets[0].header.epoch));
    assert!(packets.iter().zip(0..).all(|(p, i)| p.header.key == (i % 6 == 0)));
    assert!(packets.iter().all(|p| p.header.parameter_hash == packets[0].header.parameter_hash));
    let probe = place.ingest.probe(&request(SCENE.into())).unwrap();
    assert_eq!((probe.info.width, probe.frame_rate_hz), (96, 10.0));
    assert_eq!(&probe.jpeg.unwrap()[..2], b"\xff\xd8", "its picture, since it plays");
}

#[test]
fn a_file_plays_in_loops_or_once_and_is_tried() {
    let dir = tempfile::tempdir().unwrap();
    let clip = clip(dir.path());
    let path = dir.path().join("clip.mp4");
    as_mp4(&clip, &path);
    let address = format!("file:{}", path.display());
    let place = place(dir.path());
    let probe = place.ingest.probe(&request(address.clone())).unwrap();
    assert_eq!((probe.info.width, probe.info.height, probe.audio), (96, 64, false));
    assert!((probe.frame_rate_hz - 10.0).abs() < 0.5, "{}", probe.frame_rate_hz);
    assert!(probe.jpeg.is_some());
    put_camera(place.bus.as_ref(), "a", &address, |_| ());
    put_camera(place.bus.as_ref(), "b", &address, |c| c.sources[0].once = true);
    until("three loops", || packets_of(place.bus.as_ref(), "a").len() > 40);
    until("b is over", || place.ingest.status().iter().any(|s| s.state == State::Ended));
    let b = packets_of(place.bus.as_ref(), "b");
    assert_eq!(b.iter().filter(|p| p.is_video()).count(), 12);
    assert_eq!(steps(&b[..12]), [100_000; 11]);
    let a = packets_of(place.bus.as_ref(), "a");
    let epochs: std::collections::BTreeSet<_> = a.iter().map(|p| p.header.epoch).collect();
    assert!(epochs.len() >= 3);
    assert!(a.iter().all(|p| p.header.key || p.header.sequence > 0));
}

#[test]
fn what_may_not_be_opened_is_refused_in_words_without_the_password() {
    let dir = tempfile::tempdir().unwrap();
    let place = place(dir.path());
    std::fs::write(dir.path().join("text.mp4"), b"this is no video at all").unwrap();
    let text = format!("file:{}/text.mp4", dir.path().display());
    // A port that nobody listens on: bound, and let go at once.
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    for (address, kind, word) in [
        ("exec:ls".to_string(), Kind::Invalid, "scheme"),
        ("file:/etc/passwd".into(), Kind::Invalid, "below a folder"),
        ("push:".into(), Kind::Invalid, "sender"),
        ("synthetic:moon".into(), Kind::Invalid, "moon"),
        ("rtsp://localhost/a".into(), Kind::Invalid, "allow_hosts"),
        (format!("rtsp://127.0.0.1:{port}/a"), Kind::Unavailable, "check host and port"),
        (text, Kind::DataLoss, "not video"),
    ] {
        let refused = place.ingest.probe(&request(address.clone())).unwrap_err();
        assert_eq!(refused.kind(), kind, "{address}: {refused}");
        assert!(refused.to_string().contains(word), "{address}: {refused}");
        assert!(!refused.to_string().contains("hunter2"));
    }
    put_camera(place.bus.as_ref(), "a", "file:/etc/passwd", |_| ());
    until("the reason stands", || {
        place.ingest.status().iter().any(|s| {
            s.state == State::Offline && s.reason.as_ref().is_some_and(|r| r.contains("below"))
        })
    });
}
