//! Spans in which nothing is analysed, told once when they begin and once when they end.
//!
//! Invariants: at most one span is open; both records carry the same start.

use flumen_base::wire::{Gap, GapCause};
use flumen_operators::{Reader, Writer};

use crate::Output;

/// The open span, if any.
#[derive(Clone, Debug, PartialEq, Default)]
pub(crate) struct Gaps {
    open: Option<Span>,
}

#[derive(Clone, Debug, PartialEq)]
struct Span {
    start_us: i64,
    cause: GapCause,
    why: String,
    units: u64,
}

impl Gaps {
    /// A unit is not analysed: begins a span or counts on in the open one.
    ///
    /// A span of another cause ends where the new one begins.
    pub(crate) fn miss(
        &mut self,
        camera: &str,
        (us, cause): (i64, GapCause),
        why: &str,
        out: &mut Vec<Output>,
    ) {
        if let Some(span) = &mut self.open {
            if span.cause == cause {
                span.units += 1;
                return;
            }
            self.end(camera, us, out);
        }
        let span = Span { start_us: us, cause, why: why.to_owned(), units: 1 };
        out.push(span.record(camera, 0));
        self.open = Some(span);
    }

    /// Analysis goes on from here.
    pub(crate) fn end(&mut self, camera: &str, us: i64, out: &mut Vec<Output>) {
        if let Some(span) = self.open.take() {
            out.push(span.record(camera, us.max(span.start_us + 1)));
        }
    }

    pub(crate) fn save(&self, to: &mut Writer) {
        to.u8(u8::from(self.open.is_some()));
        if let Some(span) = &self.open {
            to.i64(span.start_us);
            to.i32(span.cause.into());
            to.u64(span.units);
            to.text(&span.why);
        }
    }

    pub(crate) fn load(from: &mut Reader<'_>) -> Option<Gaps> {
        let open = match from.u8()? {
            0 => None,
            _ => Some(Span {
                start_us: crate::meta::time(from)?,
                cause: GapCause::try_from(from.i32()?).ok()?,
                units: from.u64()?,
                why: from.text()?,
            }),
        };
        Some(Gaps { open })
    }
}

impl Span {
    fn record(&self, camera: &str, end_us: i64) -> Output {
        let detail = match end_us {
            0 => self.why.clone(),
            _ => format!("{}; {} access units not analysed", self.why, self.units),
        };
        Output::Gap(Gap {
            camera: camera.to_owned(),
            start_us: self.start_us,
            end_us,
            cause: self.cause.into(),
            detail,
        })
    }
}
