//! The scores of all methods as one table and one file.

use std::fmt::Write as _;
use std::path::Path;

use flumen_base::Result;
use serde::Serialize;

use super::MethodScore;
use super::anomalies::{BUDGETS, RECALLS};
use super::read::Truth;
use crate::table::{table, write_report};

/// Methods side by side on the same days.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Report {
    /// Where the days are.
    pub days: String,
    /// Camera-days scored.
    pub camera_days: f64,
    /// Anomalies planted in them.
    pub planted: usize,
    /// The methods.
    pub methods: Vec<MethodScore>,
}

impl Report {
    pub(super) fn new(days: &Path, truth: &Truth, methods: Vec<MethodScore>) -> Report {
        Report {
            days: days.display().to_string(),
            camera_days: truth.camera_days(),
            planted: truth.planted.len(),
            methods,
        }
    }

    /// Writes `report.json` and `report.txt` into `dir`.
    ///
    /// # Errors
    /// I/O errors of `dir`.
    pub fn write(&self, dir: &Path) -> Result<()> {
        write_report(dir, self, &self.table())
    }

    /// For people.
    pub fn table(&self) -> String {
        let mut text = format!(
            "{}: {} anomalies in {:.1} camera-days\n",
            self.days, self.planted, self.camera_days
        );
        for part in
            [self.anomalies(), self.kinds(), self.forecasts(), self.paths(), self.warnings()]
        {
            if part.len() > 1 {
                // Writing to a string cannot fail.
                let _ = write!(text, "\n{}", table(&part));
            }
        }
        text
    }

    fn anomalies(&self) -> Vec<Vec<String>> {
        let mut head = vec![
            "anomalies".into(),
            "told".into(),
            "recall".into(),
            "false/day".into(),
            "false min/day".into(),
        ];
        head.extend(BUDGETS.iter().map(|b| format!("R at {b}/day")));
        head.extend(RECALLS.iter().map(|r| format!("false/day at R {r}")));
        let row = |m: &MethodScore| {
            let a = m.anomalies.as_ref()?;
            let mut row = vec![
                m.method.clone(),
                a.told.to_string(),
                format!("{:.3}", a.recall),
                format!("{:.2}", a.false_a_day),
                format!("{:.1}", a.false_minutes_a_day),
            ];
            row.extend(a.recall_at.iter().map(|(_, r)| format!("{r:.3}")));
            row.extend(a.false_at.iter().map(|(_, f)| f.map_or("-".into(), |f| format!("{f:.2}"))));
            Some(row)
        };
        std::iter::once(head).chain(self.methods.iter().filter_map(row)).collect()
    }

    fn kinds(&self) -> Vec<Vec<String>> {
        let mut rows = vec![vec![
            "kind".into(),
            "method".into(),
            "planted".into(),
            "found".into(),
            "found at 1/day".into(),
        ]];
        for m in &self.methods {
            for (kind, k) in m.anomalies.iter().flat_map(|a| &a.kinds) {
                let counts = [k.planted, k.found, k.found_at_one].map(|n| n.to_string());
                rows.push([vec![kind.clone(), m.method.clone()], counts.to_vec()].concat());
            }
        }
        let head = rows.remove(0);
        rows.sort();
        rows.insert(0, head);
        rows
    }

    fn forecasts(&self) -> Vec<Vec<String>> {
        let head = [
            "forecast",
            "ahead h",
            "hours",
            "error",
            "oracle",
            "of oracle",
            "rms of oracle",
            "in 90 %",
            "width",
        ];
        let mut rows = vec![head.map(String::from).to_vec()];
        for m in &self.methods {
            for f in &m.forecasts {
                let figures = [f.error, f.oracle, f.of_oracle, f.rms_of_oracle, f.covered, f.width];
                let mut row = vec![m.method.clone(), f.ahead_h.to_string(), f.hours.to_string()];
                row.extend(figures.map(|v| format!("{v:.3}")));
                rows.push(row);
            }
        }
        rows
    }

    fn paths(&self) -> Vec<Vec<String>> {
        let head = ["paths", "usual", "found", "told", "right", "recall", "precision"];
        let row = |m: &MethodScore| {
            let p = m.paths.as_ref()?;
            let counts = [p.usual, p.found, p.told, p.right].map(|n| n.to_string());
            let shares = [p.recall, p.precision].map(|v| format!("{v:.3}"));
            Some([vec![m.method.clone()], counts.to_vec(), shares.to_vec()].concat())
        };
        let head = head.map(String::from).to_vec();
        std::iter::once(head).chain(self.methods.iter().filter_map(row)).collect()
    }

    fn warnings(&self) -> Vec<Vec<String>> {
        let head = ["warnings", "failing", "warned 6 h before", "least lead h", "false/month"];
        let row = |m: &MethodScore| {
            let w = m.warnings.as_ref()?;
            let least = w.lead_h.iter().copied().min_by(f64::total_cmp);
            Some(vec![
                m.method.clone(),
                w.failing.to_string(),
                w.warned.to_string(),
                least.map_or("-".into(), |h| format!("{h:.1}")),
                format!("{:.2}", w.false_a_month),
            ])
        };
        let head = head.map(String::from).to_vec();
        std::iter::once(head).chain(self.methods.iter().filter_map(row)).collect()
    }
}
