//! Happenings as bytes: what was written is read, what is damaged is refused before it takes memory.

use super::*;

fn one() -> Happenings {
    let who = Who { camera: "a", policy_version: 1, rule: "", muted: false };
    let name = Name { kind: "cross".into(), rule: "door".into(), subject: 7 };
    let first = Meta::default();
    let begins = Beginning {
        name,
        zone: "line".into(),
        track: 7,
        muted: false,
        first,
        place: None,
        detail: "A to B".into(),
    };
    let mut happenings = Happenings::default();
    happenings.begin(&who, &first, begins).unwrap();
    happenings
}

fn bytes(of: &Happenings) -> Vec<u8> {
    let mut to = Writer::default();
    of.save(&mut to);
    to.0
}

#[test]
fn counts_are_held_against_their_bounds() {
    let good = bytes(&one());
    assert_eq!(Happenings::load(&mut Reader(&good)), Some(one()));
    // The count of open ones stands behind that of the told ones and the only one of them.
    let open = 4 + 8 + "door".len() + 8;
    assert_eq!(good[open..open + 4], 1u32.to_le_bytes());
    for at in [0, open] {
        for count in [2, MOST_OPEN as u32 + 1, MOST_TOLD as u32 + 1, u32::MAX] {
            let mut bad = good.clone();
            bad[at..at + 4].copy_from_slice(&count.to_le_bytes());
            assert_eq!(Happenings::load(&mut Reader(&bad)), None, "{count} at {at}");
        }
    }
    // Too many are refused also where the bytes for them are there.
    let told = vec![("r".to_owned(), 0); MOST_TOLD + 1];
    let many = bytes(&Happenings { open: Vec::new(), told });
    assert_eq!(Happenings::load(&mut Reader(&many)), None);
}

#[test]
fn what_is_cut_short_is_refused() {
    let good = bytes(&one());
    for length in 0..good.len() {
        assert_eq!(Happenings::load(&mut Reader(&good[..length])), None, "{length} bytes");
    }
}
