//! A process says in `flumen.owners` where it can be asked, also before it has a camera.
//!
//! The key is `@` and the process' name, which no camera can have; the value is an Owner
//! without a camera.
//! Invariants: it is held against the table every `LOOK`, so it comes back when somebody
//! removed it, and is tried again for ever while the bus is away; processes that are gone (their
//! address refuses) are cleared away at the start, so that killed ones do not pile up.

use std::net::{TcpStream, ToSocketAddrs};
use std::sync::Arc;
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::Duration;

use flumen_base::wire::Owner;
use flumen_base::{Context as _, Result, topic};
use flumen_bus::Bus;
use prost::Message as _;

const LOOK: Duration = Duration::from_secs(5);
const KNOCK: Duration = Duration::from_millis(500);

/// First byte of a process' key.
pub(crate) const PROCESS: u8 = b'@';

/// What a process has said of itself.
pub(crate) struct Announcement {
    bus: Arc<dyn Bus>,
    key: Vec<u8>,
    end: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Announcement {
    /// Says it as soon as the bus takes it.
    pub(crate) fn start(bus: Arc<dyn Bus>, process: &str, address: &str) -> Result<Announcement> {
        let key = [&[PROCESS], process.as_bytes()].concat();
        let owner =
            Owner { process: process.to_owned(), address: address.to_owned(), ..Owner::default() };
        let (end, ended) = channel();
        let (to, name) = (bus.clone(), key.clone());
        let thread = std::thread::Builder::new()
            .name("peer-announce".into())
            .spawn(move || {
                let mut cleared = false;
                loop {
                    let said = hold(to.as_ref(), &name, &owner).and_then(|()| match cleared {
                        true => Ok(()),
                        false => clear(to.as_ref(), &name),
                    });
                    cleared |= said.is_ok();
                    if let Err(e) = said {
                        tracing::warn!("this process can't be announced yet: {e}");
                    }
                    if ended.recv_timeout(LOOK) != Err(RecvTimeoutError::Timeout) {
                        return;
                    }
                }
            })
            .context("start the thread that announces this process")?;
        Ok(Announcement { bus, key, end: Some(end), thread: Some(thread) })
    }

    /// Takes it back; a killed process can't, and is then found not to answer.
    pub(crate) fn take_back(&mut self) {
        self.end();
        if let Err(e) = put(self.bus.as_ref(), &self.key, None) {
            tracing::info!("this process' announcement stays: {e}");
        }
    }

    fn end(&mut self) {
        drop(self.end.take());
        if let Some(thread) = self.thread.take() {
            drop(thread.join());
        }
    }
}

impl Drop for Announcement {
    fn drop(&mut self) {
        self.end();
    }
}

fn put(bus: &dyn Bus, key: &[u8], owner: Option<&Owner>) -> Result<()> {
    let value = owner.map(Owner::encode_to_vec);
    bus.table(topic::OWNERS)?.put(key, value.as_deref()).map(drop)
}

/// Says it, unless the table has it already.
fn hold(bus: &dyn Bus, key: &[u8], owner: &Owner) -> Result<()> {
    let there = bus.table(topic::OWNERS)?.get(key)?;
    if there.is_some_and(|there| there == owner.encode_to_vec()) {
        return Ok(());
    }
    put(bus, key, Some(owner))
}

/// Takes back what processes said that are gone.
fn clear(bus: &dyn Bus, ours: &[u8]) -> Result<()> {
    for (key, value) in bus.table(topic::OWNERS)?.scan(&[PROCESS])? {
        let gone = || Owner::decode(value.as_slice()).map_or(true, |o| refuses(&o.address));
        if key != ours && gone() {
            put(bus, &key, None)?;
        }
    }
    Ok(())
}

/// True when a machine answers that nobody listens there.
fn refuses(address: &str) -> bool {
    let Some(at) = address.to_socket_addrs().ok().and_then(|mut all| all.next()) else {
        return false;
    };
    let refused = TcpStream::connect_timeout(&at, KNOCK).err();
    refused.is_some_and(|e| e.kind() == std::io::ErrorKind::ConnectionRefused)
}
