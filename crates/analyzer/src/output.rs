//! What an analyzer hands out: the records for seven topics.

use flumen_base::wire::{Event, FrameResult, Gap, Insight, Picture, Reject, Window};

/// One record and, by its kind, the topic that it belongs to.
#[derive(Clone, Debug, PartialEq)]
pub enum Output {
    /// For `flumen.frames`: one decoded frame.
    Frame(FrameResult),
    /// For `flumen.events`.
    Event(Event),
    /// For `flumen.pictures`: the picture of an event and revision, or a reduced key picture.
    Picture(Picture),
    /// For `flumen.windows`: one second of the camera as a vector.
    Window(Window),
    /// For `flumen.insights`: what a model beside made of an hour.
    Insight(Insight),
    /// For `flumen.gaps`: a span without analysis; the same start again closes it.
    Gap(Gap),
    /// For `flumen.rejects`: an access unit that could not be used.
    Reject(Reject),
}
