//! The parts of a frame's way through the analysis, for whoever measures them.
//!
//! Invariants: an operator says what it has done and reads no clock; nothing depends on it.
//! Not here: the clock (`lab`).

use std::sync::Arc;

/// What was done since the last mark.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stage {
    /// Opening and reading the file or the bus.
    Read,
    /// The decoder.
    Decode,
    /// The working picture and its quality.
    Reduce,
    /// The curve of the light.
    Light,
    /// The background in that light, held against the frame.
    Compare,
    /// Clean-up of single pixels.
    Clean,
    /// Cast shadow.
    Cast,
    /// Shapes and what they are.
    Shapes,
    /// What stands still.
    Absorb,
    /// The background follows.
    Learn,
    /// Tracks and what stands.
    Tracks,
    /// Tampering and windows.
    Care,
    /// Pictures as JPEG.
    Pictures,
    /// Rules, events, results.
    Records,
}

impl Stage {
    /// All, in their order.
    pub const ALL: [Stage; 14] = [
        Stage::Read,
        Stage::Decode,
        Stage::Reduce,
        Stage::Light,
        Stage::Compare,
        Stage::Clean,
        Stage::Cast,
        Stage::Shapes,
        Stage::Absorb,
        Stage::Learn,
        Stage::Tracks,
        Stage::Care,
        Stage::Pictures,
        Stage::Records,
    ];

    /// Its name in reports.
    pub fn name(self) -> &'static str {
        match self {
            Stage::Read => "open and read",
            Stage::Decode => "decode",
            Stage::Reduce => "reduce",
            Stage::Light => "light",
            Stage::Compare => "compare",
            Stage::Clean => "clean",
            Stage::Cast => "cast shadow",
            Stage::Shapes => "shapes",
            Stage::Absorb => "absorb",
            Stage::Learn => "learn",
            Stage::Tracks => "tracks",
            Stage::Care => "tamper and windows",
            Stage::Pictures => "pictures",
            Stage::Records => "rules and records",
        }
    }
}

/// Hears what was done just now.
pub type StageSink = Arc<dyn Fn(Stage) + Send + Sync>;

/// Says a stage to whoever listens.
pub fn mark(sink: Option<&StageSink>, stage: Stage) {
    if let Some(sink) = sink {
        sink(stage);
    }
}
