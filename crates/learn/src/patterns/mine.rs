//! The longest ways that many took.
//!
//! Spec: docs/ref/models.md, "Patterns".
//! Source: Pei et al., "PrefixSpan: mining sequential patterns efficiently by prefix-projected
//! pattern growth", ICDE 2001.

use std::collections::BTreeMap;

use super::Way;

/// Share of the visits from which on a way is usual, and places of a path.
const USUAL: f64 = 0.05;
const LONGEST: usize = 8;
const MOST_PATHS: usize = 16;
const PLACES: u8 = 12;

/// True when `part` lies in `way` in its order.
pub(super) fn holds(way: &[u8], part: &[u8]) -> bool {
    let mut at = way.iter();
    part.iter().all(|place| at.any(|other| other == place))
}

/// What follows a prefix in each way, and how many took that.
type Rests<'a> = Vec<(&'a [u8], f64)>;

/// The usual ways that lie in no longer one, with their share of all; those of most visits first.
pub(super) fn usual(ways: &BTreeMap<Way, f64>, all: f64) -> Vec<(Way, f64)> {
    let rests: Rests<'_> = ways.iter().map(|(way, count)| (way.as_slice(), *count)).collect();
    let mut frequent = Vec::new();
    grow(&mut Vec::new(), &rests, USUAL * all, &mut frequent);
    let longer =
        |way: &Way| frequent.iter().any(|(other, _)| other.len() > way.len() && holds(other, way));
    let mut paths: Vec<_> =
        frequent.iter().filter(|(way, _)| way.len() >= 2 && !longer(way)).cloned().collect();
    paths.sort_by(|a, b| b.1.total_cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    paths.truncate(MOST_PATHS);
    paths.iter_mut().for_each(|(_, count)| *count /= all);
    paths
}

/// Adds each frequent way that begins with a prefix.
fn grow(prefix: &mut Way, rests: &Rests<'_>, least: f64, out: &mut Vec<(Way, f64)>) {
    if prefix.len() == LONGEST {
        return;
    }
    let last = prefix.last().copied();
    for place in (0..PLACES).filter(|place| last != Some(*place)) {
        let after = |(rest, count): &(_, f64)| {
            let rest: &&[u8] = rest;
            let at = rest.iter().position(|other| *other == place)?;
            Some((rest.get(at + 1..)?, *count))
        };
        let next: Rests<'_> = rests.iter().filter_map(after).collect();
        let count: f64 = next.iter().map(|(_, count)| count).sum();
        if count >= least {
            prefix.push(place);
            out.push((prefix.clone(), count));
            grow(prefix, &next, least, out);
            prefix.pop();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_of_what_many_took_is_told() {
        let ways = BTreeMap::from([
            (vec![4, 5, 6, 7], 60.0),
            (vec![4, 5, 7], 30.0),
            (vec![8, 9], 8.0),
            (vec![1, 2, 3], 2.0),
        ]);
        let paths = usual(&ways, 100.0);
        assert_eq!(paths, [(vec![4, 5, 6, 7], 0.6), (vec![8, 9], 0.08)]);
        assert!(holds(&[4, 5, 6, 7], &[4, 7]) && !holds(&[4, 5], &[5, 4]));
    }
}
