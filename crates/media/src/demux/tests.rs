//! Footage is made by our own encoder, wrapped by our own writer or as raw streams.

use std::io::{Cursor, Read};
use std::time::{Duration, Instant};

use flumen_base::Kind;
use flumen_base::wire::Codec;

use super::*;
use crate::fmp4::{self, Sample, TrackConfig};
use crate::nal::{self, NalKind};
use crate::testing::{Dribble, clip, read_all, small, units};

fn bytes_of(codec: Codec, count: usize) -> (Vec<u8>, Vec<crate::Encoded>) {
    let coded = clip(&small(codec, 0), count);
    (coded.iter().flat_map(|c| c.data.to_vec()).collect(), coded)
}

fn open_raw(bytes: Vec<u8>, format: StdinFormat, live: bool) -> Result<Demuxer> {
    let open = Open { live, ..Open::default() };
    let read = Box::new(Dribble(Cursor::new(bytes)));
    Demuxer::from_reader(read, format, &open, &Interrupt::new())
}

fn mp4_file() -> tempfile::NamedTempFile {
    let wrote = units(Codec::H264, &clip(&small(Codec::H264, 2), 20));
    let tracks = [TrackConfig::video(&wrote[0].info, &wrote[0].data).unwrap()];
    let samples: Vec<_> = wrote.iter().map(|u| Sample::of(u, 0, 0)).collect();
    let file = tempfile::NamedTempFile::with_suffix(".mp4").unwrap();
    let bytes = [fmp4::init(&tracks).unwrap(), fmp4::fragment(1, &tracks, &samples).unwrap()];
    std::fs::write(file.path(), bytes.concat()).unwrap();
    file
}

#[test]
fn raw_streams_come_back_unit_by_unit_also_live() {
    let all = [
        (Codec::H264, StdinFormat::H264),
        (Codec::H265, StdinFormat::H265),
        (Codec::Mjpeg, StdinFormat::Mjpeg),
    ];
    for (codec, format) in all {
        let (bytes, coded) = bytes_of(codec, 12);
        for live in [false, true] {
            let mut demuxer = open_raw(bytes.clone(), format, live).unwrap();
            let read = read_all(&mut demuxer);
            assert_eq!(read.len(), coded.len(), "{codec:?} live {live}");
            assert_eq!((read[0].info.width, read[0].info.height), (160, 96));
            for (read, coded) in read.iter().zip(&coded) {
                assert_eq!(read.key, coded.key, "{codec:?} live {live}");
                let slices = |data: &[u8]| {
                    let slice = |nal: &&[u8]| nal::kind(codec, nal).is_slice();
                    nal::units(data).filter(slice).map(<[u8]>::to_vec).collect::<Vec<_>>()
                };
                assert_eq!(slices(&read.data), slices(&coded.data));
            }
            assert!(read.windows(2).all(|w| w[0].dts_us < w[1].dts_us));
        }
    }
}

#[test]
fn parameter_sets_stand_once_before_each_key_and_only_there() {
    for codec in [Codec::H264, Codec::H265] {
        // All sets but the first are taken out, as some cameras send them.
        let (_, coded) = bytes_of(codec, 25);
        let mut bytes = Vec::new();
        for (n, coded) in coded.iter().enumerate() {
            for nal in nal::units(&coded.data) {
                if n == 0 || !nal::kind(codec, nal).is_parameter_set() {
                    bytes.extend_from_slice(&nal::START_CODE);
                    bytes.extend_from_slice(nal);
                }
            }
        }
        let format = if codec == Codec::H264 { StdinFormat::H264 } else { StdinFormat::H265 };
        let read = read_all(&mut open_raw(bytes, format, true).unwrap());
        assert_eq!(read.iter().filter(|unit| unit.key).count(), 3);
        for unit in &read {
            let sets = nal::parameter_sets(codec, &unit.data);
            let of = |kind| sets.iter().filter(|set| nal::kind(codec, set) == kind).count();
            let wanted = usize::from(unit.key);
            assert_eq!((of(NalKind::Sps), of(NalKind::Pps)), (wanted, wanted));
            if unit.key {
                assert_eq!(unit.parameter_hash, nal::parameter_hash(codec, &unit.data));
            }
            assert_eq!(unit.parameter_hash, read[0].parameter_hash);
        }
    }
}

#[test]
fn a_change_of_size_changes_info_and_hash() {
    let (mut bytes, _) = bytes_of(Codec::H264, 5);
    let larger = crate::EncoderConfig { width: 320, height: 192, ..small(Codec::H264, 0) };
    bytes.extend(clip(&larger, 5).iter().flat_map(|c| c.data.to_vec()));
    let mut demuxer = open_raw(bytes, StdinFormat::H264, true).unwrap();
    let read = read_all(&mut demuxer);
    let sizes: Vec<_> = read.iter().map(|u| (u.info.width, u.info.height)).collect();
    assert_eq!((sizes[0], sizes[9]), ((160, 96), (320, 192)));
    assert_ne!(read[0].parameter_hash, read[9].parameter_hash);
    assert_eq!(demuxer.tracks()[0].width, 320);
}

#[test]
fn a_file_keeps_b_frame_order_and_times() {
    let file = mp4_file();
    let roots = vec![file.path().parent().unwrap().to_path_buf()];
    let open = Open { file_roots: roots, ..Open::default() };
    let address = format!("file:{}", file.path().display());
    let mut demuxer = Demuxer::open(&address, &open, &Interrupt::new()).unwrap();
    let read = read_all(&mut demuxer);
    assert_eq!(read.len(), 20);
    assert!(read.windows(2).all(|w| w[0].dts_us < w[1].dts_us));
    assert!(read.windows(2).any(|w| w[0].pts_us > w[1].pts_us));
    let mut shown: Vec<_> = read.iter().map(|u| u.pts_us).collect();
    shown.sort_unstable();
    assert!(shown.windows(2).all(|w| w[1] - w[0] == 40_000));
    let refused = Demuxer::open(&address, &Open::default(), &Interrupt::new());
    assert_eq!(refused.err().map(|e| e.kind()), Some(Kind::Invalid));
}

#[test]
fn damage_and_nonsense_end_in_words() {
    let (mut bytes, _) = bytes_of(Codec::H264, 30);
    for at in (100..bytes.len()).step_by(97) {
        bytes[at] ^= 0x55;
    }
    let mut demuxer = open_raw(bytes, StdinFormat::H264, true).unwrap();
    let mut count = 0;
    loop {
        match demuxer.read() {
            Ok(Demuxed::End) => break,
            _ => count += 1,
        }
        assert!(count < 1000);
    }
    for format in [StdinFormat::Auto, StdinFormat::Mp4, StdinFormat::MpegTs, StdinFormat::H264] {
        for live in [false, true] {
            let nonsense: Vec<u8> = (0..5000u32).map(|n| (n * n % 251) as u8).collect();
            for bytes in [nonsense, Vec::new()] {
                let units = open_raw(bytes, format, live).map_or(0, |mut demuxer| {
                    (0..1000).filter(|_| matches!(demuxer.read(), Ok(Demuxed::Unit(_)))).count()
                });
                assert_eq!(units, 0, "{format:?} {live}");
            }
        }
    }
}

#[test]
fn a_picture_above_the_limits_is_refused() {
    let (bytes, _) = bytes_of(Codec::H264, 3);
    let limits = crate::Limits { max_pixels: 100, ..crate::Limits::default() };
    let open = Open { live: true, limits, ..Open::default() };
    let read = Box::new(Cursor::new(bytes));
    let mut demuxer =
        Demuxer::from_reader(read, StdinFormat::H264, &open, &Interrupt::new()).unwrap();
    assert_eq!(demuxer.read().unwrap_err().kind(), Kind::Exhausted);
    let file = mp4_file();
    let error =
        Demuxer::open_file(file.path(), &Open { limits, ..Open::default() }, &Interrupt::new());
    assert_eq!(error.err().map(|e| e.kind()), Some(Kind::Exhausted));
}

/// Gives nothing until it is told to stop, as a camera does that hangs.
struct Hangs(Interrupt);

impl Read for Hangs {
    fn read(&mut self, _: &mut [u8]) -> std::io::Result<usize> {
        self.0.cancel();
        Err(std::io::ErrorKind::Interrupted.into())
    }
}

#[test]
fn a_cancelled_input_says_so() {
    let stop = Interrupt::new();
    let read = Box::new(Hangs(stop.clone()));
    let error = Demuxer::from_reader(read, StdinFormat::MpegTs, &Open::default(), &stop);
    assert_eq!(error.err().map(|e| e.kind()), Some(Kind::Cancelled));
}

#[test]
fn a_reader_that_fails_or_panics_is_an_error() {
    struct Fails(bool);
    impl Read for Fails {
        fn read(&mut self, _: &mut [u8]) -> std::io::Result<usize> {
            assert!(!self.0, "broken reader");
            Err(std::io::Error::other("cable pulled"))
        }
    }
    for panics in [false, true] {
        let open = Open::default();
        let error = Demuxer::from_reader(
            Box::new(Fails(panics)),
            StdinFormat::MpegTs,
            &open,
            &Interrupt::new(),
        );
        let told = error.err().map(|e| e.to_string()).unwrap_or_default();
        assert!(told.contains(if panics { "panicked" } else { "cable pulled" }), "{told}");
    }
}

#[test]
fn a_server_that_never_answers_is_given_up() {
    // A listener whose backlog takes the connection and where nobody ever speaks.
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = silent.local_addr().unwrap().port();
    let open = Open {
        live: true,
        timeout: Duration::from_millis(50),
        allow_hosts: vec!["127.0.0.1".into()],
        username: Some("me".into()),
        password: Some("secret".into()),
        ..Open::default()
    };
    for scheme in ["rtsp", "http", "rtmp"] {
        let address = format!("{scheme}://127.0.0.1:{port}/x");
        let error = Demuxer::open(&address, &open, &Interrupt::new()).err().unwrap();
        assert_eq!(error.kind(), Kind::Unavailable, "{scheme}: {error}");
        assert!(!error.to_string().contains("secret"));
        let stop = Interrupt::new();
        stop.cancel();
        let error = Demuxer::open(&address, &open, &stop).err().unwrap();
        assert_eq!(error.kind(), Kind::Cancelled, "{scheme}");
        // The deadline of the caller counts as well.
        let stop = Interrupt::new();
        stop.set_deadline(Some(Instant::now()));
        let long = Open { timeout: Duration::from_secs(60), ..open.clone() };
        assert!(Demuxer::open(&address, &long, &stop).is_err());
    }
}

/// Answers each connection with `answer` until the listener's owner ends.
fn serve(answer: Vec<u8>) -> u16 {
    use std::io::Write;
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(mut stream) = stream else { return };
            let mut request = [0; 4096];
            let _ = stream.read(&mut request);
            let _ = stream.write_all(&answer);
        }
    });
    port
}

#[test]
fn a_redirection_to_a_host_that_is_not_listed_is_refused() {
    let body = std::fs::read(mp4_file().path()).unwrap();
    let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", body.len());
    let inner = serve([head.into_bytes(), body].concat());
    let told = format!("HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:{inner}/x.mp4\r\n\r\n");
    let outer = serve(told.into_bytes());
    let open_with = |ports: &[u16]| {
        let open = Open {
            allow_hosts: ports.iter().map(|port| format!("127.0.0.1:{port}")).collect(),
            username: Some("me".into()),
            password: Some("secret".into()),
            ..Open::default()
        };
        Demuxer::open(&format!("http://127.0.0.1:{outer}/x"), &open, &Interrupt::new())
    };
    let error = open_with(&[outer]).err().unwrap();
    assert_eq!(error.kind(), Kind::Invalid, "{error}");
    assert!(error.to_string().contains("elsewhere") && !error.to_string().contains("secret"));
    let mut demuxer = open_with(&[outer, inner]).unwrap();
    assert_eq!(read_all(&mut demuxer).len(), 20);
}

#[test]
fn a_server_that_refuses_says_whose_fault_it_is() {
    for (answer, kind) in [
        ("RTSP/1.0 401 Unauthorized\r\nCSeq: 1\r\n\r\n", Kind::Invalid),
        ("RTSP/1.0 404 Not Found\r\nCSeq: 1\r\n\r\n", Kind::NotFound),
        ("HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n", Kind::Invalid),
        ("HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n", Kind::Unavailable),
    ] {
        let port = serve(answer.into());
        let scheme = answer.get(..4).unwrap_or_default().to_lowercase();
        let open = Open { live: true, allow_hosts: vec!["127.0.0.1".into()], ..Open::default() };
        let address = format!("{scheme}://127.0.0.1:{port}/x");
        let error = Demuxer::open(&address, &open, &Interrupt::new()).err().unwrap();
        assert_eq!(error.kind(), kind, "{error}");
    }
}

#[test]
fn what_is_open_can_move_to_another_thread() {
    fn moves<T: Send>() {}
    moves::<Demuxer>();
    moves::<crate::Decoder>();
    moves::<crate::Encoder>();
}
