//! Counters and gauges as Prometheus reads them.
//!
//! Spec: Prometheus text exposition format 0.0.4.

use std::fmt::Write;
use std::sync::atomic::{AtomicU64, Ordering};

use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;

use crate::app::App;
use crate::extract::blocking;
use crate::face::{self, CameraStatus, Stage};
use crate::problem::Answer;

/// What the face itself counts.
#[derive(Default)]
pub(crate) struct Counters {
    /// Answers by the first digit of their status, from 1.
    classes: [AtomicU64; 5],
}

impl Counters {
    /// Counts one answer.
    pub(crate) fn answered(&self, status: StatusCode) {
        let class = usize::from(status.as_u16() / 100).saturating_sub(1);
        if let Some(count) = self.classes.get(class) {
            count.fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// Metrics of the cameras, the workers and the face.
#[utoipa::path(get, path = "/metrics", tag = "system", responses(
    (status = 200, body = String, content_type = "text/plain"),
))]
pub(crate) async fn metrics(State(app): State<App>) -> Answer<impl IntoResponse> {
    let text = blocking(move || Ok(text(&app))).await?;
    Ok(([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], text))
}

/// A metric's type and one line a label set.
struct Page(String);

impl Page {
    fn metric(&mut self, name: &str, kind: &str, help: &str, lines: Vec<(String, f64)>) {
        let _ = writeln!(self.0, "# HELP flumen_{name} {help}\n# TYPE flumen_{name} {kind}");
        for (labels, value) in lines {
            let _ = writeln!(self.0, "flumen_{name}{labels} {value}");
        }
    }
}

fn text(app: &App) -> String {
    let mut page = Page(String::new());
    cameras(&mut page, &app.face.cameras.status());
    stages(&mut page, &app.face.stages.stages());
    let one = |value: f64| vec![(String::new(), value)];
    let problems = app.face.stages.problems().len();
    page.metric("problems", "gauge", "Things that are wrong.", one(problems as f64));
    let live = app.hub.counts();
    page.metric("live_clients", "gauge", "Clients that watch.", one(live.clients as f64));
    page.metric("live_bytes", "gauge", "Video held for live view.", one(live.bytes as f64));
    let help = "Pictures left out for slow watchers.";
    page.metric("live_skipped_total", "counter", help, one(live.skipped as f64));
    let classes = app.counters.classes.iter().enumerate();
    let answers = classes
        .map(|(i, n)| (format!("{{class=\"{}xx\"}}", i + 1), n.load(Ordering::Relaxed) as f64));
    page.metric("http_answers_total", "counter", "Answers by status.", answers.collect());
    page.0
}

fn cameras(page: &mut Page, cameras: &[CameraStatus]) {
    let each = |value: fn(&CameraStatus) -> f64| {
        cameras.iter().map(|c| (format!("{{camera=\"{}\"}}", c.id), value(c))).collect::<Vec<_>>()
    };
    let up = |c: &CameraStatus| f64::from(u8::from(c.state == face::State::Live));
    page.metric("camera_live", "gauge", "1 while pictures arrive.", each(up));
    let units = each(|c| c.units as f64);
    page.metric("camera_units_total", "counter", "Access units received.", units);
    page.metric("camera_bytes_total", "counter", "Bytes received.", each(|c| c.bytes as f64));
    let dropped = each(|c| c.dropped as f64);
    page.metric("camera_dropped_total", "counter", "Access units thrown away.", dropped);
    let again = each(|c| c.reconnects as f64);
    page.metric("camera_reconnects_total", "counter", "Connections after the first.", again);
}

fn stages(page: &mut Page, stages: &[Stage]) {
    let labels = |s: &Stage| {
        let camera = s.camera.as_ref().map(|c| format!(",camera=\"{c}\"")).unwrap_or_default();
        format!("{{stage=\"{}\"{camera}}}", escape(&s.name))
    };
    let each =
        |value: fn(&Stage) -> f64| stages.iter().map(|s| (labels(s), value(s))).collect::<Vec<_>>();
    let told = |value: fn(&Stage) -> Option<f64>| {
        stages.iter().filter_map(|s| Some((labels(s), value(s)?))).collect::<Vec<_>>()
    };
    page.metric("stage_rate_hz", "gauge", "Units a second.", told(|s| s.rate_hz));
    let lag = told(|s| s.lag_us.map(|us| us as f64 / 1e6));
    page.metric("stage_lag_seconds", "gauge", "How far it is behind.", lag);
    page.metric("stage_dropped_total", "counter", "Units left out.", each(|s| s.dropped as f64));
    let healthy = each(|s| f64::from(u8::from(s.healthy)));
    page.metric("stage_healthy", "gauge", "1 while it does what it should.", healthy);
}

fn escape(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}
