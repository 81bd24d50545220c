//! The cheapest one-to-one assignment.
//!
//! Source: the Hungarian method with potentials, O(n^2 m) (Kuhn 1955, Munkres 1957).

/// Cost of a pair that must not be.
pub const NEVER: i64 = 1 << 40;

/// For each row the column that it gets, so that the sum of costs is least.
///
/// `cost` holds `rows * columns` values, row by row; pairs of cost `NEVER` or more are left
/// apart. Costs must be below 2^41 and not negative.
pub fn assign(rows: usize, columns: usize, cost: &[i64]) -> Vec<Option<usize>> {
    let mut result = vec![None; rows];
    if rows == 0 || columns == 0 || cost.len() != rows * columns {
        return result;
    }
    // The method wants at least as many columns as rows: missing ones cost `NEVER`.
    let wide = columns.max(rows);
    let at = |r: usize, c: usize| match c < columns {
        true => cost.get(r * columns + c).copied().unwrap_or(NEVER).min(NEVER),
        false => NEVER,
    };
    let mut state = State {
        of_row: vec![0; rows + 1],
        of_column: vec![0; wide + 1],
        owner: vec![0; wide + 1],
        way: vec![0; wide + 1],
    };
    for row in 1..=rows {
        state.add(row, &at);
    }
    for (column, row) in state.owner.iter().enumerate().skip(1) {
        if *row > 0
            && column <= columns
            && at(row - 1, column - 1) < NEVER
            && let Some(place) = result.get_mut(row - 1)
        {
            *place = Some(column - 1);
        }
    }
    result
}

struct State {
    of_row: Vec<i64>,
    of_column: Vec<i64>,
    owner: Vec<usize>,
    way: Vec<usize>,
}

#[allow(clippy::indexing_slicing)] // All indices run to the lengths given in `assign`.
impl State {
    /// Gives one more row a column along the cheapest path.
    fn add(&mut self, row: usize, at: &impl Fn(usize, usize) -> i64) {
        let wide = self.owner.len();
        let mut least = vec![i64::MAX; wide];
        let mut used = vec![false; wide];
        self.owner[0] = row;
        let mut here = 0;
        while self.owner[here] != 0 {
            used[here] = true;
            let from = self.owner[here];
            let (mut delta, mut next) = (i64::MAX, 0);
            for c in 1..wide {
                if used[c] {
                    continue;
                }
                let reduced = at(from - 1, c - 1) - self.of_row[from] - self.of_column[c];
                if reduced < least[c] {
                    least[c] = reduced;
                    self.way[c] = here;
                }
                if least[c] < delta {
                    delta = least[c];
                    next = c;
                }
            }
            for c in 0..wide {
                if used[c] {
                    self.of_row[self.owner[c]] += delta;
                    self.of_column[c] -= delta;
                } else if least[c] < i64::MAX {
                    least[c] -= delta;
                }
            }
            here = next;
        }
        while here != 0 {
            let before = self.way[here];
            self.owner[here] = self.owner[before];
            here = before;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn total(cost: &[i64], columns: usize, got: &[Option<usize>]) -> i64 {
        got.iter().enumerate().filter_map(|(r, c)| Some(cost[r * columns + (*c)?])).sum()
    }

    #[test]
    fn it_is_the_cheapest_of_all() {
        let cost = [4, 1, 3, 2, 0, 5, 3, 2, 2];
        let got = assign(3, 3, &cost);
        assert_eq!(total(&cost, 3, &got), 5);
        let cost = [9, 8, 1, 7, 2, 1];
        assert_eq!(total(&cost, 3, &assign(2, 3, &cost)), 3);
    }

    #[test]
    fn forbidden_pairs_stay_apart() {
        assert_eq!(assign(2, 1, &[NEVER, 3]), [None, Some(0)]);
        assert_eq!(assign(3, 1, &[5, 3, 4]), [None, Some(0), None]);
        assert_eq!(assign(1, 2, &[NEVER, NEVER]), [None]);
        assert!(assign(0, 3, &[]).is_empty());
    }
}
