//! The seam to what carries parcels between nodes: NATS, Redis, or the bus of a test.
//!
//! An engine knows bytes and two subjects. Connecting again, numbers, bounds and time are the lane's.

use std::fmt;
use std::future::Future;
use std::hash::{BuildHasher, RandomState};
use std::pin::Pin;

use bytes::Bytes;

use super::stamps::{Clock, system_clock};

pub(crate) type Boxed<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

pub(crate) trait Engine: Send + Sync + 'static {
    /// What is wrong with the settings, whatever the bus: trying again would not help.
    fn check(&self) -> Boxed<'_, Result<(), EngineError>> {
        Box::pin(async { Ok(()) })
    }

    /// Connects once, and subscribes: when it returns, nothing that is published from then on is missed. The lane tries again, later
    /// each time, and drops what it had before. It bounds the time of each call.
    fn connect<'a>(&'a self, subjects: &'a Subjects) -> Boxed<'a, Result<Link, EngineError>>;

    /// For newest values.
    fn clock(&self) -> Clock {
        system_clock()
    }

    /// For the node's name, and so that not all nodes try again at once. A test's come from its seed.
    fn random(&self) -> u64 {
        // The operating system seeds each process's `RandomState`.
        RandomState::new().hash_one(std::process::id())
    }
}

/// What a node publishes to and subscribes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Subjects {
    /// The app's name on the bus, checked: letters, digits, `-` and `_`.
    pub name: String,
    /// 16 hexadecimal digits.
    pub node: String,
}

/// A connection to the bus. An error of either half ends both.
pub(crate) struct Link {
    pub publisher: Box<dyn Publisher>,
    pub inbound: Box<dyn Inbound>,
    /// The most bytes of one message on the bus.
    pub longest: usize,
}

/// To whom a parcel is published.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Subject<'a> {
    /// All nodes hear it, the one that sends too.
    Lane,
    /// One node, by its 16 hexadecimal digits.
    Node(&'a str),
}

pub(crate) trait Publisher: Send {
    /// Returns when the engine has handed it to its socket. What one node publishes is heard in the order of the calls.
    fn publish<'a>(&'a mut self, subject: Subject<'a>, parcel: Bytes) -> Boxed<'a, Result<(), EngineError>>;
}

pub(crate) trait Inbound: Send {
    /// The next parcel of the lane or for this node. It may be dropped while it waits, and loses none by that.
    fn next(&mut self) -> Boxed<'_, Result<Bytes, EngineError>>;

    /// Whether parcels that had come were dropped since it was last asked. Those that are numbered are missed anyway.
    fn has_dropped(&mut self) -> bool {
        false
    }
}

/// Why there is no connection to the bus, or no more.
#[derive(Debug)]
pub(crate) struct EngineError(Box<dyn std::error::Error + Send + Sync>);

impl EngineError {
    pub fn new(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self(error.into())
    }

    pub fn into_inner(self) -> Box<dyn std::error::Error + Send + Sync> {
        self.0
    }
}

impl fmt::Display for EngineError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(all(test, any(feature = "nats", feature = "redis")))]
mod tests;
