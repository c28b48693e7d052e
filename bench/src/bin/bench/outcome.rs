//! What came of all rounds: medians with their ranges, and ratios within a round.

use bench::report::{Report, ServerCpu};
use serde::Serialize;

use crate::plan::{Contender, Metric, Placing, Scenario, Target};

/// Above this share of the server's core used by others, rates and latencies are suspect.
const DISTURBED: f64 = 0.1;

pub struct Rounds {
    pub scenario: &'static Scenario,
    pub entries: Vec<Entry>,
}

pub struct Entry {
    pub contender: &'static Contender,
    pub runtime: String,
    /// One a round; none where the run came to nothing.
    pub reports: Vec<Option<Report>>,
}

#[derive(Serialize)]
pub struct Outcome {
    pub scenario: &'static str,
    pub load: String,
    pub unit: String,
    pub metric: String,
    pub placing: String,
    pub results: Vec<Line>,
}

#[derive(Serialize)]
pub struct Line {
    pub server: &'static str,
    pub runtime: String,
    pub measured: Option<Spread>,
    pub per_second: Option<Spread>,
    pub p99_ms: Option<Spread>,
    /// What the first contender measured, in parts of what this one did, round by round.
    pub ratio: Option<Spread>,
    pub goal: Option<Goal>,
    /// Others used the server's core meanwhile.
    pub disturbed: bool,
    /// A message was lost, doubled, late or malformed, a connection failed, or a run came to nothing.
    pub failed: bool,
    pub rounds: Vec<Option<Report>>,
}

#[derive(Clone, Copy, Debug, Serialize)]
pub struct Spread {
    pub median: f64,
    pub least: f64,
    pub most: f64,
}

#[derive(Serialize)]
pub struct Goal {
    pub text: String,
    pub met: bool,
    /// How far off, in parts of what it should be; negative where it is better.
    pub off_by: f64,
}

impl Spread {
    pub fn of(values: impl IntoIterator<Item = f64>) -> Option<Self> {
        let mut values: Vec<f64> = values.into_iter().collect();
        values.sort_by(f64::total_cmp);
        let (&least, &most) = (values.first()?, values.last()?);
        let middle = values.len() / 2;
        let median = if values.len() % 2 == 1 { values[middle] } else { (values[middle - 1] + values[middle]) / 2.0 };
        Some(Self { median, least, most })
    }
}

impl Metric {
    fn of(self, report: &Report) -> Option<f64> {
        match self {
            Self::Cpu => report.server.as_ref().map(|server| server.per_unit),
            Self::Rate => Some(report.per_second),
            Self::P99 => p99(report),
            Self::Memory => report.memory.as_ref().map(|memory| memory.per_connection),
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Cpu => "µs of CPU each",
            Self::Rate => "per second",
            Self::P99 => "p99 in ms",
            Self::Memory => "bytes resident each",
        }
    }
}

fn p99(report: &Report) -> Option<f64> {
    report.latency.as_ref().map(|latency| latency.p99 / 1e3)
}

impl Rounds {
    pub fn new(scenario: &'static Scenario) -> Self {
        let entry = |contender| Entry { contender, runtime: String::new(), reports: Vec::new() };
        Self { scenario, entries: scenario.contenders.iter().map(entry).collect() }
    }

    pub fn outcome(self) -> Outcome {
        let Self { scenario, entries } = self;
        let metric = scenario.metric;
        let values: Vec<Vec<Option<f64>>> = entries
            .iter()
            .map(|entry| entry.reports.iter().map(|report| metric.of(report.as_ref()?)).collect())
            .collect();
        let unit = entries.iter().flat_map(|entry| &entry.reports).flatten().next().map(|report| report.unit.clone());
        let results = entries.into_iter().zip(&values).enumerate().map(|(index, (entry, own))| {
            let Entry { contender, runtime, reports } = entry;
            let told = || reports.iter().flatten();
            let measured = Spread::of(own.iter().flatten().copied());
            let pairs = values[0].iter().zip(own).filter_map(|(first, own)| Some((*first)? / (*own)?));
            let ratio = if index == 0 { None } else { Spread::of(pairs) };
            let more = Spread::of(values[0].iter().zip(own).filter_map(|(first, own)| Some((*first)? - (*own)?)));
            let others = |report: &Report| report.server.as_ref().and_then(|ServerCpu { disturbed, .. }| *disturbed);
            Line {
                server: contender.name,
                runtime,
                measured,
                per_second: Spread::of(told().map(|report| report.per_second)),
                p99_ms: Spread::of(told().filter_map(p99)),
                ratio,
                goal: scenario.targets.iter().find_map(|target| target.judge(contender, measured, ratio, more)),
                disturbed: Spread::of(told().filter_map(others)).is_some_and(|others| others.median > DISTURBED),
                failed: reports.iter().any(|report| report.as_ref().is_none_or(|report| !report.ok)),
                rounds: reports,
            }
        });
        Outcome {
            scenario: scenario.name,
            load: scenario.load.join(" "),
            unit: unit.unwrap_or_default(),
            metric: metric.name().into(),
            placing: match scenario.placing {
                Placing::Apart => "server and client on a core each".into(),
                Placing::Together => "server and client on the same two cores".into(),
            },
            results: results.collect(),
        }
    }
}

impl Target {
    fn judge(
        self,
        contender: &Contender,
        measured: Option<Spread>,
        ratio: Option<Spread>,
        more: Option<Spread>,
    ) -> Option<Goal> {
        let (about, value, goal, sign, at) = match self {
            Self::AtMost(about, goal) => (about, ratio, goal, 1.0, "at most"),
            Self::AtLeast(about, goal) => (about, ratio, goal, -1.0, "at least"),
            Self::Within(about, goal) => (about, more, goal, 1.0, "at most"),
            Self::Bound(about, goal) => (about, measured, goal, 1.0, "at most"),
        };
        if about != contender {
            return None;
        }
        let off_by = sign * (value?.median / goal - 1.0);
        let more = if matches!(self, Self::Within(..)) { " more" } else { "" };
        Some(Goal { text: format!("{at} {goal}{more}"), met: off_by <= 0.0, off_by })
    }
}
