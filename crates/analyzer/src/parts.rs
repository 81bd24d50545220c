//! Parts of a snapshot, each with its version: one that can't be read begins anew alone.
//!
//! Layout of a part, little endian: version u32, length u64, bytes.

use flumen_base::{Error, Kind, Result};
use flumen_operators::{Reader, Writer};

/// Appends a part.
pub(crate) fn save(to: &mut Writer, version: u32, part: impl FnOnce(&mut Writer)) {
    to.u32(version);
    let at = to.0.len();
    to.u64(0);
    part(to);
    let length = (to.0.len() - at - 8) as u64;
    if let Some(place) = to.0.get_mut(at..at + 8) {
        place.copy_from_slice(&length.to_le_bytes());
    }
}

/// Reads parts in the order in which they were saved.
pub(crate) struct Parts<'r, 'a> {
    from: &'r mut Reader<'a>,
    camera: &'r str,
    /// Those that began anew, and why.
    pub anew: Vec<String>,
}

impl<'r, 'a> Parts<'r, 'a> {
    pub(crate) fn of(from: &'r mut Reader<'a>, camera: &'r str) -> Parts<'r, 'a> {
        Parts { from, camera, anew: Vec::new() }
    }

    /// The next part; as new when another version wrote it, which is noted.
    ///
    /// # Errors
    /// `DataLoss` when its bytes are not what `load` takes.
    pub(crate) fn next<T: Default>(
        &mut self,
        what: &str,
        version: u32,
        load: impl FnOnce(&mut Reader<'_>) -> Option<Result<T>>,
    ) -> Result<T> {
        let camera = self.camera;
        let damaged =
            || Error::data_loss(format!("camera {camera}: the snapshot is damaged in its {what}"));
        let (found, bytes) = self.from.u32().zip(self.from.blob()).ok_or_else(damaged)?;
        if found != version {
            self.anew.push(format!(
                "{what} begin anew: the state has layout {found}, this program reads {version}"
            ));
            return Ok(T::default());
        }
        let mut from = Reader(bytes);
        match load(&mut from) {
            Some(Ok(part)) if from.0.is_empty() => Ok(part),
            Some(Err(e)) if e.kind() == Kind::Unsupported => {
                self.anew.push(format!("{what}: {e}"));
                Ok(T::default())
            }
            Some(Err(e)) => Err(e),
            _ => Err(damaged()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(from: &mut Reader<'_>) -> Option<Result<u64>> {
        Some(Ok(from.u64()?))
    }

    fn three() -> Vec<u8> {
        let mut to = Writer::default();
        save(&mut to, 1, |to| to.u64(7));
        save(&mut to, 2, |to| to.text("of a later layout"));
        save(&mut to, 1, |to| to.u64(9));
        to.0
    }

    #[test]
    fn a_part_of_another_version_begins_anew_and_its_neighbours_stay() {
        let bytes = three();
        let mut from = Reader(&bytes);
        let mut parts = Parts::of(&mut from, "yard");
        let read: Vec<u64> = (0..3).map(|_| parts.next("numbers", 1, number).unwrap()).collect();
        assert_eq!(read, [7, 0, 9]);
        assert_eq!(
            parts.anew,
            ["numbers begin anew: the state has layout 2, this program reads 1"]
        );
        assert!(from.0.is_empty());
    }

    #[test]
    fn an_operator_that_refuses_its_state_begins_anew() {
        let bytes = three();
        let mut from = Reader(&bytes);
        let mut parts = Parts::of(&mut from, "yard");
        let refuses = |_: &mut Reader<'_>| Some(Err(Error::unsupported("version 3")));
        assert_eq!(parts.next::<u64>("motion", 1, refuses).unwrap(), 0);
        assert_eq!(parts.anew, ["motion: version 3"]);
    }

    #[test]
    fn damage_is_an_error_wherever_it_lies() {
        let bytes = three();
        for cut in 0..20 {
            let mut from = Reader(&bytes[..cut]);
            assert!(Parts::of(&mut from, "yard").next("numbers", 1, number).is_err(), "{cut}");
        }
        let less = |from: &mut Reader<'_>| Some(Ok(from.u32()?));
        assert!(Parts::of(&mut Reader(&bytes), "yard").next("numbers", 1, less).is_err());
    }
}
