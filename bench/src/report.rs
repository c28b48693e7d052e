//! What `wsload` says about a run: one line of JSON.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A run of one scenario.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Report {
    /// Its name on the command line.
    pub scenario: String,
    /// How the server was spoken to.
    pub dialect: String,
    /// What was asked for.
    pub parameters: Value,
    /// How long was measured, in seconds.
    pub seconds: f64,
    /// Of what there were so many: deliveries, requests, cycles, connections.
    pub unit: String,
    /// How many were measured.
    pub units: u64,
    /// How many a second.
    pub per_second: f64,
    /// What the server's processes used, where they were named.
    pub server: Option<ServerCpu>,
    /// The share of a core that the load client used; near 1 without `--spin`, it was the bottleneck.
    pub client_load: f64,
    /// From when a message was sent, or due where the rate is given, until it was read, in microseconds.
    pub latency: Option<Latency>,
    /// Only of `idle`.
    pub memory: Option<Memory>,
    /// What went wrong.
    pub check: Check,
    /// Whether nothing did.
    pub ok: bool,
}

/// CPU time of the server.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ServerCpu {
    /// Microseconds per unit, by the scheduler's clock.
    pub per_unit: f64,
    /// The user's share, in ticks.
    pub user_per_unit: f64,
    /// The kernel's share, in ticks.
    pub system_per_unit: f64,
    /// Cores in use.
    pub load: f64,
    /// The share of the server's named cores that others used meanwhile. Above a tenth, rates and latencies are suspect.
    pub disturbed: Option<f64>,
}

/// Microseconds.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Latency {
    /// Half were faster.
    pub p50: f64,
    /// 90 in 100 were faster.
    pub p90: f64,
    /// 99 in 100 were faster.
    pub p99: f64,
    /// 999 in 1000 were faster.
    pub p999: f64,
    /// The slowest.
    pub max: f64,
    /// How many were measured.
    pub count: u64,
}

/// Resident memory of the server, in bytes.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Memory {
    /// Before the first connection.
    pub at_start: u64,
    /// What a connection that has joined added.
    pub per_connection: f64,
    /// The same after each had one answer, where that was asked for.
    pub per_touched_connection: Option<f64>,
    /// When all connections had gone.
    pub after_close: u64,
    /// CPU time in a second in which nothing happened, in microseconds.
    pub idle_cpu: f64,
}

/// Everything that a run must not have.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Check {
    /// Messages that had not come when a later one did. As many `late` ones: reordering; none: loss.
    pub skipped: u64,
    /// Messages that came after a later one, or twice.
    pub late: u64,
    /// Messages that never came.
    pub undelivered: u64,
    /// Frames and payloads that are not as they should be.
    pub malformed: u64,
    /// Connections that never got as far as joining.
    pub failed: u64,
    /// Connections that the server ended.
    pub lost: u64,
    /// The run took longer than it may.
    pub timed_out: bool,
}
