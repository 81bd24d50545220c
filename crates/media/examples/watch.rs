//! Opens an address (`-` for standard input) and prints its units: `cargo run -p flumen-media --example watch ADDRESS
//! [tcp|udp] [UNITS]`.

#![allow(clippy::print_stdout)]

use std::time::{Instant, SystemTime, UNIX_EPOCH};

use flumen_base::Result;
use flumen_media::{Demuxed, Demuxer, Interrupt, Open, StdinFormat, Transport};

fn main() -> Result<()> {
    let mut args = std::env::args().skip(1);
    let address = args.next().unwrap_or_default();
    let udp = args.next().is_some_and(|word| word == "udp");
    let units = args.next().and_then(|count| count.parse().ok()).unwrap_or(100);
    let open = Open {
        live: true,
        transport: if udp { Transport::Udp } else { Transport::Tcp },
        allow_hosts: vec!["127.0.0.1".into(), "localhost".into()],
        file_roots: vec!["/".into()],
        username: std::env::var("USERNAME").ok(),
        password: std::env::var("PASSWORD").ok(),
        ..Open::default()
    };
    let began = Instant::now();
    let stop = Interrupt::new();
    let mut demuxer = match address.as_str() {
        "-" => Demuxer::from_reader(Box::new(std::io::stdin()), StdinFormat::Auto, &open, &stop)?,
        address => Demuxer::open(address, &open, &stop)?,
    };
    println!("open after {:?}: {:?}", began.elapsed(), demuxer.tracks());
    for _ in 0..units {
        let unit = match demuxer.read()? {
            Demuxed::Unit(unit) => unit,
            Demuxed::End => break,
        };
        let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |d| d.as_micros());
        let behind = unit.capture_us.map(|at| now as i64 - at);
        println!(
            "{:>8} ms {} pts {} dts {} lasts {} key {} corrupt {} {} bytes {}x{} {:016x} behind {behind:?}",
            began.elapsed().as_millis(),
            if unit.audio { "sound" } else { "video" },
            unit.pts_us,
            unit.dts_us,
            unit.duration_us,
            unit.key,
            unit.corrupt,
            unit.data.len(),
            unit.info.width,
            unit.info.height,
            unit.parameter_hash,
        );
    }
    Ok(())
}
