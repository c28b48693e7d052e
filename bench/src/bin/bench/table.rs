//! The table, in Markdown.

use std::fmt::Write;

use crate::outcome::{Line, Outcome, Spread};

const HEAD: [&str; 9] =
    ["scenario", "server", "runtime", "measured", "per second", "p99 ms", "ours to it", "asked for", ""];

pub fn table(outcomes: &[Outcome]) -> String {
    let mut rows = vec![HEAD.map(str::to_owned)];
    for outcome in outcomes {
        for (index, line) in outcome.results.iter().enumerate() {
            rows.push(row(outcome, line, index == 0));
        }
    }
    let widths: Vec<usize> =
        (0..HEAD.len()).map(|column| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0)).collect();
    let mut table = String::new();
    for (index, row) in rows.iter().enumerate() {
        for (cell, width) in row.iter().zip(&widths) {
            _ = write!(table, "| {cell:<width$} ");
        }
        table.push_str("|\n");
        if index == 0 {
            widths.iter().for_each(|width| _ = write!(table, "|{:-<1$}", "", width + 2));
            table.push_str("|\n");
        }
    }
    table
}

fn row(outcome: &Outcome, line: &Line, is_first: bool) -> [String; HEAD.len()] {
    let scenario = if is_first { format!("{} ({})", outcome.scenario, outcome.metric) } else { String::new() };
    let remark = match &line.goal {
        _ if line.failed => "FAILED".into(),
        Some(goal) if goal.met => "met".into(),
        Some(goal) => format!("missed by {:.0} %", goal.off_by * 100.0),
        None => String::new(),
    };
    let disturbed = if line.disturbed { " ~" } else { "" };
    [
        scenario,
        line.server.into(),
        line.runtime.clone(),
        spread(line.measured) + disturbed,
        line.per_second.map(|rate| short(rate.median)).unwrap_or_default(),
        line.p99_ms.map(|p99| short(p99.median)).unwrap_or_default(),
        spread(line.ratio),
        line.goal.as_ref().map(|goal| goal.text.clone()).unwrap_or_default(),
        remark,
    ]
}

fn spread(spread: Option<Spread>) -> String {
    spread.map_or(String::new(), |Spread { median, least, most }| {
        if least == most {
            return short(median);
        }
        format!("{} ({}–{})", short(median), short(least), short(most))
    })
}

/// Three digits that mean something.
fn short(value: f64) -> String {
    match value.abs() {
        1e6.. => format!("{:.2}M", value / 1e6),
        1e4.. => format!("{:.0}k", value / 1e3),
        100.0.. => format!("{value:.0}"),
        10.0.. => format!("{value:.1}"),
        1.0.. => format!("{value:.2}"),
        _ => format!("{value:.3}"),
    }
}
