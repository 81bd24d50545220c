//! Enough things at once: a crowd, or anything that moves in a zone.
//!
//! Units: media time in microseconds.

use flumen_base::wire::{Rule, RuleKind};

use crate::Thing;
use crate::rules::{Detail, Moment, Sign, Turn, area, or};
use crate::rules_follow::{Follow, GONE_US, maybe};
use crate::state::{Reader, Writer};

/// Too few things for so long end a crowd.
const QUIET_US: i64 = 2_000_000;

/// How long there have been enough things.
#[derive(Clone, Debug, PartialEq, Default)]
pub(crate) struct Crowd {
    enough_us: Option<i64>,
    last_us: Option<i64>,
    open: Option<u64>,
    most: u32,
}

impl Crowd {
    /// Enough things at once: a crowd, or any motion at all.
    pub(crate) fn see(
        &mut self,
        rule: &Rule,
        follows: &[Follow],
        (now, things): (Moment, &[Thing]),
        out: &mut Vec<Sign>,
    ) {
        let any = rule.kind() == RuleKind::Motion;
        let (least, long) = match any {
            true => (1, 0),
            false => (or(rule.count, 3), i64::from(or(rule.seconds, 2)) * 1_000_000),
        };
        let count = follows.iter().filter(|f| f.counts(now.pts_us)).count() as u32;
        let inside = |t: &&Thing| follows.iter().any(|f| f.track == t.id && f.inside);
        let size = |t: &&Thing| u64::from(t.width) * u64::from(t.height);
        let largest = things.iter().filter(inside).max_by_key(size);
        let crowd = self;
        if count >= least {
            crowd.enough_us.get_or_insert(now.pts_us);
            crowd.last_us = Some(now.pts_us);
            crowd.most = crowd.most.max(count);
        }
        let silent = crowd.last_us.is_none_or(|last| now.pts_us - last >= QUIET_US);
        let since = crowd.enough_us.filter(|since| count >= least && now.pts_us - since >= long);
        let turn = match (crowd.open, since) {
            (None, Some(_)) => Turn::Begin,
            (Some(_), _) if silent => Turn::End,
            (Some(_), _) => Turn::On,
            (None, None) => {
                // A crowd that lets up before its time begins anew.
                if count < least && crowd.last_us.is_some_and(|l| now.pts_us - l >= GONE_US) {
                    *crowd = Crowd::default();
                }
                return;
            }
        };
        let subject = if any { largest.map_or(0, |t| t.id) } else { 0 };
        let subject = *crowd.open.get_or_insert(subject);
        let detail = if any { Detail::None } else { Detail::Count(crowd.most) };
        out.push(Sign {
            rule: 0,
            subject,
            turn,
            at_us: if turn == Turn::Begin { since.unwrap_or(now.pts_us) } else { now.pts_us },
            area: largest.map(area),
            score: largest.map_or(0, |t| t.score),
            detail,
        });
        if turn == Turn::End {
            *crowd = Crowd::default();
        }
    }

    pub(crate) fn save(&self, to: &mut Writer) {
        for v in [self.enough_us, self.last_us] {
            to.u8(u8::from(v.is_some()));
            to.i64(v.unwrap_or(0));
        }
        to.u8(u8::from(self.open.is_some()));
        to.u64(self.open.unwrap_or(0));
        to.u32(self.most);
    }

    pub(crate) fn load(from: &mut Reader<'_>) -> Option<Crowd> {
        let (enough_us, last_us) = (maybe(from)?, maybe(from)?);
        let open = from.u8()? != 0;
        let subject = from.u64()?;
        Some(Crowd { enough_us, last_us, open: open.then_some(subject), most: from.u32()? })
    }
}
