//! Epochs: which connection of which owner a packet belongs to.
//!
//! An epoch is the offset of this process' claim in `flumen.owners` (upper 40 bits) and a
//! count of connections (lower 24). A claim's offset grows with every claim that was ever
//! made, so an epoch is greater than all earlier ones of the camera, whatever clocks say.
//! Main and sub stream draw from one count: compare epochs within a stream.
//! Invariants: no epoch is given twice; each is greater than the one before.

use std::sync::{Arc, Mutex};

use flumen_base::wire::Owner;
use flumen_base::{CameraId, Context as _, Error, Result};
use flumen_bus::Table;
use prost::Message as _;

use crate::pace::lock;

const COUNT_BITS: u32 = 24;
const MOST_CONNECTIONS: u64 = (1 << COUNT_BITS) - 1;

/// Gives out the epochs of one camera.
pub(crate) struct Epochs {
    owner: Owner,
    table: Arc<dyn Table>,
    last: Mutex<Option<Claim>>,
}

struct Claim {
    offset: u64,
    connections: u64,
}

impl Epochs {
    /// Nothing is claimed before the first epoch is asked for.
    pub(crate) fn new(
        camera: &CameraId,
        process: &str,
        address: &str,
        table: Arc<dyn Table>,
    ) -> Epochs {
        let owner = Owner {
            camera: camera.to_string(),
            process: process.to_string(),
            address: address.to_string(),
            connections: 0,
        };
        Epochs { owner, table, last: Mutex::new(None) }
    }

    /// The next epoch. *Durability*: the claim that it belongs to is stored.
    ///
    /// # Errors
    /// As `Table::put`, when a claim is needed and can't be stored.
    pub(crate) fn next(&self) -> Result<u64> {
        let mut last = lock(&self.last);
        let claim = match last.take() {
            Some(c) if c.connections < MOST_CONNECTIONS => {
                Claim { connections: c.connections + 1, ..c }
            }
            _ => Claim { offset: self.claim()?, connections: 1 },
        };
        let epoch = (claim.offset << COUNT_BITS) | claim.connections;
        *last = Some(claim);
        Ok(epoch)
    }

    fn claim(&self) -> Result<u64> {
        let key = self.owner.camera.as_bytes();
        let offset = self
            .table
            .put(key, Some(&self.owner.encode_to_vec()))
            .context(format!("claim camera {}", self.owner.camera))?;
        if offset >> (u64::BITS - COUNT_BITS) != 0 {
            return Err(Error::internal("the offset of a claim has at most 40 bits"));
        }
        Ok(offset)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::memory_bus::MemoryBus;
    use flumen_base::topic;
    use flumen_bus::Bus as _;

    #[test]
    fn epochs_grow_over_connections_claims_and_owners() {
        let bus = MemoryBus::default();
        let table = bus.table(topic::OWNERS).unwrap();
        let camera = CameraId::new("yard").unwrap();
        let first = Epochs::new(&camera, "a", "", table.clone());
        let second = Epochs::new(&camera, "b", "", table.clone());
        let drawn = [&first, &first, &second, &second].map(|e| e.next().unwrap());
        assert!(drawn.windows(2).all(|w| w[0] < w[1]), "{drawn:?}");
        lock(&first.last).as_mut().unwrap().connections = MOST_CONNECTIONS;
        assert!(first.next().unwrap() > drawn[3], "a full count makes a new claim");
        let stored = table.get(b"yard").unwrap().unwrap();
        assert_eq!(Owner::decode(stored.as_slice()).unwrap().process, "a");
    }
}
