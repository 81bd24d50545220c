//! Writes pictures of scenes as PNG, to look at: `cargo run -p flumen-farm --example stills -- OUT ADDRESS FRAME...`;
//! with `time` for the frames, tells what drawing costs.
#![allow(clippy::print_stdout)]

use std::path::PathBuf;

use flumen_base::{Error, Frame, Result};
use flumen_farm::{Renderer, SceneSpec};

fn main() -> Result<()> {
    let mut args = std::env::args().skip(1);
    let missing = || Error::invalid("usage: stills OUT ADDRESS FRAME...");
    let out = PathBuf::from(args.next().ok_or_else(missing)?);
    let spec: SceneSpec = args.next().ok_or_else(missing)?.parse()?;
    let begun = std::time::Instant::now();
    let mut renderer = Renderer::new(&spec)?;
    println!("backdrop: {:?}", begun.elapsed());
    for number in args {
        if number == "time" {
            time(&mut renderer);
            continue;
        }
        let number: u32 = number.parse().map_err(|_| missing())?;
        let begun = std::time::Instant::now();
        let picture = renderer.draw(number);
        println!("frame {number}: {:?}", begun.elapsed());
        save(&picture.frame()?, &out.join(format!("{}-{number:04}.png", spec.kind.name())))?;
    }
    Ok(())
}

fn time(renderer: &mut Renderer) {
    let spent = || -> f64 {
        let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
        text.split_whitespace().next().and_then(|n| n.parse().ok()).unwrap_or(0.0) / 1e6
    };
    let frames = renderer.spec().frames;
    let begun = spent();
    for number in 0..frames {
        renderer.draw(number);
    }
    println!("{frames} frames, {:.2} ms each", (spent() - begun) / f64::from(frames));
}

fn save(frame: &Frame<'_>, path: &std::path::Path) -> Result<()> {
    let (u, v) = frame.u.zip(frame.v).ok_or_else(|| Error::internal("no colour"))?;
    let mut rgb = Vec::with_capacity(frame.luma.width * frame.luma.height * 3);
    for y in 0..frame.luma.height {
        for (x, luma) in frame.luma.row(y).iter().enumerate() {
            let chroma = |row: &[u8]| f32::from(row.get(x / 2).copied().unwrap_or(128)) - 128.0;
            let (l, u, v) =
                (1.164 * (f32::from(*luma) - 16.0), chroma(u.row(y / 2)), chroma(v.row(y / 2)));
            rgb.extend(
                [l + 1.596 * v, l - 0.392 * u - 0.813 * v, l + 2.017 * u]
                    .map(|c| c.clamp(0.0, 255.0) as u8),
            );
        }
    }
    let bad = |e: png::EncodingError| Error::internal("png").with_source(e);
    let file = std::fs::File::create(path).map_err(|e| Error::io(path.display(), e))?;
    let mut encoder = png::Encoder::new(
        std::io::BufWriter::new(file),
        frame.luma.width as u32,
        frame.luma.height as u32,
    );
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_depth(png::BitDepth::Eight);
    encoder.write_header().map_err(bad)?.write_image_data(&rgb).map_err(bad)
}
