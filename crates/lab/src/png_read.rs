//! Reads 8-bit grey PNG masks.

use std::fs::File;
use std::io::BufReader;
use std::path::Path;

use flumen_base::{Context, Error, Result};

/// Most samples of a mask.
const MAX: usize = 8192 * 8192;

/// Width, height and samples of a grey picture (of a coloured one, the first channel).
pub(crate) fn grey(path: &Path) -> Result<(usize, usize, Vec<u8>)> {
    let file = File::open(path).context(format!("open {}", path.display()))?;
    let bad = |e: png::DecodingError| {
        Error::invalid(format!("{} is not a PNG mask", path.display())).with_source(e)
    };
    let mut decoder = png::Decoder::new(BufReader::new(file));
    decoder.set_transformations(png::Transformations::normalize_to_color8());
    let mut reader = decoder.read_info().map_err(bad)?;
    let size = reader.output_buffer_size().filter(|size| *size <= MAX * 4);
    let mut samples =
        vec![0; size.ok_or_else(|| Error::exhausted(format!("{} is too large", path.display())))?];
    let info = reader.next_frame(&mut samples).map_err(bad)?;
    samples.truncate(info.buffer_size());
    let channels = info.color_type.samples();
    if channels > 1 {
        samples = samples.chunks_exact(channels).filter_map(|c| c.first().copied()).collect();
    }
    Ok((info.width as usize, info.height as usize, samples))
}
