//! The streams of events of one client, and what is not delivered to them yet.

use std::collections::VecDeque;

use tokio::sync::mpsc;
use tokio::sync::mpsc::error::TrySendError;

use crate::engine::News;

/// So many events wait in each stream. While more do, nothing is read from the connection.
pub(super) const MOST: usize = 1024;

/// What was told and not delivered yet. Only while nothing is read is there anything, so it is bounded by what one message and the
/// program's own calls cause.
#[derive(Debug, Default)]
pub(super) struct Subscribers {
    all: Vec<mpsc::Sender<News>>,
    undelivered: VecDeque<News>,
}

impl Subscribers {
    pub fn add(&mut self, subscriber: mpsc::Sender<News>) {
        self.all.push(subscriber);
    }

    pub fn tell(&mut self, news: News) {
        self.undelivered.push_back(news);
    }

    /// Whether everything was delivered.
    pub fn deliver(&mut self) -> bool {
        while !self.undelivered.is_empty() {
            self.all.retain(|subscriber| !subscriber.is_closed());
            if self.all.iter().any(|subscriber| subscriber.capacity() == 0) {
                return false;
            }
            let Some(news) = self.undelivered.pop_front() else { break };
            self.all.retain(|subscriber| !matches!(subscriber.try_send(news.clone()), Err(TrySendError::Closed(_))));
        }
        true
    }

    /// How many streams there are, and what waits for them.
    #[cfg(test)]
    pub fn left(&self) -> [usize; 2] {
        [self.all.len(), self.undelivered.len()]
    }

    /// Those that have no room now.
    pub fn full(&self) -> Vec<mpsc::Sender<News>> {
        self.all.iter().filter(|subscriber| subscriber.capacity() == 0).cloned().collect()
    }

    /// Delivers the rest, as far as the streams are read or dropped, and ends them.
    pub async fn finish(mut self) {
        while !self.deliver() {
            room_in(self.full()).await;
        }
    }
}

/// Until each of these has room, or nobody reads it any more. The senders are dropped with the future, so that a stream still ends.
pub(super) async fn room_in(full: Vec<mpsc::Sender<News>>) {
    for subscriber in full {
        // Given back at once: nobody else sends.
        _ = subscriber.reserve().await;
    }
}
