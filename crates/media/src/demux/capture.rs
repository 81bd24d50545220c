//! When a picture was taken, as RTCP sender reports tell it.
//!
//! Invariants: no time is given before the first sender report.
//! Spec: RFC 3550 s6.4.1; libavformat's producer reference time.

/// UTC minus stream time, by track.
#[derive(Debug, Default)]
pub(super) struct Capture {
    video: Option<i64>,
    audio: Option<i64>,
    /// From the input's first sender report.
    start: Option<i64>,
    /// UTC of the video packet whose unit is still to come.
    ahead: Option<i64>,
}

impl Capture {
    /// Takes what a packet says: its own producer reference time (`prft`), and the input's
    /// first sender report (`start`, UTC of stream time 0). `pts` is the packet's own.
    pub(super) fn learn(
        &mut self,
        audio: bool,
        pts: Option<i64>,
        prft: Option<&[u8]>,
        start: Option<i64>,
    ) {
        self.start = start;
        let Some(pts) = pts else { return };
        // AVProducerReferenceTime: wallclock in microseconds (i64), then flags.
        let wall = prft
            .and_then(|data| data.first_chunk().copied().map(i64::from_ne_bytes))
            .filter(|&wall| wall > 0);
        if audio {
            self.audio = wall.map(|wall| wall - pts).or(self.audio);
            return;
        }
        // libavformat's parser ends a picture when it sees the first packet of the next one, and
        // hands on that packet's side data: it belongs to the picture after this one.
        if let Some(ahead) = self.ahead.take() {
            self.video = Some(ahead - pts);
        }
        self.ahead = wall;
    }

    /// UTC of the unit at `pts_us`.
    pub(super) fn at(&self, audio: bool, pts_us: i64) -> Option<i64> {
        let own = if audio { self.audio } else { self.video };
        own.or(self.start).map(|offset| pts_us.saturating_add(offset))
    }
}

#[cfg(test)]
mod tests {
    use super::Capture;

    #[test]
    fn a_report_counts_for_the_picture_it_came_with() {
        let mut capture = Capture::default();
        let mut next = |audio, pts, wall: Option<i64>, start| {
            let prft = wall.map(i64::to_ne_bytes);
            capture.learn(audio, Some(pts), prft.as_ref().map(|p| p.as_slice()), start);
            capture.at(audio, pts)
        };
        assert_eq!(next(false, 0, None, None), None);
        assert_eq!(next(false, 40, Some(1080), None), None);
        assert_eq!(next(false, 80, Some(1120), None), Some(1080));
        assert_eq!(next(false, 120, None, None), Some(1120));
        assert_eq!(next(true, 5, None, Some(100)), Some(105));
    }
}
