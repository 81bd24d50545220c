//! Property: no bytes make it panic; what is put in comes out.

use proptest::prelude::*;

use super::*;

const UUID: [u8; 16] = *b"flumen-test-uuid";

fn unit(nals: &[&[u8]]) -> Vec<u8> {
    nals.iter().flat_map(|nal| [&START_CODE[..], nal].concat()).collect()
}

#[test]
fn three_and_four_byte_start_codes_and_trailing_zeros_are_split() {
    let data = [0, 0, 0, 1, 9, 16, 0, 0, 1, 7, 1, 0, 0, 0, 0, 1, 5, 2];
    let nals: Vec<_> = units(&data).collect();
    assert_eq!(nals, [&[9u8, 16][..], &[7, 1], &[5, 2]]);
    assert_eq!(units(&[1, 2, 3]).count(), 0);
    assert_eq!(units(&[0, 0, 1]).count(), 0);
}

#[test]
fn h264_sps_of_a_camera_is_read() {
    // 1920x1080 High profile: 8 lines cropped.
    let sps = [
        0x67, 0x64, 0x00, 0x28, 0xac, 0xd9, 0x40, 0x78, 0x02, 0x27, 0xe5, 0xc0, 0x44, 0x00, 0x00,
        0x03, 0x00, 0x04, 0x00, 0x00, 0x03, 0x00, 0xc8, 0x3c, 0x60, 0xc6, 0x58,
    ];
    let read = h264_sps(&sps).unwrap();
    assert_eq!((read.width, read.height), (1920, 1080));
    assert_eq!(read.frame_rate_millihz, Some(25_000));
    let data = unit(&[&sps, &[0x65, 0x88]]);
    assert_eq!(codec_string(Codec::H264, &data).unwrap(), "avc1.640028");
    assert_eq!(access(Codec::H264, &data), Access::Idr);
}

#[test]
fn h265_sps_of_a_camera_is_read() {
    // 1280x720 Main, as x265 writes it.
    let sps = [
        0x42, 0x01, 0x01, 0x01, 0x60, 0x00, 0x00, 0x03, 0x00, 0x90, 0x00, 0x00, 0x03, 0x00, 0x00,
        0x03, 0x00, 0x5d, 0xa0, 0x02, 0x80, 0x80, 0x2d, 0x16, 0x59, 0x59, 0xa4, 0x93, 0x2b, 0xc0,
        0x5a, 0x70, 0x80, 0x00, 0x01, 0xf4, 0x80, 0x00, 0x3a, 0x98, 0x04,
    ];
    let read = h265_sps(&sps).unwrap();
    assert_eq!((read.width, read.height), (1280, 720));
    let data = unit(&[&sps, &[0x26, 0x01, 0x88]]);
    assert_eq!(codec_string(Codec::H265, &data).unwrap(), "hvc1.1.6.L93.90");
    assert_eq!(access(Codec::H265, &data), Access::Idr);
}

#[test]
fn a_jpeg_tells_its_size() {
    let jpeg = [0xff, 0xd8, 0xff, 0xe0, 0, 4, 1, 2, 0xff, 0xc0, 0, 11, 8, 1, 0x68, 2, 0x80, 3];
    assert_eq!(size(Codec::Mjpeg, &jpeg), Some((640, 360)));
    assert_eq!(size(Codec::Mjpeg, &jpeg[..12]), None);
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic(data in proptest::collection::vec(
        prop_oneof![4 => any::<u8>(), 3 => Just(0u8), 2 => Just(1u8), 1 => Just(0x67u8)], 0..400)) {
        for codec in [Codec::H264, Codec::H265, Codec::Mjpeg, Codec::Aac] {
            access(codec, &data);
            size(codec, &data);
            codec_string(codec, &data);
            parameter_hash(codec, &data);
            sei_user_data(codec, &data, &UUID);
            with_sei_user_data(codec, &data, &UUID, &data);
        }
    }

    #[test]
    fn user_data_comes_back(user in proptest::collection::vec(
        prop_oneof![any::<u8>(), Just(0u8)], 0..600), h265: bool) {
        let (codec, slice): (_, &[u8]) =
            if h265 { (Codec::H265, &[0x26, 1, 9]) } else { (Codec::H264, &[0x65, 9]) };
        let data = with_sei_user_data(codec, &unit(&[slice]), &UUID, &user);
        prop_assert_eq!(sei_user_data(codec, &data, &UUID), Some(user));
        prop_assert_eq!(units(&data).last(), Some(slice));
        prop_assert_eq!(access(codec, &data), Access::Idr);
    }
}
