//! What is wanted of a camera's analysis: the version of its record in force, and those to come.
//!
//! Invariants: a version counts from the first record whose arrival is at or after its
//! `effective_us`; at most `WAITING` wait for their time, beyond that the newest takes the
//! place of the one before it.

use std::collections::VecDeque;

use flumen_base::wire::{Camera, Stream};
use flumen_operators::{Reader, Writer};

use crate::Settings;

const WAITING: usize = 16;

/// All versions that matter.
#[derive(Clone, Debug, PartialEq, Default)]
pub(crate) struct Cards {
    pub(crate) in_force: Camera,
    coming: VecDeque<Camera>,
}

/// What a change of the version in force means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Change {
    None,
    /// The policy at most.
    Policy,
    /// Another stream is analysed, or none.
    Stream,
}

impl Cards {
    pub(crate) fn new(in_force: Camera) -> Cards {
        Cards { in_force, coming: VecDeque::new() }
    }

    /// The newest version that is known.
    pub(crate) fn newest(&self) -> u64 {
        self.coming.back().unwrap_or(&self.in_force).version
    }

    /// Takes a version; older and known ones change nothing.
    pub(crate) fn take(&mut self, camera: &Camera) {
        if camera.version <= self.newest() {
            return;
        }
        if self.coming.len() == WAITING {
            self.coming.pop_back();
        }
        self.coming.push_back(camera.clone());
    }

    /// Puts into force what counts from `arrival_us` on.
    pub(crate) fn follow(&mut self, arrival_us: i64) -> Change {
        let before = stream(&self.in_force);
        let mut change = Change::None;
        while self.coming.front().is_some_and(|c| c.effective_us <= arrival_us) {
            let Some(next) = self.coming.pop_front() else { break };
            self.in_force = next;
            change = Change::Policy;
        }
        if stream(&self.in_force) != before { Change::Stream } else { change }
    }

    /// The stream that is analysed just now.
    pub(crate) fn stream(&self) -> Option<Stream> {
        stream(&self.in_force)
    }

    /// Settings of the version in force.
    pub(crate) fn settings(&self) -> Settings {
        Settings {
            policy: self.in_force.policy.unwrap_or_default(),
            masks: self.in_force.masks.clone(),
            zones: self.in_force.zones.clone(),
            rules: self.in_force.rules.clone(),
            time_zone: self.in_force.time_zone.clone(),
            group: self.in_force.group.clone(),
            policy_version: self.in_force.version,
            ..Settings::default()
        }
    }

    pub(crate) fn save(&self, to: &mut Writer) {
        to.u32(self.coming.len() as u32);
        for card in std::iter::once(&self.in_force).chain(&self.coming) {
            to.message(card);
        }
    }

    pub(crate) fn load(from: &mut Reader<'_>) -> Option<Cards> {
        let count = from.u32().filter(|n| *n as usize <= WAITING)?;
        let in_force = from.message()?;
        let coming = (0..count).map(|_| from.message()).collect::<Option<_>>()?;
        Some(Cards { in_force, coming })
    }
}

/// The stream that is analysed: the main one where it is wanted, else the sub stream.
fn stream(camera: &Camera) -> Option<Stream> {
    if camera.version == 0 {
        return Some(Stream::Main);
    }
    let wanted = |stream: Stream| {
        camera.sources.iter().any(|s| s.stream() == stream && s.role.is_some_and(|r| r.analyse))
    };
    let found = [Stream::Main, Stream::Sub].into_iter().find(|&s| wanted(s));
    found.filter(|_| camera.enabled)
}

#[cfg(test)]
mod tests {
    use super::*;
    use flumen_base::wire::{Source, source::Role};

    fn source(stream: Stream, analyse: bool) -> Source {
        Source {
            stream: stream.into(),
            role: Some(Role { analyse, ..Default::default() }),
            ..Default::default()
        }
    }

    #[test]
    fn the_main_stream_is_analysed_where_it_is_wanted() {
        let camera = |sources| Camera { version: 1, enabled: true, sources, ..Default::default() };
        let (main, sub) = (Stream::Main, Stream::Sub);
        assert_eq!(stream(&Camera::default()), Some(main));
        assert_eq!(stream(&camera(vec![source(main, true), source(sub, true)])), Some(main));
        assert_eq!(stream(&camera(vec![source(main, false), source(sub, true)])), Some(sub));
        assert_eq!(stream(&camera(vec![source(main, false)])), None);
        assert_eq!(stream(&Camera { enabled: false, ..camera(vec![source(main, true)]) }), None);
    }

    #[test]
    fn versions_count_in_order_each_from_its_time() {
        let card = |version, effective_us| Camera { version, effective_us, ..Camera::default() };
        let mut cards = Cards::default();
        for version in [1, 2, 2, 1, 3] {
            cards.take(&card(version, 100 * version as i64));
        }
        assert_eq!(cards.follow(99), Change::None);
        assert_eq!(cards.follow(250), Change::Stream, "a known camera without sources");
        assert_eq!((cards.in_force.version, cards.newest()), (2, 3));
        let mut to = Writer::default();
        cards.save(&mut to);
        assert_eq!(Cards::load(&mut Reader(&to.0)), Some(cards.clone()));
        for version in 4..100 {
            cards.take(&card(version, 1000));
        }
        assert_eq!(cards.coming.len(), WAITING);
        assert_eq!(cards.follow(1000), Change::Policy);
        assert_eq!(cards.in_force.version, 99);
    }
}
