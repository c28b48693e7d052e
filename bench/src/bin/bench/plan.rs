//! What is measured, of whom, and what it must reach.

/// A server that takes part.
#[derive(Debug, PartialEq, Eq)]
pub struct Contender {
    pub name: &'static str,
    pub program: &'static str,
    pub flags: &'static [&'static str],
    pub load: &'static [&'static str],
    pub has_threads: bool,
}

pub const OURS: Contender = Contender { name: "ours", program: "server", flags: &[], load: &[], has_threads: true };
pub const OURS_ON_TEXT: Contender = Contender { name: "ours, on_text", program: "text", ..OURS };
pub const OURS_UNDER_WARP: Contender = Contender {
    name: "ours, warp::serve",
    program: "server",
    flags: &["--serve", "warp"],
    load: &[],
    has_threads: true,
};
pub const RAW: Contender = Contender { name: "raw", program: "raw", flags: &[], load: &[], has_threads: false };
pub const RAW_COALESCING: Contender =
    Contender { name: "raw, coalescing", program: "raw", flags: &["--coalesce"], load: &[], has_threads: false };
pub const WARP: Contender =
    Contender { name: "warp::ws chat", program: "warp-chat", flags: &[], load: &[], has_threads: true };
pub const AXUM: Contender =
    Contender { name: "axum chat", program: "axum-chat", flags: &[], load: &[], has_threads: true };

pub const OURS_ALL_READ: Contender = Contender { name: "ours, nobody stalled", load: &["--stalled", "0"], ..OURS };

pub struct Scenario {
    pub name: &'static str,
    pub load: &'static [&'static str],
    /// The first is the one that the others are compared with.
    pub contenders: &'static [Contender],
    pub metric: Metric,
    pub placing: Placing,
    /// Whether it is measured five times as long, because sockets and queues have to fill up first.
    pub is_long: bool,
    pub targets: &'static [Target],
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Metric {
    /// The server's CPU time for a delivery, a request or a cycle, in microseconds.
    Cpu,
    /// Deliveries a second.
    Rate,
    /// Milliseconds that 99 in 100 need less of.
    P99,
    /// The server's resident memory for a connection that does nothing, in bytes.
    Memory,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Placing {
    /// The server on a core, with one worker; the load client on another.
    Apart,
    /// Both wherever the kernel puts them on two cores, with two workers.
    Together,
}

#[derive(Clone, Copy, Debug)]
pub enum Target {
    /// The first contender needs at most so many times as much as this one.
    AtMost(&'static Contender, f64),
    /// It does at least so many times as much.
    AtLeast(&'static Contender, f64),
    /// The first contender needs at most so much more than this one.
    Within(&'static Contender, f64),
    /// This contender needs at most so much.
    Bound(&'static Contender, f64),
}

/// Two kibibytes behind our own server, four behind warp's.
const OWN_BYTES: f64 = 2048.0;
const WARP_BYTES: f64 = 4096.0;

/// What members that stall may add to the others' p99, in milliseconds.
const STALL: f64 = 20.0;

pub const SCENARIOS: &[Scenario] = &[
    Scenario {
        name: "fan-out 1000, one at a time",
        load: &["fanout", "--members", "1000", "--window", "1"],
        contenders: &[OURS, RAW, WARP, AXUM],
        metric: Metric::Cpu,
        placing: Placing::Apart,
        is_long: false,
        targets: &[Target::AtMost(&RAW, 1.10), Target::AtMost(&WARP, 0.82)],
    },
    Scenario {
        name: "fan-out 5000, one at a time",
        load: &["fanout", "--members", "5000", "--window", "1"],
        contenders: &[OURS, RAW, WARP, AXUM],
        metric: Metric::Cpu,
        placing: Placing::Apart,
        is_long: false,
        targets: &[Target::AtMost(&RAW, 1.12), Target::AtMost(&WARP, 0.70)],
    },
    Scenario {
        name: "fan-out 1000, 16 under way",
        load: &["fanout", "--members", "1000", "--window", "16"],
        contenders: &[OURS, RAW_COALESCING, RAW, WARP, AXUM],
        metric: Metric::Cpu,
        placing: Placing::Apart,
        is_long: false,
        targets: &[Target::AtMost(&RAW_COALESCING, 1.25), Target::AtMost(&WARP, 0.17)],
    },
    Scenario {
        name: "500 rooms of 10, 100k deliveries/s",
        load: &["rooms", "--rooms", "500", "--members", "10", "--rate", "2"],
        contenders: &[OURS, RAW, WARP, AXUM],
        metric: Metric::Cpu,
        placing: Placing::Apart,
        is_long: false,
        targets: &[Target::AtMost(&WARP, 0.70)],
    },
    Scenario {
        name: "echo, depth 1",
        load: &["echo", "--connections", "50", "--depth", "1"],
        contenders: &[OURS, RAW, WARP, AXUM],
        metric: Metric::Cpu,
        placing: Placing::Apart,
        is_long: false,
        targets: &[Target::AtMost(&WARP, 0.60)],
    },
    Scenario {
        name: "echo, depth 16",
        load: &["echo", "--connections", "50", "--depth", "16"],
        contenders: &[OURS, RAW, WARP, AXUM],
        metric: Metric::Cpu,
        placing: Placing::Apart,
        is_long: false,
        targets: &[Target::AtMost(&WARP, 0.40)],
    },
    Scenario {
        name: "text echo by on_text, 16 at a time",
        load: &["echo", "--dialect", "text", "--connections", "50", "--depth", "16"],
        contenders: &[OURS_ON_TEXT, RAW],
        metric: Metric::Cpu,
        placing: Placing::Apart,
        is_long: false,
        targets: &[Target::AtMost(&RAW, 1.3)],
    },
    Scenario {
        name: "connect, join, receive, close",
        load: &["churn", "--connections", "32"],
        contenders: &[OURS, RAW, WARP, AXUM],
        metric: Metric::Cpu,
        placing: Placing::Apart,
        is_long: false,
        targets: &[Target::AtMost(&WARP, 0.70)],
    },
    Scenario {
        name: "idle, 10,000 in rooms of 10",
        load: &["idle", "--connections", "10000", "--members", "10"],
        contenders: &[OURS, OURS_UNDER_WARP, RAW, WARP, AXUM],
        metric: Metric::Memory,
        placing: Placing::Apart,
        is_long: false,
        targets: &[Target::Bound(&OURS, OWN_BYTES), Target::Bound(&OURS_UNDER_WARP, WARP_BYTES)],
    },
    Scenario {
        name: "10 rooms of 10 beside a crowd of 5000",
        load: &["crowd", "--crowd", "5000", "--rooms", "10", "--members", "10", "--rate", "2"],
        contenders: &[OURS, RAW, WARP, AXUM],
        metric: Metric::P99,
        placing: Placing::Apart,
        is_long: false,
        targets: &[Target::Bound(&OURS, 1.5)],
    },
    Scenario {
        name: "a room with one stalled member: p99 of the others",
        load: &["stalled", "--members", "3", "--stalled", "1", "--rate", "60", "--size", "8000"],
        contenders: &[OURS, OURS_ALL_READ, WARP, AXUM],
        metric: Metric::P99,
        placing: Placing::Apart,
        is_long: true,
        targets: &[Target::Within(&OURS_ALL_READ, STALL)],
    },
    Scenario {
        name: "a room of 1000 with 5 stalled: p99 of the others",
        load: &["stalled", "--members", "1000", "--stalled", "5", "--rate", "50", "--size", "8000"],
        contenders: &[OURS, OURS_ALL_READ],
        metric: Metric::P99,
        placing: Placing::Apart,
        is_long: true,
        targets: &[Target::Within(&OURS_ALL_READ, STALL)],
    },
    Scenario {
        name: "a room of 1000 with 500 stalled: p99 of the others",
        load: &["stalled", "--members", "1000", "--stalled", "500", "--rate", "50", "--size", "8000"],
        contenders: &[OURS, OURS_ALL_READ],
        metric: Metric::P99,
        placing: Placing::Apart,
        is_long: true,
        targets: &[Target::Within(&OURS_ALL_READ, STALL)],
    },
    Scenario {
        name: "two cores: fan-out 1000, 16 under way",
        load: &["fanout", "--members", "1000", "--window", "16"],
        contenders: &[OURS, WARP, AXUM],
        metric: Metric::Rate,
        placing: Placing::Together,
        is_long: false,
        targets: &[Target::AtLeast(&WARP, 3.0)],
    },
    Scenario {
        name: "two cores: fan-out 1000, one at a time",
        load: &["fanout", "--members", "1000", "--window", "1"],
        contenders: &[OURS, WARP, AXUM],
        metric: Metric::Rate,
        placing: Placing::Together,
        is_long: false,
        targets: &[Target::AtLeast(&WARP, 1.15)],
    },
];
