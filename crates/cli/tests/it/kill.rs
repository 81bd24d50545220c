//! `kill -9` under load: nothing acknowledged is lost, nothing stands twice.

use crate::common::kills::kill_under_load;
use crate::common::{flumen, lost, repeated_events, succeed};

#[test]
fn kill_nine_under_load_loses_nothing_acknowledged() {
    let dir = tempfile::tempdir().unwrap();
    let campaign = kill_under_load(dir.path(), 2, 7);
    assert_eq!(lost(dir.path(), &campaign.acks), Vec::<String>::new());
    assert_eq!(repeated_events(dir.path()), Vec::<String>::new());
    succeed(&flumen(dir.path(), &["check"]));
}
