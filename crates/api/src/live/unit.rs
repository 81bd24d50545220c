//! One access unit as all live clients share it, and the picture made of it.
//!
//! Invariants: a unit is decoded at most once, however many clients want its picture.
//! Not here: when a picture is wanted (`client`).

use bytes::Bytes;
use flumen_base::{Error, Kind, Result, wire};
use flumen_media::{Decoded, Decoder, Limits, jpeg};
use tokio::sync::{OnceCell, Semaphore};

/// Pictures made at a time, all cameras together: live video must not eat the machine.
static MAKERS: Semaphore = Semaphore::const_new(1);
const MAX_WIDTH: u32 = 1280;
const QUALITY: u32 = 80;

/// One access unit on its way to clients.
#[derive(Debug)]
pub(crate) struct LiveUnit {
    pub(crate) header: wire::PacketHeader,
    pub(crate) data: Bytes,
    picture: OnceCell<Result<Bytes, (Kind, String)>>,
}

impl LiveUnit {
    /// A unit that nobody decoded yet.
    pub(crate) fn new(header: wire::PacketHeader, data: Bytes) -> LiveUnit {
        LiveUnit { header, data, picture: OnceCell::new() }
    }

    /// Its picture as a JPEG, at most 1280 wide (MJPEG: as the camera made it).
    ///
    /// # Errors
    /// What the decoder says; asking again gives the same answer.
    ///
    /// *Cancel safety*: the next who asks begins again.
    pub(crate) async fn jpeg(&self) -> Result<Bytes> {
        if self.header.codec() == wire::Codec::Mjpeg {
            return Ok(self.data.clone());
        }
        let told = self.picture.get_or_init(|| self.make()).await;
        told.clone().map_err(|(kind, message)| Error::new(kind, message))
    }

    async fn make(&self) -> Result<Bytes, (Kind, String)> {
        let permit = MAKERS.acquire().await;
        let (header, data) = (self.header.clone(), self.data.clone());
        let made = tokio::task::spawn_blocking(move || picture(&header, &data)).await;
        drop(permit);
        match made {
            Ok(told) => told.map_err(|e| (e.kind(), e.to_string())),
            Err(e) => Err((Kind::Internal, format!("decoding a picture failed: {e}"))),
        }
    }
}

fn picture(header: &wire::PacketHeader, data: &[u8]) -> Result<Bytes> {
    let mut decoder = Decoder::open(header.codec(), &Limits::default())?;
    decoder.push(data, header.pts_us, header.sequence)?;
    if let Decoded::Frame(decoded) = decoder.next()? {
        return jpeg(&decoded.frame, MAX_WIDTH, QUALITY);
    }
    decoder.finish()?;
    match decoder.next()? {
        Decoded::Frame(decoded) => jpeg(&decoded.frame, MAX_WIDTH, QUALITY),
        Decoded::NeedMore | Decoded::End => Err(Error::data_loss(format!(
            "camera {}: the key picture at {} can't be decoded",
            header.camera, header.pts_us
        ))),
    }
}
