//! What a person sees, in a real browser.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use crate::common::{Flumen, clip, succeed};

#[test]
fn pages_show_live_pictures_with_their_own_boxes() {
    let dir = tempfile::tempdir().unwrap();
    let video = clip("street", 20, 15);
    let env = [("FLUMEN__INGEST__FILE_ROOTS", format!("[{:?}]", video.parent().unwrap()))];
    let running = Flumen::start_with(dir.path(), &env);
    for (id, scene) in [("street", "street?seed=1"), ("yard", "yard?seed=2")] {
        running.add(id, &format!("synthetic:{scene}&size=640x360&fps=15&seconds=20"), &[]);
    }
    for id in ["street", "yard"] {
        running.wait_live(id, Duration::from_secs(60));
    }
    let web = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../web");
    let shown = Command::new("node")
        .arg(web.join("test/browser.mjs"))
        .env("FLUMEN_URL", running.url(""))
        .env("FLUMEN_SHOTS", Path::new(env!("CARGO_TARGET_TMPDIR")).join("shots"))
        .current_dir(&web)
        .output()
        .expect("node runs");
    println!("{}", succeed(&shown));
    running.stop();
}
