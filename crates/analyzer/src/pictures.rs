//! The pictures that go out: of events, and reduced key pictures by policy.
//!
//! Invariants: areas under a privacy mask are filled in both; a derived picture is a key
//! picture that is whole, at least the policy's `every_us` of media time after the one before.
//! Not here: when an event wants a picture (`events`).

use flumen_base::Frame;
use flumen_base::wire::{DerivedPictures, Event, Picture, PictureKind, PrivacyMask};
use flumen_media::jpeg;
use flumen_operators::{Reader, Writer};

use crate::meta::{self, Meta};
use crate::privacy::cover;

/// What pictures of one camera depend on besides the picture.
#[derive(Clone, Debug)]
pub(crate) struct Pictures {
    /// Width and quality of an event's picture.
    event: (u32, u32),
    /// Epoch and media time of the last derived picture.
    last: Option<(u64, i64)>,
}

impl Pictures {
    pub(crate) fn new(event: (u32, u32)) -> Pictures {
        Pictures { event, last: None }
    }

    /// The picture of an event; none when it cannot be made: an event without its picture is
    /// worth more than none.
    pub(crate) fn of_event(
        &self,
        event: &Event,
        frame: &Frame<'_>,
        meta: &Meta,
        masks: &[PrivacyMask],
    ) -> Option<Picture> {
        let made = make(frame, self.event, masks, (&event.camera, meta))?;
        Some(Picture { event_id: event.id.clone(), revision: event.revision, ..made })
    }

    /// The reduced key picture, where the policy wants one now.
    pub(crate) fn derived(
        &mut self,
        wanted: Option<DerivedPictures>,
        frame: &Frame<'_>,
        (camera, meta): (&str, &Meta),
        masks: &[PrivacyMask],
    ) -> Option<Picture> {
        let wanted = wanted.filter(|_| meta.key)?;
        let early = self.last.is_some_and(|(epoch, pts_us)| {
            epoch == meta.epoch && (0..wanted.every_us).contains(&(meta.pts_us - pts_us))
        });
        if early {
            return None;
        }
        self.last = Some((meta.epoch, meta.pts_us));
        let or = |value: u32, otherwise: u32| if value == 0 { otherwise } else { value };
        let size = (or(wanted.width, 640), or(wanted.quality, 80).min(100));
        let made = make(frame, size, masks, (camera, meta))?;
        Some(Picture { kind: PictureKind::Derived.into(), ..made })
    }

    pub(crate) fn save(&self, to: &mut Writer) {
        to.u8(u8::from(self.last.is_some()));
        let (epoch, pts_us) = self.last.unwrap_or_default();
        to.u64(epoch);
        to.i64(pts_us);
    }

    pub(crate) fn load(&mut self, from: &mut Reader<'_>) -> Option<()> {
        let known = from.u8()? != 0;
        let last = (from.u64()?, meta::time(from)?);
        self.last = known.then_some(last);
        Some(())
    }
}

fn make(
    frame: &Frame<'_>,
    (width, quality): (u32, u32),
    masks: &[PrivacyMask],
    (camera, meta): (&str, &Meta),
) -> Option<Picture> {
    let covered = cover(frame, masks);
    let shown = match &covered {
        Some(covered) => covered.frame()?,
        None => *frame,
    };
    let jpeg = jpeg(&shown, width, quality).ok()?;
    let (w, h) = (frame.luma.width as u32, frame.luma.height as u32);
    let width = w.min(width);
    Some(Picture {
        camera: camera.to_owned(),
        epoch: meta.epoch,
        sequence: meta.sequence,
        pts_us: meta.pts_us,
        capture_us: meta.capture_us,
        width,
        height: (u64::from(h) * u64::from(width) / u64::from(w.max(1))) as u32,
        jpeg,
        masked: covered.is_some(),
        ..Picture::default()
    })
}
