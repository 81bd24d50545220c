//! Tells when a camera is tampered with or blind, from when and until when.
//!
//! Invariants: at most one kind holds at a time; nothing is learned while a picture is odd; what
//! lasts for five minutes is taken as the camera's new view, and the old one stays known.
//! Units: media time in microseconds; ticks of 4 ms.
//! Not here: one picture's judgement (`tamper_judge`), the reference (`tamper_view`).

use crate::grid::Grid;
use crate::lanes::Lanes;
use crate::measure::{Measurer, Measures};
use crate::quality::Quality;
use crate::tamper_freeze::Freeze;
use crate::tamper_judge::{Evidence, Late, TamperKind, judge};
use crate::tamper_moved::is_moved;
use crate::tamper_view::{Against, View};

/// Version of the state's bytes and of what is told.
pub const TAMPER_VERSION: u32 = 2;
/// The one before it, which knows nothing of late.
pub(crate) const BEFORE: u32 = 1;
/// A picture is odd for so long before it is told.
pub(crate) const HOLD_US: i64 = 600_000;
/// The same kind for so long before it is told.
const SURE_US: i64 = 240_000;
/// Told after so long at the latest.
const LATEST_US: i64 = 1_400_000;
/// As usual for so long before the end is told, or before a doubt is dropped.
const NORMAL_US: i64 = 600_000;
/// Pictures as usual that end a doubt.
const NORMAL_FRAMES: u32 = 3;
/// What lasts so long is the new view.
const ACCEPT_US: i64 = 300_000_000;

/// A picture to look at.
#[derive(Clone, Copy, Debug)]
pub struct Look<'a> {
    /// The working picture.
    pub luma: &'a Grid<u8>,
    /// What is known of it already.
    pub quality: Quality,
    /// The background explains it.
    pub known: bool,
    /// It was coded as a key picture.
    pub key: bool,
    /// Media time.
    pub pts_us: i64,
    /// Names it in what is told.
    pub tag: u64,
}

/// A span of tampering.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// As what.
    pub kind: TamperKind,
    /// Tag of the first picture of it.
    pub first: u64,
    /// Tag of the last picture of it, so far.
    pub last: u64,
}

/// What a picture changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TamperChange {
    /// A span begins, somewhat earlier than now.
    Begin(Span),
    /// A span is over.
    End(Span),
}

/// Odd pictures in a row.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Doubt {
    pub kind: TamperKind,
    pub first: u64,
    pub last: u64,
    pub since_us: i64,
    pub kind_us: i64,
    pub last_us: i64,
    /// Pictures as usual since the last odd one.
    pub usual: u32,
    pub told: bool,
}

/// Watches one camera's pictures.
pub struct Tamper {
    pub(crate) measurer: Measurer,
    /// The view in force, and the one before it.
    pub(crate) views: [View; 2],
    pub(crate) freeze: Freeze,
    pub(crate) doubt: Option<Doubt>,
    pub(crate) last_us: Option<i64>,
    pub(crate) since_usual: u32,
    /// Pictures between the last one as usual and the first without any contrast.
    pub(crate) fell: Option<u32>,
    pub(crate) agree: u32,
    /// What pictures were like while nothing was odd.
    pub(crate) late: Late,
}

impl Default for Tamper {
    fn default() -> Tamper {
        Tamper {
            measurer: Measurer::default(),
            views: [View::new(), View::new()],
            freeze: Freeze::default(),
            doubt: None,
            last_us: None,
            since_usual: 0,
            fell: None,
            agree: 1000,
            late: Late::default(),
        }
    }
}

impl Tamper {
    /// Takes other vector instructions; the answers stay.
    pub fn use_lanes(&mut self, lanes: Lanes) {
        self.measurer.lanes = lanes;
    }

    /// Looks at a picture.
    pub fn see(&mut self, look: &Look<'_>) -> Option<TamperChange> {
        let ticks = self.ticks(look.pts_us);
        let measures = self.measurer.see(look.luma, look.quality);
        if !self.views.iter().all(|v| v.fits(self.measurer.thumb())) {
            return self.begin_anew();
        }
        let kind = self.kind(&measures, look);
        let told = if kind.is_some() || self.doubt.is_some() {
            // A picture that is odd and still is not frozen but odd.
            let thawed = self.freeze.break_off();
            thawed.or(self.doubt(kind, look))
        } else {
            self.freeze.see(&measures, look)
        };
        if kind.is_none() && self.doubt.is_none() {
            let [view, _] = &mut self.views;
            view.learn(self.measurer.thumb(), &measures, ticks);
            self.late.follow((measures.brightness, self.agree), ticks);
        }
        told
    }

    /// Pictures of another size: nothing is known of them.
    fn begin_anew(&mut self) -> Option<TamperChange> {
        self.views = [View::new(), View::new()];
        self.late = Late::default();
        let thawed = self.freeze.break_off();
        self.end().or(thawed)
    }

    /// What is wrong with this picture, if anything.
    fn kind(&mut self, measures: &Measures, look: &Look<'_>) -> Option<TamperKind> {
        let thumb = self.measurer.thumb();
        let [view, before] = &mut self.views;
        self.agree = 1000;
        if !view.is_known() {
            self.since_usual = 0;
            return None;
        }
        let fell = self.fell.unwrap_or(self.since_usual);
        let late = self.late.or(view.usual.brightness);
        let evidence = |view: &View, against: Against| {
            let known = look.known;
            let e =
                Evidence { now: measures, usual: &view.usual, view: against, known, fell, late };
            (judge(&e), e.is_dim() || e.is_blank())
        };
        let against = view.compare(thumb);
        self.agree = against.agree();
        let (kind, fallen) = evidence(view, against);
        if kind.is_some() && before.is_known() {
            let other = before.compare(thumb);
            // The view before is back.
            if other.has_edges() && evidence(before, other).0.is_none() {
                self.views.swap(0, 1);
                self.agree = other.agree();
                (self.since_usual, self.fell, self.late) = (0, None, Late::default());
                return None;
            }
        }
        (self.fell, self.since_usual) = match kind {
            None => (None, 0),
            Some(_) => {
                let fell = self.fell.or(fallen.then_some(self.since_usual));
                (fell, self.since_usual.saturating_add(1))
            }
        };
        kind
    }

    /// Follows odd pictures to a span and its end.
    fn doubt(&mut self, kind: Option<TamperKind>, look: &Look<'_>) -> Option<TamperChange> {
        let Some(kind) = kind else { return self.usual(look) };
        let Some(doubt) = &mut self.doubt else {
            self.doubt = Some(Doubt {
                kind,
                first: look.tag,
                last: look.tag,
                since_us: look.pts_us,
                kind_us: look.pts_us,
                last_us: look.pts_us,
                usual: 0,
                told: false,
            });
            return None;
        };
        (doubt.last, doubt.last_us, doubt.usual) = (look.tag, look.pts_us, 0);
        let lasted = look.pts_us - doubt.since_us;
        if doubt.told {
            return (lasted > ACCEPT_US).then(|| self.accept());
        }
        if doubt.kind != kind {
            (doubt.kind, doubt.kind_us) = (kind, look.pts_us);
        }
        let sure = lasted >= HOLD_US && look.pts_us - doubt.kind_us >= SURE_US;
        if !sure && lasted < LATEST_US {
            return None;
        }
        doubt.told = true;
        if let (TamperKind::SceneCut, [view, _]) = (doubt.kind, &self.views)
            && is_moved(view.picture(), self.measurer.thumb())
        {
            doubt.kind = TamperKind::CameraMoved;
        }
        Some(TamperChange::Begin(doubt.span()))
    }

    /// A picture as usual.
    fn usual(&mut self, look: &Look<'_>) -> Option<TamperChange> {
        let doubt = self.doubt.as_mut()?;
        doubt.usual += 1;
        if doubt.usual < NORMAL_FRAMES || (doubt.told && look.pts_us - doubt.last_us < NORMAL_US) {
            return None;
        }
        self.end()
    }

    /// Ends the span that is open.
    fn end(&mut self) -> Option<TamperChange> {
        let doubt = self.doubt.take()?;
        doubt.told.then(|| TamperChange::End(doubt.span()))
    }

    /// Takes what is seen as the view from now on.
    fn accept(&mut self) -> TamperChange {
        self.views.swap(0, 1);
        let [view, _] = &mut self.views;
        *view = View::new();
        (self.since_usual, self.fell, self.late) = (0, None, Late::default());
        let doubt = self.doubt.take();
        TamperChange::End(
            doubt.map_or(Span { kind: TamperKind::SceneCut, first: 0, last: 0 }, |d| d.span()),
        )
    }

    /// The stream breaks off: what is open ends.
    pub fn break_off(&mut self) -> [Option<TamperChange>; 2] {
        self.measurer.break_off();
        self.last_us = None;
        [self.end(), self.freeze.break_off()]
    }

    /// First and last picture of what is doubted now: of odd pictures, and of equal ones.
    pub fn doubted(&self) -> [Option<(u64, u64)>; 2] {
        [self.doubt.map(|d| (d.first, d.last)), self.freeze.doubted()]
    }

    /// What holds now.
    pub fn now(&self) -> Option<TamperKind> {
        let told = self.doubt.filter(|d| d.told).map(|d| d.kind);
        told.or(self.freeze.now())
    }

    /// What holds now or may hold, before it is told.
    pub fn suspect(&self) -> Option<TamperKind> {
        self.doubt.map(|d| d.kind).or(self.freeze.now())
    }

    /// True while what is seen may be no scene at all: nothing new should be followed.
    pub fn is_blind(&self) -> bool {
        self.doubt.is_some_and(|d| d.kind.blinds())
    }

    /// Measures of the last picture.
    pub fn measures(&self) -> &Measures {
        self.measurer.last()
    }

    /// Share of the view's blocks that the last picture keeps, in 1/1000.
    pub fn agree_permille(&self) -> u32 {
        self.agree
    }

    /// The last picture at about 160 wide.
    pub fn thumb(&self) -> &Grid<u8> {
        self.measurer.thumb()
    }

    fn ticks(&mut self, pts_us: i64) -> u32 {
        let tick = |pts: i64| pts.div_euclid(4000);
        match self.last_us.replace(pts_us) {
            Some(last) => tick(pts_us).saturating_sub(tick(last)).clamp(0, 250) as u32,
            None => 10,
        }
    }
}

impl Doubt {
    fn span(&self) -> Span {
        Span { kind: self.kind, first: self.first, last: self.last }
    }
}
