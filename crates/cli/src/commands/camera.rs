//! `flumen camera`: cameras of the running process, through its API.

use std::io::{BufRead, IsTerminal};

use clap::{Args, Subcommand, ValueEnum};
use flumen_base::{CameraId, Error, Kind, Result};
use serde_json::{Value, json};

use crate::Site;
use crate::client::Client;
use crate::show;

#[derive(Subcommand)]
pub enum Camera {
    /// Add a camera, or change the one of that id
    ///
    /// Example: flumen camera add yard rtsp://10.0.0.7/stream1 --username viewer
    Add(Add),
    /// List cameras and how they are
    ///
    /// Example: flumen camera list --json
    List {
        /// As JSON.
        #[arg(long)]
        json: bool,
    },
    /// Remove a camera; what it recorded stays until it is too old
    ///
    /// Example: flumen camera remove yard
    Remove {
        /// The camera.
        id: CameraId,
    },
    /// Try an address and say what is there
    ///
    /// Example: flumen camera try rtsp://10.0.0.7/stream1
    Try {
        #[command(flatten)]
        access: Access,
        /// As JSON.
        #[arg(long)]
        json: bool,
    },
}

#[derive(Args)]
pub struct Access {
    /// rtsp://, http://, srt://, rtmp://, file:, synthetic: or push:
    address: String,
    /// User name; the password is asked for, or read from FLUMEN_CAMERA_PASSWORD.
    #[arg(long)]
    username: Option<String>,
    /// How RTSP carries the video.
    #[arg(long, value_enum, default_value = "tcp")]
    transport: Transport,
}

#[derive(Clone, Copy, ValueEnum)]
enum Transport {
    Tcp,
    Udp,
}

#[derive(Args)]
pub struct Add {
    /// A short name for paths and topics: a-z, 0-9 and '-'.
    id: CameraId,
    #[command(flatten)]
    access: Access,
    /// The name that people see.
    #[arg(long)]
    name: Option<String>,
    /// Address of a smaller stream of the same camera, for the wall.
    #[arg(long, value_name = "ADDRESS")]
    sub: Option<String>,
    /// Play a file once instead of in a loop.
    #[arg(long)]
    once: bool,
    /// IANA time zone of the place; UTC when not given.
    #[arg(long)]
    time_zone: Option<String>,

    /// Group of cameras that it is learned with; "site" when not given
    #[arg(long, value_name = "NAME")]
    group: Option<String>,
    /// Which pictures are decoded while nothing happens; exact when not given.
    #[arg(long, value_enum)]
    gate: Option<Gate>,
}

/// As `policy.gate` of the API.
#[derive(Clone, Copy, ValueEnum)]
enum Gate {
    /// Every picture.
    Exact,
    /// Key pictures, and all of a group when packets change in size.
    Balanced,
    /// Key pictures.
    Thrifty,
}

impl Gate {
    fn word(self) -> &'static str {
        match self {
            Gate::Exact => "exact",
            Gate::Balanced => "balanced",
            Gate::Thrifty => "thrifty",
        }
    }
}

pub fn run(site: &Site, command: Camera) -> Result<()> {
    let client = Client::of(site)?;
    match command {
        Camera::Add(add) => put(&client, &add),
        Camera::List { json } => list(&client, json),
        Camera::Remove { id } => {
            client.delete(&format!("/api/v1/cameras/{id}"))?;
            println!("{id} removed");
            Ok(())
        }
        Camera::Try { access, json } => attempt(&client, &access, json),
    }
}

fn password(access: &Access) -> Result<Option<String>> {
    if let Ok(given) = std::env::var("FLUMEN_CAMERA_PASSWORD") {
        return Ok(Some(given));
    }
    if access.username.is_none() {
        return Ok(None);
    }
    if std::io::stdin().is_terminal() {
        eprint!("Password of the camera: ");
    }
    let mut line = String::new();
    std::io::stdin().lock().read_line(&mut line).map_err(|e| Error::io("read the password", e))?;
    Ok(Some(line.trim_end_matches(['\r', '\n']).to_owned()))
}

fn source(access: &Access, stream: &str, address: &str, once: bool) -> Result<Value> {
    let transport = match access.transport {
        Transport::Tcp => "tcp",
        Transport::Udp => "udp",
    };
    let main = stream == "main";
    Ok(json!({
        "stream": stream, "address": address, "username": access.username, "password": password(access)?,
        "record": main, "analyse": main, "live": true, "transport": transport, "once": once,
    }))
}

fn put(client: &Client, add: &Add) -> Result<()> {
    let mut sources = vec![source(&add.access, "main", &add.access.address, add.once)?];
    if let Some(sub) = &add.sub {
        sources.push(source(&add.access, "sub", sub, add.once)?);
    }
    let id = &add.id;
    // What is not named stays as it is where the camera is there already.
    let named = [
        ("id", Some(json!(id.as_str()))),
        ("enabled", Some(json!(true))),
        ("sources", Some(json!(sources))),
        ("name", add.name.as_ref().map(|name| json!(name))),
        ("time_zone", add.time_zone.as_ref().map(|zone| json!(zone))),
        ("group", add.group.as_ref().map(|group| json!(group))),
        ("policy", add.gate.map(|gate| with_gate(client, id, gate)).transpose()?),
    ];
    let given = named.into_iter().filter_map(|(key, value)| Some((key.to_owned(), value?)));
    let body: Value = given.collect::<serde_json::Map<String, Value>>().into();
    client.send("PUT", &format!("/api/v1/cameras/{id}"), &body)?;
    println!("{id} added; see it at {}", client.url(&format!("/camera/{id}")));
    Ok(())
}

/// The camera's policy, if it is there already, with another gate.
fn with_gate(client: &Client, id: &CameraId, gate: Gate) -> Result<Value> {
    let mut policy = match client.get(&format!("/api/v1/cameras/{id}")) {
        Ok(camera) => camera.get("policy").and_then(Value::as_object).cloned().unwrap_or_default(),
        Err(e) if e.kind() == Kind::NotFound => serde_json::Map::new(),
        Err(e) => return Err(e),
    };
    policy.insert("gate".to_owned(), json!(gate.word()));
    Ok(policy.into())
}

fn text(v: &Value, key: &str) -> String {
    match v.get(key) {
        Some(Value::String(s)) => s.clone(),
        Some(Value::Null) | None => "-".into(),
        Some(other) => other.to_string(),
    }
}

fn list(client: &Client, as_json: bool) -> Result<()> {
    let answer = client.get("/api/v1/cameras")?;
    if as_json {
        println!("{answer:#}");
        return Ok(());
    }
    let cameras = answer.get("cameras").and_then(Value::as_array).cloned().unwrap_or_default();
    let rows: Vec<Vec<String>> = cameras
        .iter()
        .map(|c| {
            let size = format!("{}x{}", text(c, "width"), text(c, "height"));
            vec![text(c, "id"), text(c, "state"), text(c, "codec"), size, text(c, "reason")]
        })
        .collect();
    show::table(&["CAMERA", "STATE", "CODEC", "SIZE", "REASON"], &rows);
    Ok(())
}

fn attempt(client: &Client, access: &Access, as_json: bool) -> Result<()> {
    let mut body = source(access, "main", &access.address, true)?;
    if let Some(fields) = body.as_object_mut() {
        fields.retain(|key, _| {
            ["address", "username", "password", "transport"].contains(&key.as_str())
        });
    }
    let mut told = client.send("POST", "/api/v1/probe", &body)?;
    if as_json {
        println!("{told:#}");
        return Ok(());
    }
    if told.get("ok").and_then(Value::as_bool) == Some(true) {
        let rate = text(&told, "frame_rate");
        println!(
            "{} {}x{}, {rate} frames/s",
            text(&told, "codec"),
            text(&told, "width"),
            text(&told, "height")
        );
        return Ok(());
    }
    let fix = told.get_mut("fix").map(Value::take).and_then(|f| f.as_str().map(str::to_owned));
    let fix = fix.map_or(String::new(), |f| format!("; {f}"));
    Err(Error::unavailable(format!("{}{fix}", text(&told, "reason"))))
}
