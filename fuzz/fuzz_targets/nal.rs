//! Annex-B of any kind: splitting, parameter sets, sizes, codec strings, SEI put in and found.
#![no_main]

use flumen_base::wire::Codec;
use flumen_media::nal;
use libfuzzer_sys::fuzz_target;

const ID: [u8; 16] = [7; 16];

fuzz_target!(|data: &[u8]| {
    let Some((&user, data)) = data.split_first() else { return };
    let _ = (nal::size(Codec::Mjpeg, data), nal::access(Codec::Mjpeg, data));
    let user = data.get(..usize::from(user)).unwrap_or(data);
    for codec in [Codec::H264, Codec::H265] {
        one(codec, data, user);
    }
});

fn one(codec: Codec, data: &[u8], user: &[u8]) {
    let found = nal::units(data).map(|nal| nal.len() + 3).sum::<usize>();
    assert!(found <= data.len(), "units are parts of the input, each behind its start code");
    let sets = nal::parameter_sets(codec, data);
    assert!(sets.iter().all(|set| nal::kind(codec, set).is_parameter_set()));
    let _ = (nal::sps_of(codec, data), nal::codec_string(codec, data));

    let has_slice = nal::units(data).any(|nal| nal::kind(codec, nal).is_slice());
    let with = nal::with_sei_user_data(codec, data, &ID, user);
    match nal::sei_user_data(codec, data, &ID) {
        Some(before) => {
            assert_eq!(nal::sei_user_data(codec, &with, &ID), Some(before), "the first one counts")
        }
        None if has_slice => {
            assert_eq!(nal::sei_user_data(codec, &with, &ID).as_deref(), Some(user))
        }
        None => assert_eq!(with, data, "nothing to stand before"),
    }
    let told = |data: &[u8]| {
        (nal::access(codec, data), nal::parameter_hash(codec, data), nal::size(codec, data))
    };
    assert_eq!(told(&with), told(data), "user data changes nothing else");
    let slices = |data: &[u8]| -> Vec<Vec<u8>> {
        nal::units(data)
            .filter(|nal| nal::kind(codec, nal).is_slice())
            .map(<[u8]>::to_vec)
            .collect()
    };
    assert_eq!(slices(&with), slices(data), "pictures stay as they are");
}
