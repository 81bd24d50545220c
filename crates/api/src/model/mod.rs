//! How things look as JSON: snake_case, times in microseconds as `*_us`.
//!
//! Invariants: a password or its seal has no field here that is written out.

mod camera;
mod event;
mod learning;
mod live;
mod rules;
mod system;

pub use camera::{
    Camera, CameraInput, CameraList, CaptureSource, Codec, Corner, DerivedPictures, Gate, Policy,
    ProbeAnswer, ProbeInput, Source, SourceInput, State, Stream, Transport,
};
pub(crate) use event::hex;
pub use event::{Event, EventBox, EventList, GapSpan, Phase, RecordingTimeline, Span};
pub(crate) use learning::thresholds;
pub use learning::{
    Active, ActiveInput, Ahead, Finding, Forecast, Insight, InsightKind, InsightList, Model,
    ModelComparison, ModelDetail, ModelDifference, ModelList, ModelMeasure, ModelNormal,
    ModelState, ModelThreshold, Normal, Oddity, Told, Trial, UsualCrowd, UsualPath, UsualWay,
    Verdict, VerdictInput,
};
pub use live::{ClientMessage, LiveBox, LiveMessage, Mode, PushAnswer};
pub use rules::{CameraRules, Direction, Heading, Rule, RuleKind, Zone, ZoneShape};
pub use system::{
    BrokerReport, BusReport, CheckpointReport, Disk, EngineReport, JobReport, ProblemReport,
    StageReport, System, TopicReport,
};
