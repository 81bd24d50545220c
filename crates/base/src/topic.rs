//! The topics by name; what travels on each is in `docs/ref/topics.md`.

/// Compacted: cameras as their owners want them.
pub const CAMERAS: &str = "flumen.cameras";
/// Compacted, one partition: who holds a camera.
pub const OWNERS: &str = "flumen.owners";
/// Encoded video and audio, one access unit a record, and markers.
pub const VIDEO: &str = "flumen.video";
/// What each frame holds.
pub const FRAMES: &str = "flumen.frames";
/// Events, begin to end.
pub const EVENTS: &str = "flumen.events";
/// JPEGs of events.
pub const PICTURES: &str = "flumen.pictures";
/// One second of a camera as a vector, made for learning.
pub const WINDOWS: &str = "flumen.windows";
/// Compacted: learned models, and which of them counts.
pub const MODELS: &str = "flumen.models";
/// What learning found: anomalies, patterns, forecasts.
pub const INSIGHTS: &str = "flumen.insights";
/// Compacted: what people say of events and insights.
pub const FEEDBACK: &str = "flumen.feedback";
/// Compacted: spans that are not covered.
pub const GAPS: &str = "flumen.gaps";
/// Compacted: archived files.
pub const SEGMENTS: &str = "flumen.segments";
/// Records that could not be used.
pub const REJECTS: &str = "flumen.rejects";

/// Topics that are logs: kept by age and bytes.
pub const LOGS: [&str; 7] = [VIDEO, FRAMES, EVENTS, PICTURES, WINDOWS, INSIGHTS, REJECTS];
/// Topics that are tables: the last record of each key is kept.
pub const TABLES: [&str; 6] = [CAMERAS, OWNERS, MODELS, FEEDBACK, GAPS, SEGMENTS];

/// Name of the record header that holds the PacketHeader.
pub const PACKET_HEADER: &str = "h";
