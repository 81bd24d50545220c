//! Numbers that look random and are the same each time.

/// A small generator of numbers: the same seed, the same numbers.
///
/// *Source*: SplitMix64, Steele, Lea and Flood 2014 (public domain).
#[derive(Clone, Debug)]
pub struct Chance(u64);

impl Chance {
    /// Begins with a seed.
    pub fn new(seed: u64) -> Chance {
        Chance(seed)
    }

    /// The next number.
    pub fn number(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// A number below `end` (at least 1).
    pub fn below(&mut self, end: u64) -> u64 {
        self.number() % end.max(1)
    }

    /// True about `percent` times of a hundred.
    pub fn percent(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }
}

/// One of four, each as often as the others.
pub(super) fn one_of(chance: &mut Chance, choices: [u64; 4]) -> u64 {
    let [a, b, c, d] = choices;
    match chance.below(4) {
        0 => a,
        1 => b,
        2 => c,
        _ => d,
    }
}
