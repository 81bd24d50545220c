//! Scores of the Spark job and of the scorer in Rust, on the same windows by the same cards: agreed
//! as docs/ref/models.md says, also far outside of what was learned.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::Path;
use std::process::Command;

use flumen_base::wire::{ModelCard, Window};
use flumen_operators::score::{FEATURES, Model};
use prost::Message;

use crate::common::succeed;

/// Windows, and how many of them are stretched.
const WINDOWS: usize = 10_000;
const STRETCHED: usize = 2_000;
/// Standard deviations that a stretched window lies outside at least.
const FAR: f64 = 50.0;
/// Places in a window's values that a feature depends on, by root or as it is.
const OF_FEATURES: [(usize, bool); 5] =
    [(48, true), (54, true), (55, false), (56, false), (57, false)];

/// Busy windows of the days, every fifth stretched.
pub fn windows(days: impl Iterator<Item = Window>) -> Vec<Window> {
    let busy = days.filter(|w| w.values.get(50).is_some_and(|things| *things > 0.0));
    let mut windows: Vec<Window> = busy.take(WINDOWS).collect();
    assert_eq!(windows.len(), WINDOWS, "the days hold as many");
    for (i, window) in windows.iter_mut().step_by(WINDOWS / STRETCHED).enumerate() {
        let (at, root) = OF_FEATURES[i % OF_FEATURES.len()];
        let far = 100.0 + (i % 97) as f32;
        window.values[at] = if root { far * far } else { -far };
    }
    windows
}

/// Lets the job's code score these windows by the newest card of each kind; what it says is
/// computed again.
pub fn agree(dir: &Path, cards: &BTreeMap<String, ModelCard>, windows: &[Window]) {
    let mut newest: BTreeMap<(&str, &str), &ModelCard> = BTreeMap::new();
    for card in cards.values().filter(|c| !["forecast", "patterns"].contains(&c.kind.as_str())) {
        let of = newest.entry((&card.scope, &card.kind)).or_insert(card);
        *of = if of.version < card.version { card } else { of };
    }
    write(&dir.join("cards.pb"), newest.values().copied());
    write(&dir.join("windows.pb"), windows.iter());
    rescore(dir);
    let bytes = std::fs::read(dir.join("scored.pb")).unwrap();
    let (mut rest, mut scores, mut far) = (bytes.as_slice(), BTreeMap::new(), 0);
    while !rest.is_empty() {
        let scored = ModelCard::decode_length_delimited(&mut rest).unwrap();
        let model = Model::open(&scored)
            .unwrap_or_else(|e| panic!("the scores of Spark's job and ours differ: {e}"));
        *scores.entry(scored.kind.clone()).or_insert(0) += scored.golden.len();
        if scored.kind == "kmeans" {
            far += scored.golden.iter().filter(|golden| is_far(&model, golden)).count();
        }
    }
    for kind in ["kmeans", "gaussian-mixture"] {
        assert_eq!(scores.get(kind), Some(&WINDOWS), "{scores:?}");
    }
    for kind in ["profile", "appearance"] {
        assert!(scores.get(kind).is_some_and(|minutes| *minutes > 200), "{scores:?}");
    }
    assert_eq!(far, STRETCHED, "windows {FAR} standard deviations outside");
    println!(
        "scores of the job and of the scorer agree: {scores:?}, {far} of them {FAR} sigma out"
    );
}

fn is_far(model: &Model, golden: &flumen_base::wire::model_card::Golden) -> bool {
    let window = golden.window.as_ref().unwrap();
    let z = model.standardised(&golden.camera, window).unwrap();
    (0..FEATURES).any(|i| z[i].abs() >= FAR)
}

fn write<'a, M: Message + 'a>(path: &Path, all: impl Iterator<Item = &'a M>) {
    let mut file = std::io::BufWriter::new(std::fs::File::create(path).unwrap());
    for one in all {
        file.write_all(&one.encode_length_delimited_to_vec()).unwrap();
    }
    file.flush().unwrap();
}

fn rescore(dir: &Path) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let target = root.join("jvm/spark/target");
    let class_path = format!(
        "{}/test-classes:{}/classes:{}/target/servers/spark/lib/*",
        target.display(),
        target.display(),
        root.display()
    );
    let script =
        format!(". '{}/deploy/local/common.sh'; find_java; exec \"$JAVA\" \"$@\"", root.display());
    let mut command = Command::new("bash");
    command.args(["-c", &script, "rescore", "-Xmx700m", "-cp", &class_path]);
    command.arg("flumen.spark.Rescore");
    command.args(["cards.pb", "windows.pb", "scored.pb"].map(|name| dir.join(name)));
    succeed(&command.output().unwrap());
}
