//! What is known of an access unit besides its bytes.

use flumen_base::wire::{PacketHeader, SourcePosition};
use flumen_operators::{Reader, Writer};

/// Microseconds from 1970 (36,000 years) beyond which a time is nonsense; within, no difference
/// overflows.
const FARTHEST_US: i64 = 1 << 60;

/// False for a time that nothing can be reckoned with.
pub(crate) fn is_sane(us: i64) -> bool {
    (-FARTHEST_US..=FARTHEST_US).contains(&us)
}

/// One access unit on its way through the decoder.
#[derive(Clone, Copy, Debug, PartialEq, Default)]
pub(crate) struct Meta {
    /// Counts the units given to decoders; the decoder hands it back with the picture.
    pub tag: u64,
    pub epoch: u64,
    pub sequence: u64,
    pub pts_us: i64,
    /// Capture time; arrival where there is none.
    pub capture_us: i64,
    pub arrival_us: i64,
    pub at: SourcePosition,
    /// A key frame by its header.
    pub key: bool,
    /// Offset of the key frame that decoding began with.
    pub key_offset: u64,
}

impl Meta {
    pub(crate) fn of(header: &PacketHeader, at: SourcePosition) -> Meta {
        Meta {
            tag: 0,
            epoch: header.epoch,
            sequence: header.sequence,
            pts_us: header.pts_us,
            capture_us: capture_us(header),
            arrival_us: header.arrival_us,
            at,
            key: header.key,
            key_offset: at.offset,
        }
    }

    pub(crate) fn save(&self, to: &mut Writer) {
        for v in [self.tag, self.epoch, self.sequence, self.at.offset, self.key_offset] {
            to.u64(v);
        }
        for v in [self.pts_us, self.capture_us, self.arrival_us] {
            to.i64(v);
        }
        to.u32(self.at.partition);
        to.u32(self.at.generation);
        to.u8(u8::from(self.key));
    }

    pub(crate) fn load(from: &mut Reader<'_>) -> Option<Meta> {
        let [tag, epoch, sequence, offset, key_offset] =
            [from.u64()?, from.u64()?, from.u64()?, from.u64()?, from.u64()?];
        let [pts_us, capture_us, arrival_us] = [time(from)?, time(from)?, time(from)?];
        let at = SourcePosition { partition: from.u32()?, generation: from.u32()?, offset };
        let key = from.u8()? != 0;
        Some(Meta { tag, epoch, sequence, pts_us, capture_us, arrival_us, at, key, key_offset })
    }
}

/// A time of a snapshot.
pub(crate) fn time(from: &mut Reader<'_>) -> Option<i64> {
    from.i64().filter(|&us| is_sane(us))
}

/// When a picture was taken, as far as the header knows.
pub(crate) fn capture_us(header: &PacketHeader) -> i64 {
    [header.capture_us, header.arrival_us].into_iter().find(|t| *t != 0).unwrap_or(header.pts_us)
}
