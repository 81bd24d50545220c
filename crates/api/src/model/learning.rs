//! What is learned, as JSON: models, what is normal, forecasts, insights, verdicts.

use flumen_base::wire::{self, ModelCard};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{Phase, event::hex};

/// How a version of a model counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ModelState {
    /// It scores what comes.
    InForce,
    /// It scores beside the one in force and tells nothing.
    Shadow,
    /// Another version counts.
    Older,
    /// It counts in a moment.
    Waiting,
}

/// How good a model was.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ModelMeasure {
    /// `false-a-day`, `mae-1h`, `coverage`, ...
    pub name: String,
    /// Its value.
    pub value: f64,
}

/// One version of a model.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Model {
    /// A camera, or `group:` and a group's name.
    pub scope: String,
    /// `profile`, `kmeans`, `gaussian-mixture`, `appearance`, `forecast` or `patterns`.
    pub kind: String,
    /// The last minute it was trained on, since 1970.
    pub version: u64,
    /// The version before; 0 = none.
    pub parent: u64,
    /// Which training it comes from.
    pub lineage: String,
    /// Program that trained it.
    pub trainer: String,
    /// Of features and scores.
    pub schema: u32,
    /// It learned from this time on.
    pub from_us: i64,
    /// It learned up to this time.
    pub to_us: i64,
    /// Good windows it learned from.
    pub windows: u64,
    /// Minutes it learned from; 0 where it learns from windows.
    pub minutes: u64,
    /// Arrival time from which it counts.
    pub effective_us: i64,
    /// Cameras it knows.
    pub cameras: Vec<String>,
    /// How good it was.
    pub measures: Vec<ModelMeasure>,
    /// How it counts.
    pub state: ModelState,
    /// A person said that this version counts.
    pub pinned: bool,
}

impl Model {
    pub(crate) fn of(card: &ModelCard, state: ModelState, pinned: bool) -> Model {
        let measure =
            |m: &wire::model_card::Measure| ModelMeasure { name: m.name.clone(), value: m.value };
        let mut cameras: Vec<String> = card.normals.iter().map(|n| n.camera.clone()).collect();
        if cameras.is_empty() && !card.scope.contains(':') {
            cameras.push(card.scope.clone());
        }
        Model {
            scope: card.scope.clone(),
            kind: card.kind.clone(),
            version: card.version,
            parent: card.parent,
            lineage: card.lineage.clone(),
            trainer: card.trainer.clone(),
            schema: card.schema,
            from_us: card.from_us,
            to_us: card.to_us,
            windows: card.windows,
            minutes: card.minutes,
            effective_us: card.effective_us,
            cameras,
            measures: card.measures.iter().map(measure).collect(),
            state,
            pinned,
        }
    }
}

/// Which version of a model counts, as a person said.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Active {
    /// A camera, or `group:` and a group's name.
    pub scope: String,
    /// Kind of model.
    pub kind: String,
    /// 0 = always the newest.
    pub version: u64,
    /// Scored beside; 0 = none.
    pub shadow: u64,
    /// Arrival time from which it counts.
    pub effective_us: i64,
    /// The version beside counts as soon as it is found to be better; then the newest is beside.
    pub when_better: bool,
    /// Who said it: `api`, or `measure`.
    pub by: String,
    /// Why.
    pub reason: String,
}

impl From<&wire::ActiveModel> for Active {
    fn from(word: &wire::ActiveModel) -> Active {
        Active {
            scope: word.scope.clone(),
            kind: word.kind.clone(),
            version: word.version,
            shadow: word.shadow,
            effective_us: word.effective_us,
            when_better: word.when_better,
            by: word.by.clone(),
            reason: word.reason.clone(),
        }
    }
}

/// What is to count.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ActiveInput {
    /// Version that counts; 0 = always the newest.
    #[serde(default)]
    pub version: u64,
    /// Version that is scored beside; 0 = none.
    #[serde(default)]
    pub shadow: u64,
    /// The version beside counts as soon as a day and more of it finds as much with fewer false
    /// anomalies; then, or after a week, the newest is beside. Version 0 is then the one in force,
    /// shadow 0 always the newest.
    #[serde(default)]
    pub when_better: bool,
    /// Why, for people; at most 500 bytes.
    #[serde(default)]
    pub reason: String,
}

/// Whether a version beside is better.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Finding {
    /// Less than a day of minutes of each camera is scored.
    TooEarly,
    /// It finds as much, and tells fewer false anomalies.
    Better,
    /// It does not.
    NotBetter,
}

/// What one of two versions would have told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Told {
    /// Anomalies.
    pub anomalies: u64,
    /// Those that no person said to be one.
    pub unconfirmed: u64,
    /// Of those that a person said to be one.
    pub found: u64,
}

/// A version beside the one that counts, on the same minutes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Trial {
    /// The version beside.
    pub version: u64,
    /// It is scored from here on, UTC.
    pub since_us: i64,
    /// Cameras that it scores.
    pub cameras: u64,
    /// Scored minutes of all of them, of ended hours.
    pub minutes: u64,
    /// Spans in it that a person said to be an anomaly.
    pub confirmed: u64,
    /// What it would have told.
    pub beside: Told,
    /// What the version that counts told of the same minutes by this kind of model.
    pub in_force: Told,
    /// Whether it is better.
    pub finding: Finding,
}

/// All models.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ModelList {
    /// By scope and kind, the newest version first.
    pub models: Vec<Model>,
    /// What persons said.
    pub active: Vec<Active>,
}

/// Above it a dimension's score is odd.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ModelThreshold {
    /// `time`, `place`, `way`, ...
    pub dimension: String,
    /// Of a score.
    pub score: f64,
}

/// What a model holds for normal of one camera.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ModelNormal {
    /// Camera.
    pub camera: String,
    /// Minutes learned.
    pub minutes: u64,
    /// Above these it is odd; none before two days.
    pub thresholds: Vec<ModelThreshold>,
    /// Mean of each feature; empty where the kind has none.
    pub mean: Vec<f64>,
    /// Standard deviation of each feature.
    pub deviation: Vec<f64>,
}

/// One version with what it holds for normal.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ModelDetail {
    /// The version.
    pub model: Model,
    /// By camera.
    pub normals: Vec<ModelNormal>,
}

impl ModelDetail {
    pub(crate) fn of(card: &ModelCard, model: Model) -> ModelDetail {
        let normal = |n: &wire::model_card::Normal| ModelNormal {
            camera: n.camera.clone(),
            minutes: n.minutes,
            thresholds: thresholds(n),
            mean: n.mean.clone(),
            deviation: n.deviation.clone(),
        };
        ModelDetail { model, normals: card.normals.iter().map(normal).collect() }
    }
}

pub(crate) fn thresholds(normal: &wire::model_card::Normal) -> Vec<ModelThreshold> {
    let of = |t: &wire::model_card::Threshold| ModelThreshold {
        dimension: t.dimension.clone(),
        score: t.score,
    };
    normal.thresholds.iter().map(of).collect()
}

/// One number of two versions.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ModelDifference {
    /// What: a measure, or a camera and its threshold.
    pub name: String,
    /// In the first version; absent where it has none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub a: Option<f64>,
    /// In the second.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub b: Option<f64>,
}

/// Two versions side by side.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ModelComparison {
    /// The first.
    pub a: Model,
    /// The second.
    pub b: Model,
    /// Windows, minutes, measures and thresholds, side by side.
    pub differences: Vec<ModelDifference>,
}

/// How often a way is taken.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct UsualWay {
    /// 0 to 11: 4 columns, 3 rows, rows first.
    pub place: u32,
    /// 0 to 7: 0 = to the right, 2 = down, 4 = to the left.
    pub heading: u32,
    /// Of the minutes with movement.
    pub share: f64,
}

/// A usual path through the picture.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct UsualPath {
    /// Places in their order, 0 to 11.
    pub places: Vec<u32>,
    /// Share of the visits that go so.
    pub support: f64,
}

/// Numbers at once by hour of the day.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct UsualCrowd {
    /// 0 to 23, local time.
    pub hour: u32,
    /// Shares of the minutes with 0, 1, 2, 3, 4 to 5, 6 to 8, 9 to 15, 16 and more things.
    pub shares: Vec<f64>,
}

/// What is normal on a camera.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Normal {
    /// Camera.
    pub camera: String,
    /// Of the profile.
    pub version: u64,
    /// Program that trained it.
    pub trainer: String,
    /// It learned from this time on.
    pub from_us: i64,
    /// It learned up to this time.
    pub to_us: i64,
    /// Minutes learned.
    pub minutes: u64,
    /// Share of the minutes in which something is in sight, Monday 0:00 local time first; null
    /// where nothing was seen yet.
    pub hour_active: Vec<Option<f64>>,
    /// By part of the picture, 6 rows of 8: share of the minutes with movement that have it there.
    pub cells: Vec<f64>,
    /// Ways that are taken, the most usual first.
    pub ways: Vec<UsualWay>,
    /// Numbers at once by hour of the day.
    pub crowd: Vec<UsualCrowd>,
    /// Longest stay of a minute: shares below 5, 10, 20, 40, 80, 160, 320, 640, 1280, 2560, 5120
    /// seconds, and above.
    pub dwell: Vec<f64>,
    /// Usual paths; none before they are learned.
    pub paths: Vec<UsualPath>,
    /// Above these a score is odd; none before two days.
    pub thresholds: Vec<ModelThreshold>,
}

/// One dimension in which something is not as usual.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Oddity {
    /// `time`, `place`, `way`, `crowd`, `dwell`, `absence`, `look`, `cluster` or `density`.
    pub dimension: String,
    /// What was seen.
    pub seen: f64,
    /// What was expected.
    pub expected: f64,
    /// How odd.
    pub score: f64,
    /// From where on it is odd.
    pub threshold: f64,
    /// For a person.
    pub text: String,
    /// Of the model.
    pub kind: String,
    /// Of the model.
    pub version: u64,
}

impl From<&wire::Oddity> for Oddity {
    fn from(odd: &wire::Oddity) -> Oddity {
        Oddity {
            dimension: odd.dimension.clone(),
            seen: odd.seen,
            expected: odd.expected,
            score: odd.score,
            threshold: odd.threshold,
            text: odd.text.clone(),
            kind: odd.kind.clone(),
            version: odd.version,
        }
    }
}

/// What a person said of an anomaly.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// It is one.
    Anomaly,
    /// It is usual: it is learned, and not told again.
    Normal,
}

impl Verdict {
    pub(crate) fn of(feedback: &wire::Feedback) -> Option<Verdict> {
        match feedback.verdict() {
            wire::Verdict::Anomaly => Some(Verdict::Anomaly),
            wire::Verdict::Normal => Some(Verdict::Normal),
            wire::Verdict::Unspecified => None,
        }
    }
}

/// A verdict on an event or insight.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct VerdictInput {
    /// What it is.
    pub verdict: Verdict,
    /// The span it is about.
    pub begin_us: i64,
    /// Its end; absent = a minute.
    #[serde(default)]
    pub end_us: Option<i64>,
    /// Dimensions it is about; none = all that were odd.
    #[serde(default)]
    pub dimensions: Vec<String>,
}

/// What an insight is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum InsightKind {
    /// Not as usual.
    Anomaly,
    /// A usual path.
    Pattern,
    /// What comes.
    Forecast,
    /// A camera drifts towards failure.
    Health,
    /// What a model beside made of an hour; told when it is asked for.
    Shadow,
}

impl InsightKind {
    pub(crate) fn wire(self) -> wire::InsightKind {
        match self {
            InsightKind::Anomaly => wire::InsightKind::Anomaly,
            InsightKind::Pattern => wire::InsightKind::Pattern,
            InsightKind::Forecast => wire::InsightKind::Forecast,
            InsightKind::Health => wire::InsightKind::Health,
            InsightKind::Shadow => wire::InsightKind::Shadow,
        }
    }

    fn of(kind: wire::InsightKind) -> InsightKind {
        match kind {
            wire::InsightKind::Anomaly => InsightKind::Anomaly,
            wire::InsightKind::Pattern => InsightKind::Pattern,
            wire::InsightKind::Forecast => InsightKind::Forecast,
            wire::InsightKind::Health => InsightKind::Health,
            wire::InsightKind::Shadow => InsightKind::Shadow,
        }
    }
}

/// One hour of a forecast.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Ahead {
    /// UTC.
    pub begin_us: i64,
    /// UTC.
    pub end_us: i64,
    /// Expected.
    pub value: f64,
    /// 90 % lie above.
    pub low: f64,
    /// And below.
    pub high: f64,
    /// What came; absent of hours to come.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub came: Option<f64>,
}

impl From<&wire::insight::Ahead> for Ahead {
    fn from(step: &wire::insight::Ahead) -> Ahead {
        Ahead {
            begin_us: step.begin_us,
            end_us: step.end_us,
            value: step.value,
            low: step.low,
            high: step.high,
            came: step.came,
        }
    }
}

/// What learning found.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Insight {
    /// 32 hexadecimal digits.
    pub id: String,
    /// Grows with each change.
    pub revision: u32,
    /// Camera.
    pub camera: String,
    /// What it is.
    pub kind: InsightKind,
    /// Where it stands.
    pub phase: Phase,
    /// UTC.
    pub begin_us: i64,
    /// UTC; absent while it goes on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub end_us: Option<i64>,
    /// Of an anomaly the leading dimension.
    pub dimension: String,
    /// For a person.
    pub text: String,
    /// Expected against seen, of an anomaly.
    pub oddities: Vec<Oddity>,
    /// Hours of a forecast.
    pub ahead: Vec<Ahead>,
    /// Places of a path.
    pub places: Vec<u32>,
    /// How usual a path is.
    pub support: f64,
    /// Of the model that found it.
    pub model_version: u64,
    /// Program that found it.
    pub trainer: String,
    /// What a person said of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub verdict: Option<Verdict>,
}

impl Insight {
    pub(crate) fn of(insight: &wire::Insight, verdict: Option<Verdict>) -> Insight {
        let phase = match insight.phase() {
            wire::Phase::Begin => Phase::Begin,
            wire::Phase::Update => Phase::Update,
            wire::Phase::End => Phase::End,
        };
        Insight {
            id: hex(&insight.id),
            revision: insight.revision,
            camera: insight.camera.clone(),
            kind: InsightKind::of(insight.kind()),
            phase,
            begin_us: insight.begin_us,
            end_us: (phase == Phase::End).then_some(insight.end_us),
            dimension: insight.dimension.clone(),
            text: insight.text.clone(),
            oddities: insight.oddities.iter().map(Oddity::from).collect(),
            ahead: insight.ahead.iter().map(Ahead::from).collect(),
            places: insight.places.clone(),
            support: insight.support,
            model_version: insight.model_version,
            trainer: insight.trainer.clone(),
            verdict,
        }
    }
}

/// Some insights.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct InsightList {
    /// Newest first.
    pub insights: Vec<Insight>,
    /// There are older ones: ask again with `before_us` of this.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_before_us: Option<i64>,
}

/// What is expected to come.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Forecast {
    /// Camera.
    pub camera: String,
    /// The hour it was made in began then.
    pub made_us: i64,
    /// What is counted: `entries`.
    pub dimension: String,
    /// In a sentence.
    pub text: String,
    /// Past hours with what came, then hours to come.
    pub hours: Vec<Ahead>,
    /// How good it was.
    pub measures: Vec<ModelMeasure>,
}
