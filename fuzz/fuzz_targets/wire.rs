//! Records of any kind: what decodes, encodes to what decodes to the same.
#![no_main]

use flumen_base::wire::{Camera, Event, FrameResult, PacketHeader, Segment};
use libfuzzer_sys::fuzz_target;
use prost::Message;

fn round<M: Message + Default + PartialEq>(data: &[u8]) {
    if let Ok(message) = M::decode(data) {
        assert!(M::decode(message.encode_to_vec().as_slice()).as_ref() == Ok(&message), "a round trip");
    }
}

fuzz_target!(|data: &[u8]| {
    round::<PacketHeader>(data);
    round::<Camera>(data);
    round::<Event>(data);
    round::<FrameResult>(data);
    round::<Segment>(data);
});
