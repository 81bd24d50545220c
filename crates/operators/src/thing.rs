//! What the operators say about a picture: things, what stands, the scene, the working picture.
//!
//! Units: source pixels; media time in microseconds.
//! Not here: how it is found (`tracker`, `standing`, `scene`).

use crate::bits::Bits;
use crate::grid::Grid;

/// A thing that moves, in source pixels.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Thing {
    /// Its track.
    pub id: u64,
    /// First column.
    pub left: i32,
    /// First row.
    pub top: i32,
    /// Columns.
    pub width: u32,
    /// Rows.
    pub height: u32,
    /// How sure, 0 to 1000.
    pub score: u32,
    /// Tag of the frame in which it was first seen.
    pub born: u64,
    /// Source pixels a second to the right and down.
    pub velocity: (f64, f64),
    /// Media time since it was first seen.
    pub age_us: i64,
    /// Frames in which it was seen.
    pub hits: u32,
}

impl Thing {
    /// Where it meets the ground: the bottom's middle, in source pixels.
    pub fn foot(&self) -> (i32, i32) {
        (self.left + self.width as i32 / 2, self.top + self.height as i32)
    }
}

/// What a shape that stands still seems to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StandingKind {
    /// Something came to rest here and did not move as a whole since it was first seen.
    Left,
    /// Something that belonged to the background is gone.
    Taken,
    /// Neither is clear: for example somebody who walked here and stands.
    Unclear,
}

/// A shape that stands still: in the mask, or absorbed not long ago.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    /// First column.
    pub left: i32,
    /// First row.
    pub top: i32,
    /// Columns.
    pub width: u32,
    /// Rows.
    pub height: u32,
    /// Media time at which it came to rest.
    pub since_us: i64,
    /// What it seems to be.
    pub kind: StandingKind,
    /// The track that holds it, 0 when none does.
    pub track: u64,
}

/// What the last frame as a whole was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SceneState {
    /// The scene that the background knows; otherwise nothing is said about the frame.
    pub known: bool,
    /// Samples that the background in the frame's light explains, in 1/1000.
    pub explained_permille: u32,
    /// Brightness against the background's, in 1/1000.
    pub gain_permille: u32,
    /// Shift of the picture against the background in source pixels, when one was found.
    pub moved: Option<(i32, i32)>,
}

/// The reduced picture of the last frame and the background that it was held against.
#[derive(Clone, Copy, Debug)]
pub struct Working<'a> {
    /// Brightness.
    pub luma: &'a Grid<u8>,
    /// Blue difference at half size.
    pub u: &'a Grid<u8>,
    /// Red difference at half size.
    pub v: &'a Grid<u8>,
    /// Brightness of the background in this frame's light.
    pub background: &'a Grid<u8>,
    /// Pixels that move.
    pub mask: &'a Bits,
    /// Source pixels a reduced pixel, each way.
    pub factor: usize,
}
