//! The cheapest one-to-one assignment.
//!
//! Source: the Hungarian method with potentials, O(n^2 m) (Kuhn 1955, Munkres 1957).

/// Cost of a pair that must not be.
pub const NEVER: i64 = 1 << 40;

/// Solves one assignment after the other in the same memory.
#[derive(Clone, Debug, Default)]
pub struct Assigner {
    /// Costs of the pairs, row by row; filled before `solve`.
    pub costs: Vec<i64>,
    of_row: Vec<i64>,
    of_column: Vec<i64>,
    owner: Vec<usize>,
    way: Vec<usize>,
    least: Vec<i64>,
    used: Vec<bool>,
    result: Vec<Option<usize>>,
}

impl Assigner {
    /// Room for as many rows and columns.
    pub fn reserve(&mut self, n: usize) {
        self.costs.reserve(n * n);
        for list in [&mut self.of_row, &mut self.of_column, &mut self.least] {
            list.reserve(n + 1);
        }
        for list in [&mut self.owner, &mut self.way] {
            list.reserve(n + 1);
        }
        self.used.reserve(n + 1);
        self.result.reserve(n);
    }

    /// For each row the column that it gets, so that the sum of costs is least.
    ///
    /// `costs` holds `rows * columns` values; pairs of cost `NEVER` or more are left apart. Costs
    /// must be below 2^41 and not negative.
    pub fn solve(&mut self, rows: usize, columns: usize) -> &[Option<usize>] {
        refill(&mut self.result, rows, None);
        if rows == 0 || columns == 0 || self.costs.len() != rows * columns {
            return &self.result;
        }
        // The method wants at least as many columns as rows: missing ones cost `NEVER`.
        let wide = columns.max(rows);
        refill(&mut self.of_row, rows + 1, 0);
        refill(&mut self.of_column, wide + 1, 0);
        refill(&mut self.owner, wide + 1, 0);
        refill(&mut self.way, wide + 1, 0);
        for row in 1..=rows {
            self.add(row, columns);
        }
        for column in 1..=columns {
            let row = self.owner.get(column).copied().unwrap_or(0);
            if row > 0
                && self.at(row - 1, column - 1, columns) < NEVER
                && let Some(place) = self.result.get_mut(row - 1)
            {
                *place = Some(column - 1);
            }
        }
        &self.result
    }

    fn at(&self, row: usize, column: usize, columns: usize) -> i64 {
        match column < columns {
            true => self.costs.get(row * columns + column).copied().unwrap_or(NEVER).min(NEVER),
            false => NEVER,
        }
    }
}

fn refill<T: Clone>(list: &mut Vec<T>, length: usize, value: T) {
    list.clear();
    list.resize(length, value);
}

#[allow(clippy::indexing_slicing)] // All indices run to the lengths given in `solve`.
impl Assigner {
    /// Gives one more row a column along the cheapest path.
    fn add(&mut self, row: usize, columns: usize) {
        let wide = self.owner.len();
        refill(&mut self.least, wide, i64::MAX);
        refill(&mut self.used, wide, false);
        self.owner[0] = row;
        let mut here = 0;
        while self.owner[here] != 0 {
            self.used[here] = true;
            let from = self.owner[here];
            let (mut delta, mut next) = (i64::MAX, 0);
            for c in 1..wide {
                if self.used[c] {
                    continue;
                }
                let reduced =
                    self.at(from - 1, c - 1, columns) - self.of_row[from] - self.of_column[c];
                if reduced < self.least[c] {
                    self.least[c] = reduced;
                    self.way[c] = here;
                }
                if self.least[c] < delta {
                    delta = self.least[c];
                    next = c;
                }
            }
            for c in 0..wide {
                if self.used[c] {
                    self.of_row[self.owner[c]] += delta;
                    self.of_column[c] -= delta;
                } else if self.least[c] < i64::MAX {
                    self.least[c] -= delta;
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

    fn assign(rows: usize, columns: usize, costs: &[i64]) -> Vec<Option<usize>> {
        let mut assigner = Assigner { costs: costs.to_vec(), ..Assigner::default() };
        assigner.solve(rows, columns).to_vec()
    }

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
