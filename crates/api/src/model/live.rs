//! What is said over the WebSockets, as JSON.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::State;

/// How live pictures are carried.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// fMP4 for Media Source Extensions.
    Mse,
    /// Every picture as a JPEG.
    Mjpeg,
    /// A key picture a second as a JPEG.
    Stills,
}

/// One box of one picture, in pixels of the analysed stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LiveBox {
    /// The track.
    pub track: u64,
    /// x of the left edge.
    pub left: i32,
    /// y of the top edge.
    pub top: i32,
    /// Width.
    pub width: u32,
    /// Height.
    pub height: u32,
    /// 0 to 1000.
    pub score: u32,
}

/// Text from the server on `/api/v1/cameras/{id}/live`.
///
/// Binary messages begin with one byte: 0 = init segment, 1 = media fragment, 2 = JPEG with
/// its `pts_us` as 8 bytes, most significant first, before it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum LiveMessage {
    /// What comes next; again at each change of codec, parameter sets or epoch.
    Init {
        /// How pictures are carried.
        mode: Mode,
        /// For `addSourceBuffer` and `changeType`; only with `mse`.
        #[serde(skip_serializing_if = "Option::is_none")]
        mime: Option<String>,
        /// Pixels.
        width: u32,
        /// Pixels.
        height: u32,
        /// Epoch of the pictures.
        epoch: u64,
        /// `pts_us` of media time 0: mediaTime * 1e6 + base_us = pts_us. Stays the same while
        /// the socket lives unless the camera's time went back.
        base_us: i64,
        /// Why it is not `mse`.
        #[serde(skip_serializing_if = "Option::is_none")]
        reason: Option<String>,
    },
    /// What one picture holds; may come before or after the picture. When another stream is
    /// analysed than the one watched, epoch is that of the watched one and pts_us is near a
    /// picture, not equal to one.
    Boxes {
        /// Epoch of the picture.
        epoch: u64,
        /// Media time of the picture.
        pts_us: i64,
        /// Size that the boxes are measured in.
        width: u32,
        /// Size that the boxes are measured in.
        height: u32,
        /// The boxes.
        boxes: Vec<LiveBox>,
        /// Share of the picture that moves, in 1/10000.
        motion_permyriad: u32,
    },
    /// How the camera is; first, at each change, and after five silent seconds.
    State {
        /// How it is.
        state: State,
        /// Why.
        #[serde(skip_serializing_if = "Option::is_none")]
        reason: Option<String>,
        /// What comes late, and why; absent while all is in time.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        late: Option<String>,
    },
    /// Pictures were left out; the next one is a key picture.
    Skip {
        /// Why.
        reason: String,
    },
}

/// Text from the client on `/api/v1/cameras/{id}/live`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum ClientMessage {
    /// What `MediaSource.isTypeSupported` says.
    Supports {
        /// By MIME type.
        mimes: HashMap<String, bool>,
    },
}

/// Text from the server on `/api/v1/push/{camera}`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum PushAnswer {
    /// Everything up to here is durable.
    Ack {
        /// The client's own count.
        sequence: u64,
    },
    /// It ends here.
    Error {
        /// As in problem documents, without the prefix.
        kind: String,
        /// What, where, what to do.
        detail: String,
    },
}
