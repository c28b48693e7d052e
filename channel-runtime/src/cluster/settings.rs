//! How a cluster is set up, whatever its engine.

use std::time::Duration;

/// A cluster over an engine: [`Nats`](crate::Nats) or [`Redis`](crate::Redis).
#[derive(Clone, Debug)]
#[must_use = "hand it to `channels![..; cluster].over(..)`"]
pub struct Cluster<E> {
    pub(crate) engine: E,
    pub(crate) settings: Settings,
}

#[derive(Clone, Debug)]
pub(crate) struct Settings {
    pub name: String,
    pub queue_bytes: usize,
    pub queue_age: Duration,
    pub gather: Duration,
    pub query_timeout: Duration,
    pub start_timeout: Duration,
}

impl<E> Cluster<E> {
    pub(crate) fn of(engine: E) -> Self {
        let settings = Settings {
            name: "channels".into(),
            queue_bytes: 16 << 20,
            queue_age: Duration::from_secs(5),
            gather: Duration::from_millis(1),
            query_timeout: Duration::from_secs(1),
            start_timeout: Duration::from_secs(30),
        };
        Self { engine, settings }
    }

    /// The app's name on the bus: nodes of the same name are one cluster. Letters, digits, `-` and `_`. Default: `channels`.
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.settings.name = name.into();
        self
    }

    /// How many bytes wait for the bus at most. What is sent beyond reaches this node alone, and [`Sent`](crate::Sent) says so. From
    /// half of it on, those who send are slowed. Default: 16 MiB.
    pub fn queue_bytes(mut self, bytes: usize) -> Self {
        self.settings.queue_bytes = bytes;
        self
    }

    /// How long a message waits for a bus that is away. What is older is dropped, and counted. Default: 5 s.
    pub fn queue_age(mut self, age: Duration) -> Self {
        self.settings.queue_age = age;
        self
    }

    /// Under load messages are gathered into parcels, in the long run one each so long, for each other node, eight at most; from 16
    /// messages in that time on they are gathered for up to eight times as long, within the same eight. Up to 16 parcels leave at once,
    /// so that what is said now and then never waits. Zero for no gathering, which costs a busy bus and its nodes many times the
    /// processor time. Default: 1 ms.
    pub fn gather(mut self, time: Duration) -> Self {
        self.settings.gather = time;
        self
    }

    /// How long a question to all nodes waits for their answers. Default: 1 s.
    pub fn query_timeout(mut self, timeout: Duration) -> Self {
        self.settings.query_timeout = timeout;
        self
    }

    /// How long a start waits for the bus before it fails. Default: 30 s.
    pub fn start_timeout(mut self, timeout: Duration) -> Self {
        self.settings.start_timeout = timeout;
        self
    }
}
