//! Work in flight, counted for tests: the testing kit waits until there is none, instead of sleeping.
//!
//! Each stage takes its guard before the stage ahead of it drops its own, so that the count is never zero in between.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use parking_lot::Mutex;
use tokio::sync::Notify;

#[derive(Clone, Default)]
pub(crate) struct Activity(Option<Arc<Count>>);

#[derive(Default)]
struct Count {
    running: Mutex<Running>,
    settled: Notify,
}

#[derive(Default)]
struct Running {
    next: u64,
    works: BTreeMap<u64, Work>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Work {
    Input,
    Session {
        channel: &'static str,
        what: &'static str,
    },
    Outbox,
    Newest,
    Notice {
        channel: &'static str,
        handler: &'static str,
    },
    Batch {
        channel: &'static str,
        handler: &'static str,
    },
    Answer {
        channel: &'static str,
    },
    #[cfg(feature = "cluster")]
    Parcel,
}

impl fmt::Display for Work {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Input => f.write_str("input that no session reads"),
            Self::Session { channel, what } => write!(f, "`{what}` of {channel}"),
            Self::Outbox => f.write_str("frames that no client takes"),
            Self::Newest => f.write_str("newest values that wait for their time"),
            Self::Notice { channel, handler } => write!(f, "a notice for `{handler}` of {channel}"),
            Self::Batch { channel, handler } => write!(f, "a message in a batch of `{handler}` of {channel}"),
            Self::Answer { channel } => write!(f, "a deferred answer of {channel}"),
            #[cfg(feature = "cluster")]
            Self::Parcel => f.write_str("a message on its way to another node"),
        }
    }
}

#[must_use]
#[derive(Default)]
pub(crate) struct WorkGuard(Option<Box<Counted>>);

struct Counted {
    count: Arc<Count>,
    key: u64,
}

impl Activity {
    pub fn counting() -> Self {
        Self(Some(Arc::default()))
    }

    #[inline]
    pub fn begin(&self, work: Work) -> WorkGuard {
        WorkGuard(self.0.as_ref().map(|count| count.begin(work)))
    }

    pub async fn settled(&self) {
        let Some(count) = &self.0 else { return };
        loop {
            let settled = count.settled.notified();
            if count.running.lock().works.is_empty() {
                return;
            }
            settled.await;
        }
    }

    pub fn in_flight(&self) -> Vec<Work> {
        self.0.iter().flat_map(|count| count.running.lock().works.values().copied().collect::<Vec<_>>()).collect()
    }
}

impl Count {
    #[cold]
    fn begin(self: &Arc<Self>, work: Work) -> Box<Counted> {
        let mut running = self.running.lock();
        let key = running.next;
        running.next += 1;
        running.works.insert(key, work);
        Box::new(Counted { count: Arc::clone(self), key })
    }
}

impl WorkGuard {
    #[inline]
    pub fn is_counting(&self) -> bool {
        self.0.is_some()
    }

    #[inline]
    pub fn end(&mut self) {
        if self.is_counting() {
            self.0 = None;
        }
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        let mut running = self.count.running.lock();
        running.works.remove(&self.key);
        if running.works.is_empty() {
            self.count.settled.notify_waiters();
        }
    }
}
