//! What a person's rules say, as events.
//!
//! Invariants: no rule at all means that all motion is told; a change of the rules ends what the
//! changed ones had open and nothing else.
//! Not here: what a rule means (`operators`), how a happening becomes records (`events_open`).

use flumen_base::wire::{self, Rule, RuleKind, Zone};
use flumen_operators::{Detail, Moment, Reader, Seen, Sign, Turn, Watch, Writer};

use crate::events::{Events, Told, Who};
use crate::events_open::{Beginning, Happenings, Name};
use crate::meta::Meta;

/// The rules in force and what they have open.
#[derive(Clone, Debug, PartialEq, Default)]
pub(crate) struct Rules {
    watch: Watch,
    pub(crate) happenings: Happenings,
    signs: Vec<Sign>,
}

/// A kind as it stands in events.
pub(crate) fn word(kind: RuleKind) -> &'static str {
    match kind {
        RuleKind::Motion => "motion",
        RuleKind::Enter => "enter",
        RuleKind::Leave => "leave",
        RuleKind::Cross => "cross",
        RuleKind::Dwell => "dwell",
        RuleKind::Loiter => "loiter",
        RuleKind::Crowd => "crowd",
        RuleKind::WrongWay => "wrong-way",
        RuleKind::Left => "left",
        RuleKind::Taken => "taken",
        RuleKind::Tamper => "tamper",
        RuleKind::Anomaly => "anomaly",
    }
}

/// Whether all motion is told, and by which rule: none where a person wrote no rules at all.
pub(crate) fn all_motion(rules: &[Rule]) -> Option<Option<&Rule>> {
    let all = |r: &&Rule| !r.disabled && r.kind() == RuleKind::Motion && r.zone.is_empty();
    match rules.iter().find(all) {
        Some(rule) => Some(Some(rule)),
        None => rules.is_empty().then_some(None),
    }
}

/// False for rules that others than the watch keep.
fn is_watched(rule: &Rule) -> bool {
    let all = rule.kind() == RuleKind::Motion && rule.zone.is_empty();
    !all && !matches!(rule.kind(), RuleKind::Tamper | RuleKind::Anomaly)
}

impl Rules {
    /// Puts rules into force; what the changed ones had open ends.
    pub(crate) fn change(
        &mut self,
        (zones, rules): (&[Zone], &[Rule]),
        who: &Who<'_>,
        meta: &Meta,
    ) -> Vec<Told> {
        let watched: Vec<Rule> = rules.iter().filter(|r| is_watched(r)).cloned().collect();
        let kept = self.watch.change(zones, &watched);
        let gone = |n: &Name| !n.rule.is_empty() && !kept.contains(&n.rule) && n.kind != "tamper";
        self.happenings.end_where(who, meta, gone)
    }

    /// Looks at a frame.
    pub(crate) fn see(
        &mut self,
        who: &Who<'_>,
        (meta, now): (&Meta, Moment),
        seen: Seen<'_>,
        events: &Events,
    ) -> Vec<Told> {
        let mut signs = std::mem::take(&mut self.signs);
        signs.clear();
        self.watch.see(now, seen, &mut signs);
        let mut told = self.happenings.settle(who, meta);
        for sign in &signs {
            told.extend(self.tell(who, meta, sign, events));
        }
        self.signs = signs;
        told
    }

    fn tell(&mut self, who: &Who<'_>, meta: &Meta, sign: &Sign, events: &Events) -> Option<Told> {
        let rule = self.watch.rule(sign.rule)?;
        let name = Name {
            kind: word(rule.kind()).to_owned(),
            rule: rule.id.clone(),
            subject: sign.subject,
        };
        let place = sign.area.map(|(left, top, width, height)| wire::Box {
            track: sign.track(),
            left,
            top,
            width,
            height,
            score: sign.score,
        });
        match sign.turn {
            Turn::On => self.happenings.on(who, meta, &name, place),
            Turn::End => self.happenings.end(who, meta, &name, &words(sign.detail)),
            Turn::Begin => {
                let begins = Beginning {
                    name,
                    zone: rule.zone.clone(),
                    track: sign.track(),
                    muted: rule.muted,
                    first: events.at(sign.at_us, meta),
                    place,
                    detail: words(sign.detail),
                };
                self.happenings.begin(who, meta, begins)
            }
        }
    }

    /// The stream breaks off: what is open ends, what is followed is lost.
    pub(crate) fn break_off(&mut self, who: &Who<'_>, meta: &Meta) -> Vec<Told> {
        self.watch.break_off();
        self.happenings.end_where(who, meta, |_| true)
    }

    pub(crate) fn save(&self, to: &mut Writer) {
        self.watch.save(to);
        self.happenings.save(to);
    }

    pub(crate) fn load(from: &mut Reader<'_>) -> Option<Rules> {
        let watch = Watch::load(from)?;
        Some(Rules { watch, happenings: Happenings::load(from)?, signs: Vec::new() })
    }
}

/// What there is to say, for a person.
fn words(detail: Detail) -> String {
    match detail {
        Detail::None => String::new(),
        Detail::Crossed(true) => "A to B".to_owned(),
        Detail::Crossed(false) => "B to A".to_owned(),
        Detail::Stayed(us) => format!("{}.{} s", us / 1_000_000, us.max(0) / 100_000 % 10),
        Detail::Count(count) => format!("{count} things"),
    }
}
