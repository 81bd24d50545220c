//! The assignment problem: pairs of rows and columns with the least sum of costs.
//!
//! Invariants: rows x columns at any sizes; the smaller side is matched whole.
//! Source: Kuhn 1955 with potentials, O(rows^2 columns).

/// For each row the column it gets, so that the sum of `cost(row, column)` is least.
pub(crate) fn assign(
    rows: usize,
    columns: usize,
    cost: impl Fn(usize, usize) -> f64,
) -> Vec<Option<usize>> {
    let mut out = vec![None; rows];
    if rows > columns {
        for (column, row) in solve(columns, rows, &|r, c| cost(c, r)) {
            out.get_mut(row).into_iter().for_each(|slot| *slot = Some(column));
        }
    } else {
        for (row, column) in solve(rows, columns, &cost) {
            out.get_mut(row).into_iter().for_each(|slot| *slot = Some(column));
        }
    }
    out
}

/// The pairs (row, column) when there are no more rows than columns.
fn solve(rows: usize, columns: usize, cost: &dyn Fn(usize, usize) -> f64) -> Vec<(usize, usize)> {
    let mut work =
        Work { u: vec![0.0; rows + 1], v: vec![0.0; columns + 1], owner: vec![0; columns + 1] };
    for row in 1..=rows {
        work.add(row, columns, cost);
    }
    let owners = work.owner.into_iter().enumerate().skip(1);
    owners.filter_map(|(column, row)| Some((row.checked_sub(1)?, column - 1))).collect()
}

/// Potentials of rows and columns, and the row that has each column; all from 1, 0 is nobody.
struct Work {
    u: Vec<f64>,
    v: Vec<f64>,
    owner: Vec<usize>,
}

#[allow(clippy::indexing_slicing)] // Every index is a row or column number below the lengths made above.
impl Work {
    /// Finds the cheapest way to give `row` a column, moving others on.
    fn add(&mut self, row: usize, columns: usize, cost: &dyn Fn(usize, usize) -> f64) {
        self.owner[0] = row;
        let mut least = vec![f64::INFINITY; columns + 1];
        let mut done = vec![false; columns + 1];
        let mut way = vec![0; columns + 1];
        let mut at = 0;
        while self.owner[at] != 0 {
            done[at] = true;
            let (from, mut delta, mut next) = (self.owner[at], f64::INFINITY, 0);
            for c in 1..=columns {
                if done[c] {
                    continue;
                }
                let now = cost(from - 1, c - 1) - self.u[from] - self.v[c];
                if now < least[c] {
                    (least[c], way[c]) = (now, at);
                }
                if least[c] < delta {
                    (delta, next) = (least[c], c);
                }
            }
            for c in 0..=columns {
                if done[c] {
                    self.u[self.owner[c]] += delta;
                    self.v[c] -= delta;
                } else {
                    least[c] -= delta;
                }
            }
            at = next;
        }
        while at != 0 {
            self.owner[at] = self.owner[way[at]];
            at = way[at];
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn best(cost: &[&[f64]]) -> (Vec<Option<usize>>, f64) {
        let pairs = assign(cost.len(), cost.first().map_or(0, |r| r.len()), |r, c| cost[r][c]);
        let sum = pairs.iter().enumerate().filter_map(|(r, c)| c.map(|c| cost[r][c])).sum();
        (pairs, sum)
    }

    #[test]
    fn hand_made_cases() {
        assert_eq!(best(&[&[4.0, 1.0, 3.0], &[2.0, 0.0, 5.0], &[3.0, 2.0, 2.0]]).1, 5.0);
        // The greedy choice (0,0) would cost 1 + 100.
        assert_eq!(best(&[&[1.0, 2.0], &[3.0, 100.0]]), (vec![Some(1), Some(0)], 5.0));
        assert_eq!(best(&[&[5.0, 1.0, 9.0]]).0, vec![Some(1)]);
        assert_eq!(best(&[&[5.0], &[1.0], &[9.0]]).0, vec![None, Some(0), None]);
        assert_eq!(best(&[]).0, vec![]);
        assert_eq!(best(&[&[-3.0, 0.0], &[-2.0, -2.5]]).1, -5.5);
    }

    #[test]
    fn as_good_as_trying_all() {
        let mut seed = 7u64;
        for _ in 0..50 {
            let mut next = || {
                seed = seed.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
                ((seed >> 40) % 20) as f64
            };
            let table: Vec<Vec<f64>> = (0..4).map(|_| (0..4).map(|_| next()).collect()).collect();
            let rows: Vec<&[f64]> = table.iter().map(|r| r.as_slice()).collect();
            let mut least = f64::MAX;
            for i in 0..256usize {
                let p = [i & 3, i >> 2 & 3, i >> 4 & 3, i >> 6 & 3];
                if (0..4).all(|c| p.contains(&c)) {
                    least = least.min((0..4).map(|r| table[r][p[r]]).sum());
                }
            }
            assert_eq!(best(&rows).1, least);
        }
    }
}
