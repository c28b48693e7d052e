//! Messages handled in batches: the measurements of all sensors are written to one store, where a commit takes the same time for
//! one measurement as for fifty. Each sensor receives its own answer when its measurement is stored.
//!
//! Run `cargo run --example batched` and open the printed address: several sensors measure at once.

use std::env;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use channel_runtime::{Batched, Fault, Server, channel, channels, message};
use tokio::time::sleep;

use self::client::client;
use self::page::page;

#[path = "shared/client.rs"]
mod client;
#[path = "shared/page.rs"]
mod page;

// No history: nothing is sent to the rooms; each sensor has answers alone.
#[channel("/sensors/:name", app = Store)]
pub struct SensorChannel {
    /// The sensor's name; in a batch, sensors differ by their sockets.
    name: String,
}

#[message(type = "measured")]
pub struct Measured {
    pub celsius: f64,
}

/// The answer to a measurement, once it is stored.
#[message(type = "stored")]
#[derive(Debug, PartialEq)]
pub struct Stored {
    /// Its row, counted from zero.
    pub row: usize,
    /// How many measurements were stored with it, itself included.
    pub together: usize,
    /// How many commits the store has made.
    pub commits: usize,
}

#[channel(sends(Stored))]
impl SensorChannel {
    /// Handles up to fifty measurements at a time, of all sensors. No measurement waits longer than a tenth of a second for its
    /// batch. While one batch is committed, the next is gathered.
    #[message(batch(size = 50, wait = "100ms"))]
    async fn measured(batch: Vec<Batched<Self, Measured>>, store: &Store) -> Result<(), Fault> {
        let can_be = |item: &Batched<Self, Measured>| (-90.0..=60.0).contains(&item.message.celsius);
        let (batch, broken): (Vec<_>, Vec<_>) = batch.into_iter().partition(can_be);
        for item in broken {
            item.fail(Fault::validation("No place on Earth is that warm or cold"));
        }
        if batch.is_empty() {
            return Ok(());
        }
        // An error here is the answer to every message that is still in the batch.
        let (first, commits) = store.commit(batch.iter().map(|item| item.message.celsius).collect()).await?;
        let together = batch.len();
        for (at, item) in batch.into_iter().enumerate() {
            item.reply(Stored { row: first + at, together, commits });
        }
        Ok(())
    }
}

/// Stands in for a database.
#[derive(Default)]
pub struct Store(Mutex<Rows>);

#[derive(Default)]
struct Rows {
    celsius: Vec<f64>,
    commits: usize,
    is_full: bool,
}

impl Store {
    async fn commit(&self, mut rows: Vec<f64>) -> Result<(usize, usize), Fault> {
        // The time that the disk takes, however many rows there are.
        sleep(Duration::from_millis(20)).await;
        let mut stored = self.rows();
        if stored.is_full {
            return Err(Fault::new("store.full", "The disk is full"));
        }
        let first = stored.celsius.len();
        stored.celsius.append(&mut rows);
        stored.commits += 1;
        Ok((first, stored.commits))
    }

    /// Makes the store full: it accepts no more rows.
    pub fn fill(&self) {
        self.rows().is_full = true;
    }

    fn rows(&self) -> MutexGuard<'_, Rows> {
        // A panic while the lock is held leaves nothing half done.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The channel and its page.
pub fn server(store: Arc<Store>) -> Server<Store> {
    let server = channels![SensorChannel].app_arc(store);
    let page = page(include_str!("pages/batched.html"), client(&server.describe()));
    server.or(page)
}

#[tokio::main]
async fn main() -> std::io::Result<()> {
    tracing_subscriber::fmt().with_writer(std::io::stderr).init();
    let addr = env::var("ADDR").unwrap_or_else(|_| "127.0.0.1:3030".into());
    let bound = server(Arc::default()).bind(addr).await?;
    println!("listening on http://{}", bound.local_addr());
    bound.run().await
}
