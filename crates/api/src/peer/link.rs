//! The asking side of one peer: requests and WebSockets, each with bounded time.
//!
//! Invariants: connecting takes at most `CONNECT`, an answer at most what the call says;
//! no proxy and no redirect, so the token goes nowhere else.

use std::net::{TcpStream, ToSocketAddrs};
use std::time::Duration;

use flumen_base::{Error, Result};
use serde::Serialize;
use tungstenite::WebSocket;
use tungstenite::client::IntoClientRequest;
use tungstenite::http::{HeaderValue, header};
use tungstenite::protocol::WebSocketConfig;

use super::Token;
use super::config::is_host_and_port;
use super::model::refusal;

const CONNECT: Duration = Duration::from_secs(2);
const WRITE: Duration = Duration::from_secs(15);
const MAX_ANSWER: u64 = 16 << 20;
const MAX_MESSAGE: usize = (16 << 20) + (64 << 10);

/// A way to one peer.
pub(crate) struct Link {
    agent: ureq::Agent,
    address: String,
    token: Token,
}

/// An answer with status 200.
pub(crate) struct Heard {
    pub(crate) headers: ureq::http::HeaderMap,
    pub(crate) body: Vec<u8>,
}

impl Link {
    /// To a peer at HOST:PORT; an answer has to be whole within `limit`.
    ///
    /// # Errors
    /// `Invalid` for an address that is none.
    pub(crate) fn to(address: &str, token: &Token, limit: Duration) -> Result<Link> {
        if !is_host_and_port(address) {
            return Err(Error::invalid(format!("the address {address:?} is not HOST:PORT")));
        }
        let agent = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .proxy(None)
            .max_redirects(0)
            .timeout_connect(Some(CONNECT))
            .timeout_global(Some(limit))
            .build()
            .new_agent();
        Ok(Link { agent, address: address.to_owned(), token: token.clone() })
    }

    fn away(&self, why: &dyn std::fmt::Display) -> Error {
        Error::unavailable(format!("the ingest process at {} does not answer: {why}", self.address))
    }

    /// GET.
    ///
    /// # Errors
    /// `Unavailable` when it does not answer, else what it says.
    pub(crate) fn get(&self, path: &str) -> Result<Heard> {
        let url = format!("http://{}{path}", self.address);
        self.answer(self.agent.get(url).header("authorization", self.token.header()).call())
    }

    /// POST of JSON.
    ///
    /// # Errors
    /// As [`Link::get`].
    pub(crate) fn post(&self, path: &str, body: &impl Serialize) -> Result<Heard> {
        let url = format!("http://{}{path}", self.address);
        let request = self.agent.post(url).header("authorization", self.token.header());
        self.answer(request.send_json(body))
    }

    fn answer(
        &self,
        answer: std::result::Result<ureq::http::Response<ureq::Body>, ureq::Error>,
    ) -> Result<Heard> {
        let mut answer = answer.map_err(|e| self.away(&e))?;
        let body = answer.body_mut().with_config().limit(MAX_ANSWER).read_to_vec();
        let body = body.map_err(|e| self.away(&e))?;
        match answer.status().as_u16() {
            200 => Ok(Heard { headers: answer.headers().clone(), body }),
            401 => Err(self.stranger()),
            status => Err(refusal(&self.address, status, &body)),
        }
    }

    fn stranger(&self) -> Error {
        Error::invalid(format!(
            "the process at {} belongs to another site: give both the same site.key",
            self.address
        ))
    }

    /// A WebSocket; reading waits at most `limit` at a time.
    ///
    /// # Errors
    /// As [`Link::get`].
    pub(crate) fn socket(&self, path: &str, limit: Duration) -> Result<WebSocket<TcpStream>> {
        let mut request = format!("ws://{}{path}", self.address)
            .into_client_request()
            .map_err(|e| self.away(&e))?;
        let token = HeaderValue::from_str(&self.token.header());
        let token = token.map_err(|_| Error::internal("a token is letters and digits"))?;
        request.headers_mut().insert(header::AUTHORIZATION, token);
        let stream = self.connect().map_err(|e| self.away(&e))?;
        let set = stream
            .set_nodelay(true)
            .and_then(|()| stream.set_write_timeout(Some(WRITE)))
            .and_then(|()| stream.set_read_timeout(Some(limit)));
        set.map_err(|e| self.away(&e))?;
        let config = WebSocketConfig::default()
            .max_message_size(Some(MAX_MESSAGE))
            .max_frame_size(Some(MAX_MESSAGE));
        match tungstenite::client::client_with_config(request, stream, Some(config)) {
            Ok((socket, _)) => Ok(socket),
            Err(tungstenite::HandshakeError::Failure(tungstenite::Error::Http(answer))) => {
                let body = answer.body().as_deref().unwrap_or_default();
                match answer.status().as_u16() {
                    401 => Err(self.stranger()),
                    status => Err(refusal(&self.address, status, body)),
                }
            }
            Err(e) => Err(self.away(&e)),
        }
    }

    fn connect(&self) -> std::io::Result<TcpStream> {
        let mut last = std::io::Error::other("the name has no address");
        for at in self.address.to_socket_addrs()?.take(4) {
            match TcpStream::connect_timeout(&at, CONNECT) {
                Ok(stream) => return Ok(stream),
                Err(e) => last = e,
            }
        }
        Err(last)
    }
}

/// Nothing came within the time.
pub(crate) fn is_timeout(e: &tungstenite::Error) -> bool {
    use std::io::ErrorKind::{TimedOut, WouldBlock};
    matches!(e, tungstenite::Error::Io(e) if matches!(e.kind(), WouldBlock | TimedOut))
}
