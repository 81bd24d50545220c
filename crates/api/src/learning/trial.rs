//! Trials: a version of a model beside the one that counts, and promotion by what it shows.
//!
//! Invariants: a person's word is never overwritten by a look that began before it; nothing is
//! promoted without a day of every camera's minutes.
//! Spec: docs/ref/models.md, "A model beside".
//! Not here: scoring beside (`operators`), sums (`tally`).

use std::collections::BTreeMap;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use axum::Json;
use axum::extract::State;
use flumen_base::wire::{ActiveModel, Feedback};
use flumen_base::{Context, Error, Result, topic};
use prost::Message;

use super::models::say;
use super::stored::{self, Versions};
use super::tally::Tally;
use crate::app::App;
use crate::extract::{Parts, blocking};
use crate::face::Face;
use crate::model::{ActiveInput, Finding, Told, Trial};
use crate::problem::{Answer, ProblemDocument};

/// Between two looks at all trials.
const EVERY: Duration = Duration::from_secs(60);
/// A version that is not better by then gives its place to the newest.
const LONGEST_US: i64 = 7 * 86_400_000_000;
/// The word of a model stands under this last part of its key.
const WORD: &str = "/active";

/// How the version beside the one that counts does.
#[utoipa::path(get, path = "/api/v1/models/{scope}/{kind}/trial", tag = "learning",
    params(("scope" = String, Path, description = "a camera, or group:NAME"),
        ("kind" = String, Path, description = "kind of model")), responses(
    (status = 200, body = Trial),
    (status = 404, body = ProblemDocument, content_type = "application/problem+json",
        description = "no version is scored beside, or there is no such model"),
    (status = "default", body = ProblemDocument, content_type = "application/problem+json"),
))]
pub(crate) async fn get_trial(
    State(app): State<App>,
    Parts((scope, kind)): Parts<(String, String)>,
) -> Answer<Json<Trial>> {
    let trial = blocking(move || {
        let of = stored::versions_of(&*app.face.bus, &scope, &kind)?;
        if of.word.shadow == 0 {
            return Err(Error::not_found(format!(
                "no version of {scope}/{kind} is scored beside the one that counts: PUT \
                 /api/v1/models/{scope}/{kind}/active names one as `shadow`"
            )));
        }
        trial(&app.face, &of.word)
    });
    Ok(Json(trial.await?))
}

fn trial(face: &Face, word: &ActiveModel) -> Result<Trial> {
    let group = word.scope.strip_prefix("group:");
    let of = group.map_or_else(|| format!("{}/", word.scope), |_| String::new());
    let verdicts = face.bus.table(topic::FEEDBACK)?.scan(of.as_bytes())?;
    let verdicts: Vec<Feedback> =
        verdicts.iter().filter_map(|(_, value)| Feedback::decode(value.as_slice()).ok()).collect();
    let mut tally = Tally::new(&verdicts);
    let name = format!("{}/{}/{}/", word.scope, word.kind, word.shadow);
    face.library.shadows(&name, word.effective_us, &mut |hour| tally.add(hour))?;
    Ok(tally.finish(word.shadow, word.effective_us))
}

/// Starts the thread that promotes what is better.
///
/// # Errors
/// `Unavailable` when it can't be started.
pub(crate) fn watch_trials(app: App) -> Result<JoinHandle<()>> {
    std::thread::Builder::new()
        .name("api-trials".into())
        .spawn(move || {
            let (mut trials, mut looked) = (Trials::default(), Instant::now());
            while !app.is_stopping() {
                if looked.elapsed() >= EVERY {
                    trials.look(&app.face);
                    looked = Instant::now();
                }
                std::thread::sleep(Duration::from_millis(100));
            }
        })
        .context("start the thread that looks at models beside")
}

/// The words that ask for promotion by measure.
#[derive(Default)]
pub(crate) struct Trials {
    /// Change of the table to go on from.
    from: u64,
    words: BTreeMap<Vec<u8>, ActiveModel>,
}

impl Trials {
    /// Looks at all trials once; what can't be read now is looked at again.
    pub(crate) fn look(&mut self, face: &Face) {
        if let Err(e) = self.follow(face) {
            tracing::debug!("models beside can't be looked at: {e}");
            return;
        }
        for word in self.words.values() {
            if let Err(e) = turn(face, word) {
                tracing::warn!(
                    scope = word.scope,
                    kind = word.kind,
                    "no look at the model beside: {e}"
                );
            }
        }
    }

    fn follow(&mut self, face: &Face) -> Result<()> {
        let table = face.bus.table(topic::MODELS)?;
        // A table hands out its changes in parts.
        loop {
            let changes = table.changes(self.from, Duration::ZERO)?;
            let Some(last) = changes.last() else { return Ok(()) };
            self.from = last.offset + 1;
            for change in changes.into_iter().filter(|c| c.key.ends_with(WORD.as_bytes())) {
                let word =
                    change.value.and_then(|value| ActiveModel::decode(value.as_slice()).ok());
                match word.filter(|word| word.when_better) {
                    Some(word) => self.words.insert(change.key, word),
                    None => self.words.remove(&change.key),
                };
            }
        }
    }
}

fn turn(face: &Face, word: &ActiveModel) -> Result<()> {
    let trial = trial(face, word)?;
    let of = stored::versions_of(&*face.bus, &word.scope, &word.kind)?;
    let now_us = face.clock.wall_us();
    let changed = of.word.effective_us != word.effective_us || !of.word.when_better;
    let Some(input) = next(&of, &trial, now_us).filter(|_| !changed) else { return Ok(()) };
    tracing::info!(
        scope = word.scope,
        kind = word.kind,
        version = input.version,
        beside = input.shadow,
        "the model beside was measured: {}",
        input.reason
    );
    say(face, word.scope.clone(), word.kind.clone(), input, "measure").map(drop)
}

/// What follows from a trial; nothing while it goes on.
fn next(of: &Versions, trial: &Trial, now_us: i64) -> Option<ActiveInput> {
    let word = &of.word;
    let newest = Some(of.newest()).filter(|v| *v > word.version.max(word.shadow)).unwrap_or(0);
    let told =
        |version, shadow, reason| Some(ActiveInput { version, shadow, when_better: true, reason });
    match trial.finding {
        _ if word.shadow == 0 => {
            (newest != 0).then(|| told(word.version, newest, "a newer one is beside".into()))?
        }
        Finding::Better => told(word.shadow, newest, format!("better: {}", in_words(trial))),
        Finding::NotBetter if newest != 0 && now_us - word.effective_us >= LONGEST_US => {
            let reason = format!("{} was not better: {}", word.shadow, in_words(trial));
            told(word.version, newest, reason)
        }
        Finding::NotBetter | Finding::TooEarly => None,
    }
}

fn in_words(trial: &Trial) -> String {
    let side = |told: &Told| {
        let Told { anomalies, unconfirmed, found } = told;
        format!(
            "{anomalies} anomalies, {unconfirmed} of them not confirmed, {found} of {}",
            trial.confirmed
        )
    };
    format!(
        "{} minutes of {} cameras: {} found; the one before {} found",
        trial.minutes,
        trial.cameras,
        side(&trial.beside),
        side(&trial.in_force)
    )
}
