//! What one client is sent for each access unit: fMP4, JPEGs, or a picture now and then.
//!
//! Invariants: a fragment follows an init segment of its own parameter sets; media time
//! plus `base_us` is `pts_us`; at most one picture a second in stills.
//! Spec: ISO/IEC 14496-12 s8.8 (fragments), W3C Media Source Extensions.

use std::collections::HashMap;
use std::sync::Arc;

use bytes::{BufMut, Bytes, BytesMut};
use flumen_base::{Result, wire};
use flumen_media::{TrackInfo, fmp4};

use super::unit::LiveUnit;
use crate::model::{LiveMessage, Mode};

const STILL_EVERY_US: i64 = 950_000;
/// For a camera that does not tell.
const USUAL_DURATION_US: u32 = 40_000;

/// First byte of a binary message.
#[derive(Clone, Copy)]
enum Kind {
    Init = 0,
    Fragment = 1,
    Jpeg = 2,
}

/// One thing to send.
#[derive(Debug)]
pub(crate) enum Out {
    /// As text.
    Say(LiveMessage),
    /// As it is.
    Send(Bytes),
    /// The unit's picture, once it is made.
    Still(Arc<LiveUnit>),
}

/// The state of one client.
#[derive(Default)]
pub(crate) struct Mux {
    supports: HashMap<String, bool>,
    /// The client said something since the last init.
    asked: bool,
    base_us: Option<i64>,
    shown: Option<Shown>,
    fragments: u32,
    still_us: Option<i64>,
}

/// What the client was last told.
struct Shown {
    mode: Mode,
    of: (wire::Codec, u64, u64),
    track: Option<fmp4::TrackConfig>,
}

impl Mux {
    /// The client says what it can play; counts from the next key picture on.
    pub(crate) fn supports(&mut self, mimes: HashMap<String, bool>) {
        self.supports = mimes;
        self.asked = true;
    }

    /// The epoch of what is shown.
    pub(crate) fn epoch(&self) -> Option<u64> {
        self.shown.as_ref().map(|shown| shown.of.1)
    }

    /// What to send for the next unit.
    ///
    /// # Errors
    /// What the fMP4 writer says of a unit that can't be written; the next may do.
    pub(crate) fn unit(&mut self, unit: &Arc<LiveUnit>) -> Result<Vec<Out>> {
        let header = &unit.header;
        let mut out = Vec::new();
        let of = (header.codec(), header.epoch, header.parameter_hash);
        if header.key && self.is_new(of, unit) {
            self.begin(unit, &mut out)?;
        }
        let Some(shown) = &self.shown else { return Ok(out) };
        match (shown.mode, &shown.track) {
            (Mode::Mse, Some(track)) => {
                let base_us = self.base_us.unwrap_or(0);
                self.fragments = self.fragments.wrapping_add(1).max(1);
                let sample = sample(unit, base_us);
                let track = std::slice::from_ref(track);
                let bytes = fmp4::fragment(self.fragments, track, &[sample])?;
                out.push(Out::Send(binary(Kind::Fragment, &[], &bytes)));
            }
            (Mode::Mjpeg, _) => out.push(Out::Send(jpeg(header.pts_us, &unit.data))),
            (Mode::Stills, _) if header.key && is_due(&mut self.still_us, header.pts_us) => {
                out.push(Out::Still(unit.clone()));
            }
            (Mode::Stills | Mode::Mse, _) => {}
        }
        Ok(out)
    }

    fn is_new(&mut self, of: (wire::Codec, u64, u64), unit: &LiveUnit) -> bool {
        let asked = std::mem::take(&mut self.asked);
        match &self.shown {
            Some(shown) if shown.of == of => asked && self.choose(unit).0 != shown.mode,
            _ => true,
        }
    }

    fn begin(&mut self, unit: &LiveUnit, out: &mut Vec<Out>) -> Result<()> {
        let header = &unit.header;
        if self.base_us.is_none_or(|base| header.dts_us.min(header.pts_us) < base) {
            self.base_us = Some(header.dts_us.min(header.pts_us));
        }
        let (mode, track, reason) = self.choose(unit);
        let tracks = track.as_ref().map(std::slice::from_ref);
        out.push(Out::Say(LiveMessage::Init {
            mode,
            mime: tracks.map(fmp4::mime),
            width: header.width,
            height: header.height,
            epoch: header.epoch,
            base_us: self.base_us.unwrap_or(0),
            reason,
        }));
        if let Some(tracks) = tracks {
            out.push(Out::Send(binary(Kind::Init, &[], &fmp4::init(tracks)?)));
        }
        let of = (header.codec(), header.epoch, header.parameter_hash);
        self.shown = Some(Shown { mode, of, track });
        Ok(())
    }

    fn choose(&self, unit: &LiveUnit) -> (Mode, Option<fmp4::TrackConfig>, Option<String>) {
        let codec = unit.header.codec();
        let still = |reason: String| (Mode::Stills, None, Some(reason));
        if codec == wire::Codec::Mjpeg {
            return (Mode::Mjpeg, None, Some("this camera sends single JPEG pictures".into()));
        }
        let track = match fmp4::TrackConfig::video(&info(&unit.header), &unit.data) {
            Ok(track) => track,
            Err(e) => return still(format!("a key picture a second: {e}")),
        };
        if self.plays(codec, &fmp4::mime(std::slice::from_ref(&track))) {
            return (Mode::Mse, Some(track), None);
        }
        still(format!(
            "a key picture a second: this browser does not play {} (recordings can be downloaded)",
            if codec == wire::Codec::H265 { "H.265" } else { "this kind of H.264" }
        ))
    }

    /// What the client said of this type, else of its family, else what all browsers do.
    fn plays(&self, codec: wire::Codec, mime: &str) -> bool {
        if let Some(&told) = self.supports.get(mime) {
            return told;
        }
        // 4:2:2, 4:4:4 and 10 bit: browsers refuse them while they take the family.
        let common = ["avc1.42", "avc1.4d", "avc1.58", "avc1.64"];
        if codec == wire::Codec::H264 && !common.iter().any(|c| mime.contains(c)) {
            return false;
        }
        let (names, usual) = match codec {
            wire::Codec::H265 => (["hvc1", "hev1"], false),
            _ => (["avc1", "avc3"], true),
        };
        let mut family =
            self.supports.iter().filter(|(m, _)| names.iter().any(|n| m.contains(n))).peekable();
        match family.peek() {
            Some(_) => family.any(|(_, told)| *told),
            None => usual,
        }
    }
}

/// A second after the last picture, or when time went back.
fn is_due(still_us: &mut Option<i64>, pts_us: i64) -> bool {
    let due = still_us.is_none_or(|at| !(0..STILL_EVERY_US).contains(&pts_us.saturating_sub(at)));
    if due {
        *still_us = Some(pts_us);
    }
    due
}

fn info(header: &wire::PacketHeader) -> Arc<TrackInfo> {
    Arc::new(TrackInfo {
        codec: header.codec(),
        width: header.width,
        height: header.height,
        ..TrackInfo::default()
    })
}

fn sample(unit: &LiveUnit, base_us: i64) -> fmp4::Sample {
    let header = &unit.header;
    let duration_us = match header.duration_us {
        0 => USUAL_DURATION_US,
        us => us,
    };
    fmp4::Sample {
        track: 0,
        // A time that does not fit is refused by the writer, not by us.
        pts_us: header.pts_us.saturating_sub(base_us),
        dts_us: header.dts_us.saturating_sub(base_us),
        duration_us,
        key: header.key,
        data: unit.data.clone(),
    }
}

/// A JPEG with its time.
pub(crate) fn jpeg(pts_us: i64, bytes: &[u8]) -> Bytes {
    binary(Kind::Jpeg, &pts_us.to_be_bytes(), bytes)
}

fn binary(kind: Kind, head: &[u8], bytes: &[u8]) -> Bytes {
    let mut out = BytesMut::with_capacity(1 + head.len() + bytes.len());
    out.put_u8(kind as u8);
    out.put_slice(head);
    out.put_slice(bytes);
    out.freeze()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plays(told: &[(&str, bool)], codec: wire::Codec, mime: &str) -> bool {
        let mut mux = Mux::default();
        mux.supports(told.iter().map(|(mime, told)| ((*mime).to_owned(), *told)).collect());
        mux.plays(codec, mime)
    }

    #[test]
    fn a_client_is_sent_what_it_plays() {
        use wire::Codec::{H264, H265};
        assert!(plays(&[], H264, "avc1.64001f"));
        assert!(!plays(&[], H265, "hvc1.1.6.L93.B0"));
        assert!(plays(&[("hvc1.1.6.L93.B0", true)], H265, "hvc1.1.6.L120.B0"), "its family");
        assert!(!plays(&[("hvc1.1.6.L93.B0", false)], H265, "hvc1.1.6.L120.B0"));
        let both = [("hvc1.1", true), ("hvc1.2", false)];
        assert!(!plays(&both, H265, "hvc1.2"), "its own word counts first");
        assert!(!plays(&[("avc1.64001f", false)], H264, "avc1.4d001f"));
        assert!(!plays(&[("avc1.64001f", true)], H264, "avc1.7a001f"), "4:2:2");
        assert!(plays(&[("avc1.7a001f", true)], H264, "avc1.7a001f"));
    }

    #[test]
    fn forged_times_are_refused_and_end_nothing() {
        let info = TrackInfo { codec: wire::Codec::Mjpeg, ..TrackInfo::default() };
        let track = fmp4::TrackConfig { info: Arc::new(info), parameter_sets: Vec::new() };
        for (pts_us, dts_us) in [(i64::MIN, i64::MAX), (i64::MAX, i64::MIN), (i64::MAX, 0)] {
            let header = wire::PacketHeader { pts_us, dts_us, ..wire::PacketHeader::default() };
            let unit = LiveUnit::new(header, Bytes::from_static(b"unit"));
            for base_us in [0, 1_800_000_000_000_000] {
                let forged =
                    fmp4::fragment(1, std::slice::from_ref(&track), &[sample(&unit, base_us)]);
                assert!(forged.is_err(), "{pts_us} {dts_us} {base_us}");
            }
        }
        let mut last = None;
        for pts_us in [i64::MIN, i64::MAX, i64::MIN, 0, i64::MAX] {
            assert!(is_due(&mut last, pts_us));
        }
    }

    #[test]
    fn a_picture_a_second_and_again_when_time_goes_back() {
        let mut last = None;
        let due: Vec<bool> = [0, 500_000, 1_000_000, 1_200_000, 900_000, 1_000_000]
            .map(|pts_us| is_due(&mut last, pts_us))
            .to_vec();
        assert_eq!(due, [true, false, true, false, true, false]);
    }
}
