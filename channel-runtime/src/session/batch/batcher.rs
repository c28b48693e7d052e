//! Gathers the messages of one handler, and runs it for one batch at a time.

use std::collections::VecDeque;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::{poll_immediate, select};
use parking_lot::Mutex;
use tokio::sync::{Notify, Semaphore};
use tokio::time::{Instant, sleep_until};

use super::batched::Batched;
use super::batches::AnyBatch;
use super::handler::InBatches;
use crate::channel::Channel;
use crate::connection::contained::Contained;
use crate::connection::in_flight::WorkGuard;
use crate::connection::shutdown::SessionGuard;
use crate::protocol::fault::Fault;
use crate::room::room_use::RoomUse;
use crate::session::guard::{Interrupted, run_detached};
use crate::session::served::Served;

/// Full batches that may wait for the one that runs.
const MOST_WAITING: usize = 64;

/// The bytes of text that wait with them. A longer message counts as so many.
const MOST_BYTES: u32 = 16 << 20;

pub(super) struct Batcher<C: Channel, M: InBatches<C>> {
    gathered: Mutex<Gathered<C, M>>,
    /// What there is room for, in messages and in bytes. First come, first served.
    room: Semaphore,
    bytes: Semaphore,
    filled: Notify,
    ended: Notify,
}

struct Gathered<C: Channel, M: InBatches<C>> {
    items: VecDeque<Item<C, M>>,
    /// A task will take the items before it ends.
    is_running: bool,
    submitted: u64,
    done: u64,
}

pub(super) struct Item<C: Channel, M: InBatches<C>> {
    pub batched: Contained<Batched<C, M, M::Answer>>,
    pub bytes: u32,
    pub submitted: Instant,
    pub in_flight: WorkGuard,
    /// Keeps the sender's room and its state even if the sender has left.
    pub room_use: RoomUse,
}

impl<C: Channel, M: InBatches<C>> Batcher<C, M> {
    pub fn new() -> Self {
        let gathered = Gathered { items: VecDeque::new(), is_running: false, submitted: 0, done: 0 };
        let most = M::SIZE.saturating_mul(MOST_WAITING).min(Semaphore::MAX_PERMITS);
        Self {
            gathered: Mutex::new(gathered),
            room: Semaphore::new(most),
            bytes: Semaphore::new(MOST_BYTES as usize),
            filled: Notify::new(),
            ended: Notify::new(),
        }
    }

    /// Waits for room for one message. Returns the bytes that it takes, which are given back when its batch begins.
    pub async fn has_room(&self, bytes: usize) -> u32 {
        let bytes = u32::try_from(bytes).unwrap_or(u32::MAX).min(MOST_BYTES);
        let room = self.room.acquire().await.expect("it is never closed");
        let mut free = pin!(self.bytes.acquire_many(bytes));
        let free = match poll_immediate(free.as_mut()).await {
            Some(free) => free,
            None => {
                // This message has taken all that was left, and none overtakes it: the batch gets no fuller.
                self.filled.notify_one();
                free.await
            }
        };
        let free = free.expect("it is never closed");
        free.forget();
        room.forget();
        bytes
    }

    pub fn add(&self, item: Item<C, M>) -> bool {
        let Gathered { items, is_running, submitted, .. } = &mut *self.gathered.lock();
        items.push_back(item);
        *submitted += 1;
        if items.len() >= M::SIZE {
            self.filled.notify_one();
        }
        !std::mem::replace(is_running, true)
    }
}

impl<C: Channel, M: InBatches<C>> AnyBatch for Batcher<C, M> {
    fn submitted(&self) -> u64 {
        self.gathered.lock().submitted
    }

    fn is_done(&self, submitted: u64) -> bool {
        self.gathered.lock().done >= submitted
    }

    fn ended(&self) -> &Notify {
        &self.ended
    }
}

pub(super) struct Running<C: Channel, M: InBatches<C>> {
    batcher: Arc<Batcher<C, M>>,
    app: Arc<C::App>,
    served: Arc<Served>,
    /// Another task may have started since.
    is_over: bool,
    _counted: SessionGuard,
}

impl<C: Channel, M: InBatches<C>> Running<C, M> {
    pub fn start(batcher: Arc<Batcher<C, M>>, app: Arc<C::App>, served: Arc<Served>) {
        // Counted before the task begins: the sender, and with it the last session, may have ended by then.
        let counted = served.node.shutdown.begin_session();
        tokio::spawn(Self { batcher, app, served, is_over: false, _counted: counted }.run());
    }

    async fn run(mut self) {
        while let Some(batch) = self.next().await {
            self.handle(batch).await;
        }
        self.is_over = true;
    }

    async fn next(&self) -> Option<Vec<Item<C, M>>> {
        loop {
            // Made before the check, so that no notification between the two is missed.
            let shutdown = &self.served.node.shutdown;
            let (drain_started, filled) = (shutdown.drain_started(), self.batcher.filled.notified());
            let due = {
                let Gathered { items, is_running, .. } = &mut *self.batcher.gathered.lock();
                let Some(first) = items.front() else {
                    *is_running = false;
                    *items = VecDeque::new();
                    return None;
                };
                let due = first.submitted + M::WAIT;
                let is_full = items.len() >= M::SIZE || self.batcher.bytes.available_permits() == 0;
                if is_full || due <= Instant::now() || shutdown.is_draining() {
                    let size = items.len().min(M::SIZE);
                    let batch: Vec<_> = items.drain(..size).collect();
                    self.batcher.room.add_permits(size);
                    self.batcher.bytes.add_permits(batch.iter().map(|item| item.bytes as usize).sum());
                    return Some(batch);
                }
                due
            };
            select(pin!(sleep_until(due)), pin!(select(pin!(drain_started), pin!(filled)))).await;
        }
    }

    async fn handle(&self, items: Vec<Item<C, M>>) {
        let (mut batch, mut entries, mut held) = (Vec::new(), Vec::new(), Vec::new());
        for Item { batched, room_use, in_flight, .. } in items {
            entries.push(batched.entry());
            batch.push(batched.into_inner());
            // In this order: the closing of a room is in flight before its batch no longer is.
            held.push((room_use, in_flight));
        }
        let outcome = self.outcome(batch).await;
        for entry in &entries {
            entry.end(&outcome);
        }
        self.batcher.gathered.lock().done += entries.len() as u64;
        self.batcher.ended.notify_waiters();
    }

    async fn outcome(&self, batch: Vec<Batched<C, M, M::Answer>>) -> Result<(), Fault> {
        let running = run_detached(
            M::run(batch, &self.app),
            self.served.config.handler_timeout,
            &self.served.node.shutdown,
            Duration::ZERO,
        );
        match running.await {
            Ok(result) => result,
            Err(Interrupted::Panicked) => {
                let (fault, id) = Fault::unexplained();
                tracing::error!(channel = C::NAME, handler = M::HANDLER, %id, "a batch panicked");
                Err(fault)
            }
            Err(Interrupted::TimedOut) => {
                let (fault, id) = Fault::new(Fault::TIMEOUT, "it took too long").with_id();
                tracing::warn!(channel = C::NAME, handler = M::HANDLER, %id, "a batch timed out");
                Err(fault)
            }
            Err(Interrupted::Cancelled | Interrupted::ClientGone) => {
                tracing::warn!(channel = C::NAME, handler = M::HANDLER, "a batch was cancelled: the server stops");
                Err(Fault::new(Fault::TIMEOUT, "the server stops"))
            }
        }
    }
}

impl<C: Channel, M: InBatches<C>> Drop for Running<C, M> {
    fn drop(&mut self) {
        // Dropped with its runtime: the next message starts another task.
        if !self.is_over {
            self.batcher.gathered.lock().is_running = false;
        }
    }
}
