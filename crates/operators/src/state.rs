//! State as bytes: little endian, lengths before lists, read with checks.
//!
//! Invariants: what `Writer` wrote `Reader` reads back; damaged bytes give `None`, never a
//! panic and never more memory than the bytes themselves could fill.

use crate::bits::Bits;
use crate::grid::Grid;

/// Appends values.
#[derive(Default)]
pub struct Writer(pub Vec<u8>);

macro_rules! numbers {
    ($($name:ident: $type:ty),*) => {
        impl Writer {
            $(
                #[doc = concat!("Appends one `", stringify!($type), "`.")]
                pub fn $name(&mut self, value: $type) {
                    self.0.extend_from_slice(&value.to_le_bytes());
                }
            )*
        }
        impl Reader<'_> {
            $(
                #[doc = concat!("The next `", stringify!($type), "`.")]
                pub fn $name(&mut self) -> Option<$type> {
                    let (head, rest) = self.0.split_first_chunk()?;
                    self.0 = rest;
                    Some(<$type>::from_le_bytes(*head))
                }
            )*
        }
    };
}

numbers!(u8: u8, u16: u16, u32: u32, u64: u64, i32: i32, i64: i64, f64: f64);

impl Writer {
    /// Appends bytes with their length before them.
    pub fn blob(&mut self, bytes: &[u8]) {
        self.u64(bytes.len() as u64);
        self.0.extend_from_slice(bytes);
    }

    /// Appends text with its length before it.
    pub fn text(&mut self, text: &str) {
        self.blob(text.as_bytes());
    }

    /// Appends a record with its length before it.
    pub fn message(&mut self, message: &impl prost::Message) {
        self.blob(&message.encode_to_vec());
    }

    /// Appends a plane of bytes; its size is known to the reader.
    pub fn bytes(&mut self, grid: &Grid<u8>) {
        self.0.extend_from_slice(grid.all());
    }

    /// Appends a plane of words; its size is known to the reader.
    pub fn words(&mut self, grid: &Grid<u16>) {
        self.0.reserve(grid.all().len() * 2);
        for v in grid.all() {
            self.0.extend_from_slice(&v.to_le_bytes());
        }
    }

    /// Appends a bit plane; its size is known to the reader.
    pub fn bits(&mut self, bits: &Bits) {
        for w in bits.all() {
            self.0.extend_from_slice(&w.to_le_bytes());
        }
    }
}

/// Takes values off the front.
pub struct Reader<'a>(pub &'a [u8]);

impl<'a> Reader<'a> {
    /// The next `n` bytes.
    pub fn take(&mut self, n: usize) -> Option<&'a [u8]> {
        let (head, rest) = self.0.split_at_checked(n)?;
        self.0 = rest;
        Some(head)
    }

    /// What `Writer::blob` wrote.
    pub fn blob(&mut self) -> Option<&'a [u8]> {
        let length = usize::try_from(self.u64()?).ok()?;
        self.take(length)
    }

    /// What `Writer::text` wrote.
    pub fn text(&mut self) -> Option<String> {
        String::from_utf8(self.blob()?.to_vec()).ok()
    }

    /// What `Writer::message` wrote.
    pub fn message<M: prost::Message + Default>(&mut self) -> Option<M> {
        M::decode(self.blob()?).ok()
    }

    /// A plane of bytes of this size.
    pub fn bytes(&mut self, width: usize, height: usize) -> Option<Grid<u8>> {
        Grid::from_vec(width, height, self.take(width.checked_mul(height)?)?.to_vec())
    }

    /// A plane of words of this size.
    pub fn words(&mut self, width: usize, height: usize) -> Option<Grid<u16>> {
        let raw = self.take(width.checked_mul(height)?.checked_mul(2)?)?;
        let values = raw.as_chunks::<2>().0.iter().map(|b| u16::from_le_bytes(*b));
        Grid::from_vec(width, height, values.collect())
    }

    /// A bit plane of this size.
    pub fn bits(&mut self, width: usize, height: usize) -> Option<Bits> {
        let raw = self.take(width.div_ceil(64).max(1).checked_mul(height)?.checked_mul(8)?)?;
        let values = raw.as_chunks::<8>().0.iter().map(|b| u64::from_le_bytes(*b));
        Bits::from_words(width, height, values.collect())
    }
}
