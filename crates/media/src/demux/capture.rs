//! When a picture was taken, as RTCP sender reports tell it.
//!
//! Invariants: no time is given before the first sender report.
//! Spec: RFC 3550 s6.4.1; libavformat's producer reference time.

/// UTC minus stream time, by track.
#[derive(Debug, Default)]
pub(super) struct Capture {
    video: Option<i64>,
    audio: Option<i64>,
    /// UTC of the video packet whose unit is still to come.
    ahead: Option<i64>,
}

impl Capture {
    /// UTC of the unit at `pts`, from the packet's own producer reference time (`prft`) or the
    /// input's first sender report (`start`, UTC of stream time 0).
    pub(super) fn at(
        &mut self,
        audio: bool,
        pts: Option<i64>,
        prft: Option<&[u8]>,
        start: Option<i64>,
    ) -> Option<i64> {
        let pts = pts?;
        // AVProducerReferenceTime: wallclock in microseconds (i64), then flags.
        let wall = prft
            .and_then(|data| data.first_chunk().copied().map(i64::from_ne_bytes))
            .filter(|&wall| wall > 0);
        if audio {
            self.audio = wall.map(|wall| wall - pts).or(self.audio);
            return self.audio.or(start).map(|offset| pts.saturating_add(offset));
        }
        // libavformat's parser ends a picture when it sees the first packet of the next one, and
        // hands on that packet's side data: it belongs to the picture after this one.
        if let Some(ahead) = self.ahead.take() {
            self.video = Some(ahead - pts);
        }
        self.ahead = wall;
        self.video.or(start).map(|offset| pts.saturating_add(offset))
    }
}

#[cfg(test)]
mod tests {
    use super::Capture;

    #[test]
    fn a_report_counts_for_the_picture_it_came_with() {
        let mut capture = Capture::default();
        let wall = |us: i64| us.to_ne_bytes();
        assert_eq!(capture.at(false, Some(0), None, None), None);
        assert_eq!(capture.at(false, Some(40), Some(&wall(1080)), None), None);
        assert_eq!(capture.at(false, Some(80), Some(&wall(1120)), None), Some(1080));
        assert_eq!(capture.at(false, Some(120), None, None), Some(1120));
        assert_eq!(capture.at(true, Some(5), None, Some(100)), Some(105));
    }
}
