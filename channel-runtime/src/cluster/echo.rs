//! What this node has published and not heard come back: it proves that the bus took it, and that this node hears the bus.
//!
//! What was under way when the connection broke is published again, with its numbers, by which those who have it pass over it.

use std::collections::VecDeque;
use std::time::Duration;

use bytes::Bytes;
use parking_lot::Mutex;
use tokio::sync::Notify;
use tokio::time::Instant;

/// So many bytes may be under way. What the bus does not take waits in the queue, where it is bounded and slows its senders.
const MOST_BYTES: usize = 1 << 20;

#[derive(Default)]
pub(super) struct Echo {
    under_way: Mutex<UnderWay>,
    heard: Notify,
}

#[derive(Default)]
struct UnderWay {
    parcels: VecDeque<Published>,
    bytes: usize,
    /// The number of the latest record that came back, or was given up.
    reached: u64,
    last_heard: Option<Instant>,
    /// Connections to the bus are counted.
    connection: u64,
    /// When the latest hello was published that has not come back.
    greeted: Option<Instant>,
}

struct Published {
    /// The number of its last record.
    last: u64,
    parcel: Bytes,
    at: Instant,
}

impl Echo {
    pub fn published(&self, last: u64, parcel: &Bytes, now: Instant) {
        let mut under_way = self.under_way.lock();
        under_way.bytes += parcel.len();
        under_way.parcels.push_back(Published { last, parcel: parcel.clone(), at: now });
    }

    /// Waits until there is room for more.
    pub async fn has_room(&self) {
        self.heard_until(|under_way| under_way.bytes < MOST_BYTES).await;
    }

    /// Waits until this number has come back.
    pub async fn reaches(&self, number: u64) {
        self.heard_until(|under_way| under_way.reached >= number).await;
    }

    async fn heard_until(&self, is_enough: impl Fn(&UnderWay) -> bool) {
        loop {
            let heard = self.heard.notified();
            tokio::pin!(heard);
            // From now on a notification is not missed.
            heard.as_mut().enable();
            if is_enough(&self.under_way.lock()) {
                return;
            }
            heard.await;
        }
    }

    /// Nothing comes back any more, and nobody waits for it.
    pub fn end(&self) {
        self.under_way.lock().reached = u64::MAX;
        self.heard.notify_waiters();
    }

    /// Returns how long the latest of these parcels took. `None` if none was under way.
    pub fn hear(&self, last: u64, now: Instant) -> Option<Duration> {
        let mut took = None;
        {
            let mut under_way = self.under_way.lock();
            under_way.last_heard = Some(now);
            while let Some(parcel) = under_way.parcels.pop_front_if(|parcel| parcel.last <= last) {
                under_way.bytes -= parcel.parcel.len();
                took = Some(now.duration_since(parcel.at));
            }
            under_way.reached = under_way.reached.max(last);
        }
        self.heard.notify_waiters();
        took
    }

    /// How many parcels have not come back.
    pub fn parcels(&self) -> usize {
        self.under_way.lock().parcels.len()
    }

    /// When something last came back.
    pub fn last_heard(&self) -> Option<Instant> {
        self.under_way.lock().last_heard
    }

    /// A new connection: nothing came back on it.
    pub fn begin(&self) {
        let mut under_way = self.under_way.lock();
        (under_way.last_heard, under_way.greeted) = (None, None);
        under_way.connection += 1;
    }

    /// The number of the connection to the bus.
    pub fn connection(&self) -> u64 {
        self.under_way.lock().connection
    }

    pub fn greeted(&self, now: Instant) {
        self.under_way.lock().greeted = Some(now);
    }

    /// A hello is back. Returns how long it took.
    pub fn hear_greeting(&self, now: Instant) -> Option<Duration> {
        let mut under_way = self.under_way.lock();
        under_way.last_heard = Some(now);
        Some(now.duration_since(under_way.greeted.take()?))
    }

    /// What is to be published again. What is older than this is given up.
    pub fn again(&self, most_age: Duration, now: Instant) -> Vec<Bytes> {
        let mut under_way = self.under_way.lock();
        while let Some(old) = under_way.parcels.pop_front_if(|parcel| now.duration_since(parcel.at) > most_age) {
            under_way.bytes -= old.parcel.len();
            under_way.reached = under_way.reached.max(old.last);
        }
        under_way.parcels.iter().map(|parcel| parcel.parcel.clone()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const AGE: Duration = Duration::from_secs(5);

    fn publish(echo: &Echo, last: u64, bytes: usize) {
        echo.published(last, &vec![b'x'; bytes].into(), Instant::now());
    }

    #[tokio::test(start_paused = true)]
    async fn what_came_back_is_not_published_again() {
        let echo = Echo::default();
        for last in 1..=4 {
            publish(&echo, last, last as usize);
        }
        tokio::time::advance(Duration::from_millis(7)).await;
        assert_eq!(echo.hear(2, Instant::now()), Some(Duration::from_millis(7)));
        assert_eq!(echo.hear(2, Instant::now()), None);
        let again = echo.again(AGE, Instant::now());
        assert_eq!(again.iter().map(Bytes::len).collect::<Vec<_>>(), [3, 4]);
        tokio::time::advance(AGE).await;
        assert!(echo.again(AGE, Instant::now()).is_empty(), "what is old is given up");
        echo.reaches(4).await;
    }

    #[tokio::test(start_paused = true)]
    async fn no_more_is_under_way_than_may_be() {
        let echo = std::sync::Arc::new(Echo::default());
        echo.has_room().await;
        publish(&echo, 1, MOST_BYTES);
        let waits = tokio::spawn({
            let echo = std::sync::Arc::clone(&echo);
            async move { echo.has_room().await }
        });
        tokio::task::yield_now().await;
        assert!(!waits.is_finished());
        echo.hear(1, Instant::now());
        waits.await.expect("it goes on");
    }
}
