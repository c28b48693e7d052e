//! Gathers the messages of one handler, and runs it: one batch at a time, by a task that is there while there are messages.

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

/// How many full batches may wait for the one that runs.
const MOST_WAITING: usize = 64;

/// How many bytes of messages, as text, may wait with those: 16 MiB. One that is longer has them all.
const MOST_BYTES: u32 = 16 << 20;

/// Gathers the messages of one handler.
pub(super) struct Batcher<C: Channel, M> {
    gathered: Mutex<Gathered<C, M>>,
    /// How many messages, and bytes of them, may be gathered yet; whoever comes first goes first.
    room: Semaphore,
    bytes: Semaphore,
    /// Told when a batch is full.
    filled: Notify,
    /// Told when a batch is over.
    ended: Notify,
}

struct Gathered<C: Channel, M> {
    items: VecDeque<Item<C, M>>,
    /// A task runs, and will look at them before it ends.
    is_running: bool,
    /// How many have come, and how many are done with.
    come: u64,
    done: u64,
}

/// A message that has come.
pub(super) struct Item<C: Channel, M> {
    pub batched: Contained<Batched<C, M>>,
    /// What it has of the room for bytes.
    pub bytes: u32,
    pub come: Instant,
    pub in_flight: WorkGuard,
    /// Its sender's room is there, with its state, until its batch is over, though the sender has left.
    pub visit: RoomUse,
}

impl<C: Channel, M: InBatches<C>> Batcher<C, M> {
    pub fn new() -> Self {
        let gathered = Gathered { items: VecDeque::new(), is_running: false, come: 0, done: 0 };
        let most = M::SIZE.saturating_mul(MOST_WAITING).min(Semaphore::MAX_PERMITS);
        Self {
            gathered: Mutex::new(gathered),
            room: Semaphore::new(most),
            bytes: Semaphore::new(MOST_BYTES as usize),
            filled: Notify::new(),
            ended: Notify::new(),
        }
    }

    /// Waits until there is room for one more of so many bytes, and tells how much of that it has. It is given back when its batch
    /// begins.
    pub async fn has_room(&self, bytes: usize) -> u32 {
        let bytes = u32::try_from(bytes).unwrap_or(u32::MAX).min(MOST_BYTES);
        let room = self.room.acquire().await.expect("it is never closed");
        let mut free = pin!(self.bytes.acquire_many(bytes));
        let free = match poll_immediate(free.as_mut()).await {
            Some(free) => free,
            None => {
                // It has all that was left by now, and nobody gets around it: what is gathered is as full as it gets.
                self.filled.notify_one();
                free.await
            }
        };
        let free = free.expect("it is never closed");
        free.forget();
        room.forget();
        bytes
    }

    /// Gathers one that has room. Whether a task has to be started.
    pub fn add(&self, item: Item<C, M>) -> bool {
        let Gathered { items, is_running, come, .. } = &mut *self.gathered.lock();
        items.push_back(item);
        *come += 1;
        if items.len() >= M::SIZE {
            self.filled.notify_one();
        }
        !std::mem::replace(is_running, true)
    }
}

impl<C: Channel, M: InBatches<C>> AnyBatch for Batcher<C, M> {
    fn submitted(&self) -> u64 {
        self.gathered.lock().come
    }

    fn is_done(&self, submitted: u64) -> bool {
        self.gathered.lock().done >= submitted
    }

    fn ended(&self) -> &Notify {
        &self.ended
    }
}

/// The task of a batcher, while there are messages.
pub(super) struct Running<C: Channel, M: InBatches<C>> {
    batcher: Arc<Batcher<C, M>>,
    app: Arc<C::App>,
    served: Arc<Served>,
    /// It has ended by itself, and others may have started since.
    is_over: bool,
    /// A server that stops waits for what is gathered.
    _counted: SessionGuard,
}

impl<C: Channel, M: InBatches<C>> Running<C, M> {
    pub fn start(batcher: Arc<Batcher<C, M>>, app: Arc<C::App>, served: Arc<Served>) {
        // Counted here and not by the task, which may begin when its sender has ended, and with it the last session.
        let counted = served.node.shutdown.begin_session();
        tokio::spawn(Self { batcher, app, served, is_over: false, _counted: counted }.run());
    }

    async fn run(mut self) {
        while let Some(batch) = self.next().await {
            self.handle(batch).await;
        }
        self.is_over = true;
    }

    /// The next batch, when it is full or has waited for long enough; none where there is nothing.
    async fn next(&self) -> Option<Vec<Item<C, M>>> {
        loop {
            // Both made before the look, so that nothing is missed between the two.
            let shutdown = &self.served.node.shutdown;
            let (stops, filled) = (shutdown.drain_started(), self.batcher.filled.notified());
            let due = {
                let Gathered { items, is_running, .. } = &mut *self.batcher.gathered.lock();
                let Some(first) = items.front() else {
                    *is_running = false;
                    // Idle, it keeps no burst's worth of room.
                    *items = VecDeque::new();
                    return None;
                };
                let due = first.come + M::WAIT;
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
            select(pin!(sleep_until(due)), pin!(select(pin!(stops), pin!(filled)))).await;
        }
    }

    async fn handle(&self, items: Vec<Item<C, M>>) {
        let (mut batch, mut shares, mut held) = (Vec::new(), Vec::new(), Vec::new());
        for Item { batched, visit, in_flight, .. } in items {
            shares.push(batched.share());
            batch.push(batched.into_inner());
            // In this order: a room that closes is in flight before its batch is not any more.
            held.push((visit, in_flight));
        }
        let outcome = self.outcome(batch).await;
        for share in &shares {
            share.end(&outcome);
        }
        self.batcher.gathered.lock().done += shares.len() as u64;
        self.batcher.ended.notify_waiters();
    }

    /// Runs the handler; the error is for all that are not answered.
    async fn outcome(&self, batch: Vec<Batched<C, M>>) -> Result<(), Fault> {
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
        // Dropped with its runtime, it leaves what is gathered to whoever comes next.
        if !self.is_over {
            self.batcher.gathered.lock().is_running = false;
        }
    }
}
