//! The table, in Markdown.

use std::fmt;

use crate::node::Kind;

pub struct Line {
    pub what: String,
    pub bus: Option<Kind>,
    pub measured: String,
    /// What is held against the target, and the target, if it has one.
    pub target: Option<(f64, f64)>,
}

impl Line {
    pub fn head() -> &'static str {
        "| what | bus | measured | target | |\n|---|---|---|---|---|"
    }
}

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bus = self.bus.map_or("none", Kind::name);
        let (target, remark) = match self.target {
            None => (String::new(), String::new()),
            Some((value, most)) if value <= most => (format!("{most}"), "met".into()),
            Some((value, most)) if most > 0.0 => {
                (format!("{most}"), format!("missed by {:.0} %", (value / most - 1.0) * 100.0))
            }
            Some(_) => ("0".into(), "missed".into()),
        };
        write!(f, "| {} | {bus} | {} | {target} | {remark} |", self.what, self.measured)
    }
}

pub fn median(mut values: Vec<f64>) -> f64 {
    percentile(&mut values, 0.5)
}

/// Of at least one value.
pub fn percentile(values: &mut [f64], share: f64) -> f64 {
    values.sort_by(f64::total_cmp);
    values[((values.len() - 1) as f64 * share).round() as usize]
}
