//! Boxes written into a vector.
//!
//! Spec: ISO/IEC 14496-12 s4.2.

/// Bytes under construction.
#[derive(Debug, Default)]
pub(super) struct Boxes(pub(super) Vec<u8>);

impl Boxes {
    pub(super) fn u8(&mut self, value: u8) {
        self.0.push(value);
    }

    pub(super) fn u16(&mut self, value: u16) {
        self.0.extend_from_slice(&value.to_be_bytes());
    }

    pub(super) fn u32(&mut self, value: u32) {
        self.0.extend_from_slice(&value.to_be_bytes());
    }

    pub(super) fn u64(&mut self, value: u64) {
        self.0.extend_from_slice(&value.to_be_bytes());
    }

    pub(super) fn bytes(&mut self, value: &[u8]) {
        self.0.extend_from_slice(value);
    }

    pub(super) fn zeros(&mut self, count: usize) {
        self.0.resize(self.0.len() + count, 0);
    }

    /// A box whose content `inside` writes.
    pub(super) fn boxed(&mut self, kind: &[u8; 4], inside: impl FnOnce(&mut Boxes)) {
        let at = self.0.len();
        self.u32(0);
        self.bytes(kind);
        inside(self);
        // Callers keep everything below 4 GiB (`fragment::MAX_BYTES`).
        let size = u32::try_from(self.0.len() - at).unwrap_or(u32::MAX);
        self.set_u32(at, size);
    }

    /// A box with version and flags.
    pub(super) fn full(
        &mut self,
        kind: &[u8; 4],
        version: u8,
        flags: u32,
        inside: impl FnOnce(&mut Boxes),
    ) {
        self.boxed(kind, |b| {
            b.u32(u32::from(version) << 24 | flags);
            inside(b);
        });
    }

    /// Overwrites four bytes at `at`.
    pub(super) fn set_u32(&mut self, at: usize, value: u32) {
        if let Some(place) = self.0.get_mut(at..at + 4) {
            place.copy_from_slice(&value.to_be_bytes());
        }
    }
}
