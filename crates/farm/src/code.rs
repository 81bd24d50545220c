//! The number of a frame, written into its picture and read back after lossy coding.
//!
//! Geometry, in shares of the picture's width W and height H: a dark band fills the lowest
//! H/30 rows. In it lie 40 cells side by side, each W/40 wide; a cell's bit is the square
//! W/80 wide and H/45 high in its middle: cell `i` spans x from (i + 1/4) W/40 to
//! (i + 3/4) W/40, and all span y from H - H/36 to H - H/180. A 1 is bright (luma 176),
//! a 0 as dark as the band (luma 40).
//!
//! Cells from the left: 1 0 1 0 (sync), 24 bits of the number in Gray code, highest first,
//! 8 bits of CRC-8 (polynomial 0x07, start 0x5a) over the number's three plain bytes,
//! highest byte first, then 1 1 0 0 (sync).
//!
//! To read: the mean over the inner half of each cell's square; the threshold is the middle
//! between the mean of the four sync ones and the four sync zeros, which must be 40 levels
//! apart. The cells do not touch, and one is smaller than the smallest thing the analysis
//! reports, so that a changing number is no motion; the truth marks the band as not scored.
//!
//! Invariants: what is read was written, or nothing: sync and checksum must both hold.

use flumen_base::Plane;

use crate::canvas::Canvas;

/// Numbers count modulo this.
pub const CODE_MODULUS: u32 = 1 << 24;
const CELLS: usize = 40;
const HEAD: [bool; 4] = [true, false, true, false];
const TAIL: [bool; 4] = [true, true, false, false];
const DARK: u8 = 40;
const BRIGHT: u8 = 176;

/// First row of the band in a picture of that height.
pub(crate) fn band_top(height: usize) -> usize {
    (height - (height / 30).max(1)) & !1
}

fn checksum(number: u32) -> u8 {
    let [_, bytes @ ..] = number.to_be_bytes();
    bytes.into_iter().fold(0x5a, |crc, byte| {
        (0..8).fold(crc ^ byte, |c: u8, _| if c & 0x80 == 0 { c << 1 } else { c << 1 ^ 0x07 })
    })
}

fn cells(number: u32) -> [bool; CELLS] {
    let number = number % CODE_MODULUS;
    let gray = number ^ (number >> 1);
    let bits = u64::from(gray) << 8 | u64::from(checksum(number));
    std::array::from_fn(|i| match i {
        0..4 => HEAD.get(i).copied().unwrap_or(false),
        36.. => TAIL.get(i - 36).copied().unwrap_or(false),
        _ => bits >> (35 - i) & 1 == 1,
    })
}

/// Left, top, right and bottom of a cell's square, in pixels of the picture.
fn square(i: usize, width: usize, height: usize) -> [f32; 4] {
    let (w, h) = (width as f32, height as f32);
    let pitch = w / CELLS as f32;
    [(i as f32 + 0.25) * pitch, h - h / 36.0, (i as f32 + 0.75) * pitch, h - h / 180.0]
}

/// Draws band and number.
pub(crate) fn write(canvas: &mut Canvas, number: u32) {
    let (width, height) = (canvas.width, canvas.height);
    let top = band_top(height);
    for row in canvas.y.chunks_exact_mut(width).skip(top) {
        row.fill(DARK);
    }
    for plane in [&mut canvas.u, &mut canvas.v] {
        for row in plane.chunks_exact_mut(width / 2).skip(top / 2) {
            row.fill(128);
        }
    }
    for (i, _) in cells(number).into_iter().enumerate().filter(|(_, bit)| *bit) {
        let [left, y0, right, y1] = square(i, width, height).map(|edge| edge.round() as usize);
        for row in canvas.y.chunks_exact_mut(width).take(y1.max(y0 + 1)).skip(y0) {
            row.get_mut(left..right.max(left + 1)).into_iter().for_each(|cell| cell.fill(BRIGHT));
        }
    }
}

/// The number in a picture's luma, or nothing when there is none to be read.
///
/// Works at any size to which a picture of the farm was scaled, down to cells of 2 pixels.
pub fn read_code(luma: &Plane<'_>) -> Option<u32> {
    let level = |i: usize| mean(luma, square(i, luma.width, luma.height));
    let sync = HEAD
        .into_iter()
        .enumerate()
        .chain(TAIL.into_iter().enumerate().map(|(i, bit)| (i + 36, bit)));
    let (mut ones, mut zeros) = (0.0, 0.0);
    let mut marks = Vec::with_capacity(8);
    for (i, bit) in sync {
        let at = level(i)?;
        *(if bit { &mut ones } else { &mut zeros }) += at / 4.0;
        marks.push((at, bit));
    }
    let middle = (ones + zeros) / 2.0;
    if ones - zeros < 40.0 || marks.into_iter().any(|(at, bit)| (at > middle) != bit) {
        return None;
    }
    let mut bits = 0u64;
    for i in 4..36 {
        bits = bits << 1 | u64::from(level(i)? > middle);
    }
    let mut number = (bits >> 8) as u32;
    for shift in [1, 2, 4, 8, 16] {
        number ^= number >> shift;
    }
    (checksum(number) == (bits & 255) as u8).then_some(number)
}

/// Mean luma over the inner half of a square.
fn mean(luma: &Plane<'_>, [left, top, right, bottom]: [f32; 4]) -> Option<f32> {
    let (dx, dy) = ((right - left) / 4.0, (bottom - top) / 4.0);
    let (x0, x1) = ((left + dx).round() as usize, (right - dx).round() as usize);
    let (y0, y1) = ((top + dy).round() as usize, (bottom - dy).round() as usize);
    let (mut sum, mut count) = (0u32, 0u32);
    for y in y0..y1.max(y0 + 1) {
        for sample in luma.row(y).get(x0..x1.max(x0 + 1))? {
            sum += u32::from(*sample);
            count += 1;
        }
    }
    (count > 0).then(|| sum as f32 / count as f32)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn canvas(width: usize, height: usize) -> Canvas {
        let half = vec![90; width * height / 4];
        Canvas {
            width,
            height,
            y: vec![90; width * height],
            u: half.clone(),
            v: half,
            ..Canvas::default()
        }
    }

    #[test]
    fn a_number_is_read_back_at_every_size() {
        for (width, height) in
            [(640, 360), (320, 180), (1920, 1080), (768, 432), (640, 480), (1280, 720), (160, 120)]
        {
            for number in [0, 1, 2, 255, 256, 899, 1_000_003, CODE_MODULUS - 1] {
                let mut canvas = canvas(width, height);
                write(&mut canvas, number);
                let luma = Plane::new(&canvas.y, width, width, height).unwrap();
                assert_eq!(read_code(&luma), Some(number), "{width}x{height}");
            }
        }
    }

    #[test]
    fn a_number_survives_blur_and_halving() {
        let (width, height) = (640, 360);
        let mut canvas = canvas(width, height);
        write(&mut canvas, 345_678);
        let half: Vec<u8> = (0..width / 2 * height / 2)
            .map(|i| {
                let (x, y) = (i % (width / 2) * 2, i / (width / 2) * 2);
                let sum: u32 = [(0, 0), (1, 0), (0, 1), (1, 1)]
                    .map(|(a, b)| u32::from(canvas.y[(y + b) * width + x + a]))
                    .iter()
                    .sum();
                ((sum / 4 / 12) * 12) as u8
            })
            .collect();
        let luma = Plane::new(&half, width / 2, width / 2, height / 2).unwrap();
        assert_eq!(read_code(&luma), Some(345_678));
    }

    #[test]
    fn what_is_no_number_is_not_read() {
        let mut canvas = canvas(640, 360);
        let luma = |c: &Canvas| read_code(&Plane::new(&c.y, 640, 640, 360).unwrap());
        assert_eq!(luma(&canvas), None);
        write(&mut canvas, 77);
        // One cell turned round.
        for row in canvas.y.chunks_exact_mut(640).skip(340) {
            row[20 * 16..21 * 16].iter_mut().for_each(|s| *s = 216 - *s);
        }
        assert_eq!(luma(&canvas), None);
        let tiny = [0u8; 16];
        assert_eq!(read_code(&Plane::new(&tiny, 4, 4, 4).unwrap()), None);
    }
}
