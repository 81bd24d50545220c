//! Asks the process that owns a data directory, through its API.

use std::net::SocketAddr;
use std::time::Duration;

use flumen_base::{Error, Kind, Result};
use serde_json::Value;

use crate::{Site, lock};

/// A running Flumen's API.
pub struct Client {
    agent: ureq::Agent,
    address: SocketAddr,
}

impl Client {
    /// The API of the process that owns the site's data directory.
    ///
    /// # Errors
    /// `Unavailable` saying how to start one when nobody owns it.
    pub fn of(site: &Site) -> Result<Client> {
        let data = site.data.display();
        let owner = lock::owner(&site.data).ok_or_else(|| {
            Error::unavailable(format!(
                "no flumen runs on {data}: start one with `flumen run --data {data}`, or name the right directory with --data"
            ))
        })?;
        let address = owner.address.ok_or_else(|| {
            Error::unavailable(format!(
                "the flumen on {data} (pid {}) is still starting; try again",
                owner.pid
            ))
        })?;
        let agent = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .timeout_connect(Some(Duration::from_secs(5)))
            .timeout_recv_response(Some(Duration::from_secs(30)))
            .build()
            .new_agent();
        Ok(Client { agent, address })
    }

    /// Where it answers.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The full address of an API path.
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// GET as JSON.
    pub fn get(&self, path: &str) -> Result<Value> {
        answer(self.agent.get(self.url(path)).call())
    }

    /// GET as a stream of bytes; its status is checked.
    pub fn read(&self, path: &str) -> Result<impl std::io::Read + use<>> {
        let response = self.agent.get(self.url(path)).call().map_err(unreachable)?;
        if !response.status().is_success() {
            return Err(answer(Ok(response))
                .err()
                .unwrap_or_else(|| Error::internal("an error without a reason")));
        }
        Ok(response.into_body().into_reader())
    }

    /// POST or PUT of JSON.
    pub fn send(&self, method: &str, path: &str, body: &Value) -> Result<Value> {
        let url = self.url(path);
        answer(match method {
            "PUT" => self.agent.put(url).send_json(body),
            _ => self.agent.post(url).send_json(body),
        })
    }

    /// DELETE.
    pub fn delete(&self, path: &str) -> Result<Value> {
        answer(self.agent.delete(self.url(path)).call())
    }
}

fn unreachable(e: ureq::Error) -> Error {
    Error::unavailable(format!("the running flumen does not answer: {e}"))
}

fn answer(response: Result<ureq::http::Response<ureq::Body>, ureq::Error>) -> Result<Value> {
    let mut response = response.map_err(unreachable)?;
    let status = response.status();
    let text = response.body_mut().read_to_string().map_err(unreachable)?;
    let json: Value = serde_json::from_str(&text).unwrap_or(Value::Null);
    if status.is_success() {
        return Ok(json);
    }
    let said =
        json.get("detail").or_else(|| json.get("title")).and_then(Value::as_str).unwrap_or(&text);
    let kind = match status.as_u16() {
        404 => Kind::NotFound,
        400..=499 => Kind::Invalid,
        _ => Kind::Unavailable,
    };
    Err(Error::new(kind, said.to_owned()))
}
