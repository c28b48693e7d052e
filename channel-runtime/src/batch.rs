//! Batches: messages of all connections of a channel that are handled together.
//!
//! Each handler that is marked `batch(..)` has one [`Batcher`], which gathers while it runs one batch. What is gathered is
//! bounded: a session whose message finds no room waits, and its client with it. A task runs while there is something to do;
//! it is all that keeps the app.

use std::any::Any;
use std::collections::VecDeque;
use std::fmt;
use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::select;
use parking_lot::Mutex;
use tokio::sync::{Notify, Semaphore};
use tokio::time::{Instant, sleep_until};

use crate::activity::{Token, Work};
use crate::channel::Channel;
use crate::config::Config;
use crate::fault::Fault;
use crate::members::Visit;
use crate::registry::{Registry, SessionGuard};
use crate::reply::{Flow, Handling, Reply, fault};
use crate::socket::Socket;
use crate::turn::{Interrupted, run_apart};

/// How many full batches may wait for the one that runs.
const MOST_WAITING: usize = 64;

/// A message in a batch, with its sender: what the handler of a batch is given many of.
///
/// ```
/// # use channel_runtime::{channel, message, Batched, Fault};
/// # pub struct App;
/// # impl App { async fn store(&self, _: impl Iterator<Item = &Move>) -> Result<(), std::io::Error> { Ok(()) } }
/// # #[message(type = "move")] pub struct Move { to: String }
/// # #[message(type = "moved")] pub struct Moved { to: String }
/// # #[channel("/game/:id", app = App)] pub struct Game { id: u64 }
/// # #[channel(sends(Moved))] impl Game {
/// #[message(batch(size = 100, wait = "50ms"))]
/// async fn moves(batch: Vec<Batched<Self, Move>>, app: &App) -> Result<(), Fault> {
///     app.store(batch.iter().map(|item| &item.message)).await.map_err(Fault::internal)?;
///     for item in batch {
///         let to = item.message.to.clone();
///         item.socket().others().send(Moved { to: to.clone() });
///         item.reply(Moved { to });
///     }
///     Ok(())
/// }
/// # }
/// ```
///
/// Dropped without an answer it has the batch's: `success` where the handler returns and the message had a `ref`, the error that
/// it returns, `internal` after a panic, `timeout` after the deadline. One that the handler has given away, to be answered
/// later, has `success` when it is dropped. A sender that has left is answered nowhere; its room stays open, with its state, until
/// the batch is over.
pub struct Batched<C: Channel, M> {
    /// The message.
    pub message: M,
    claim: Claim<C>,
}

/// A message's claim to one answer. Dropped without one, it has the batch's.
struct Claim<C: Channel>(Arc<Share<C>>);

/// What the batch knows of one of its messages.
struct Share<C: Channel> {
    socket: Socket<C>,
    fate: Mutex<Fate>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Fate {
    /// The handler has it.
    Open,
    /// The handler has dropped it: the batch's end is its answer.
    Dropped,
    Answered,
    /// The handler is over and has given it away.
    Kept,
}

impl<C: Channel, M> Batched<C, M> {
    fn new(message: M, socket: Socket<C>, fate: Fate) -> Self {
        Self { message, claim: Claim(Arc::new(Share { socket, fate: Mutex::new(fate) })) }
    }

    /// One that is in no batch, for a test that calls a handler itself.
    pub(crate) fn alone(message: M, socket: Socket<C>) -> Self {
        Self::new(message, socket, Fate::Kept)
    }

    /// Its sender.
    pub fn socket(&self) -> &Socket<C> {
        &self.claim.0.socket
    }

    /// Answers the sender with whatever a handler may return: a message, `Success`, a `Result` ..
    pub fn reply(self, reply: impl Reply<C>) {
        let _: Flow = reply.reply(self.socket());
        // Not before: a reply whose `Serialize` panics is none, and the batch's end is.
        *self.claim.0.fate.lock() = Fate::Answered;
    }

    /// Answers the sender with an error frame.
    pub fn fail(self, fault: impl Into<Fault>) {
        self.reply(Err::<(), Fault>(fault.into()));
    }
}

impl<C: Channel> Drop for Claim<C> {
    fn drop(&mut self) {
        let before = {
            let fate = &mut *self.0.fate.lock();
            let before = *fate;
            if before == Fate::Open {
                *fate = Fate::Dropped;
            }
            before
        };
        if before == Fate::Kept {
            self.0.socket.answer_nothing();
        }
    }
}

impl<C: Channel> Share<C> {
    /// The handler is over. Whether its end is the answer.
    fn end(&self) -> bool {
        let fate = &mut *self.fate.lock();
        if *fate == Fate::Open {
            *fate = Fate::Kept;
        }
        *fate == Fate::Dropped
    }
}

impl<C: Channel, M: fmt::Debug> fmt::Debug for Batched<C, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Batched").field("message", &self.message).field("socket", self.socket()).finish_non_exhaustive()
    }
}

/// A message that channel `C` handles in batches. That it is one is asked for elsewhere, and is told once where it is none.
pub trait InBatches<C: Channel>: Sized + Send + 'static {
    /// The handler's name.
    const HANDLER: &'static str;
    /// The most messages in a batch.
    const SIZE: usize;
    /// How long the first of a batch waits for others.
    const WAIT: Duration;

    /// Runs the handler.
    fn run(batch: Vec<Batched<C, Self>>, app: &C::App) -> impl Future<Output = Result<(), Fault>> + Send;
}

/// What the handler of a batch returned.
pub fn batch_done<R: BatchReply>(result: R) -> Result<(), Fault> {
    result.into_result()
}

/// What the handler of a batch may return.
#[diagnostic::on_unimplemented(
    message = "the handler of a batch cannot return `{Self}`",
    label = "not what the handler of a batch returns",
    note = "return `()`, or `Result<(), E>` with an error that is `Into<Fault>`; each message of the batch has its own `reply(..)`"
)]
pub trait BatchReply {
    /// The error is for all that are not answered.
    fn into_result(self) -> Result<(), Fault>;
}

impl BatchReply for () {
    fn into_result(self) -> Result<(), Fault> {
        Ok(())
    }
}

impl<E: Into<Fault>> BatchReply for Result<(), E> {
    fn into_result(self) -> Result<(), Fault> {
        self.map_err(Into::into)
    }
}

/// The batchers of one channel, each made by the first message for it.
#[derive(Default)]
pub(crate) struct Batchers(Mutex<Vec<Arc<dyn Gathers>>>);

/// Any batcher.
trait Gathers: Any + Send + Sync {
    /// How many messages have come.
    fn come(&self) -> u64;

    /// Whether that many are done with.
    fn is_done(&self, come: u64) -> bool;

    /// Told when more are.
    fn ended(&self) -> &Notify;
}

impl Batchers {
    fn of<C: Channel, M: InBatches<C>>(&self) -> Arc<Batcher<C, M>> {
        let mut batchers = self.0.lock();
        let known = batchers.iter().find_map(|batcher| {
            let batcher: Arc<dyn Any + Send + Sync> = Arc::clone(batcher) as _;
            batcher.downcast().ok()
        });
        known.unwrap_or_else(|| {
            let batcher = Arc::new(Batcher::new());
            batchers.push(Arc::clone(&batcher) as _);
            batcher
        })
    }

    /// Waits until all messages that have come by now are done with.
    pub async fn flushed(&self) {
        let batchers: Vec<_> = self.0.lock().iter().map(|batcher| (Arc::clone(batcher), batcher.come())).collect();
        for (batcher, come) in batchers {
            loop {
                // Made before the look, so that an end between the two is not missed.
                let ended = batcher.ended().notified();
                if batcher.is_done(come) {
                    break;
                }
                ended.await;
            }
        }
    }
}

/// Where a session brings its messages that are handled in batches.
pub struct Gathering<'a, C: Channel> {
    pub(crate) socket: &'a Socket<C>,
    pub(crate) app: &'a Arc<C::App>,
    pub(crate) config: Arc<Config>,
}

impl<'a, C: Channel> Gathering<'a, C> {
    /// Brings a message; its session goes on once there is room for it.
    pub fn bring<M: InBatches<C>>(self, message: M) -> Handling<'a> {
        Handling::Later(Box::pin(async move {
            let Self { socket, app, config } = self;
            let work = Work::Batch { channel: C::NAME, handler: M::HANDLER };
            let in_flight = socket.connection().outbox.activity().begin(work);
            let batcher = socket.registry().batchers(socket.connection().channel).of::<C, M>();
            // Given back when its batch begins.
            batcher.room.acquire().await.expect("it is never closed").forget();
            // With the claim to an answer, which its session has no use for any more.
            let batched = Batched::new(message, socket.clone(), Fate::Open);
            let item = Item { batched, come: Instant::now(), in_flight, _visit: socket.connection().own_room.visit() };
            if batcher.add(item) {
                let registry = Arc::clone(socket.registry());
                let app = Arc::clone(app);
                // Counted here and not by the task, which may begin when its sender has ended, and with it the last session.
                let counted = registry.begin_session();
                tokio::spawn(Running { batcher, app, config, registry, is_over: false, _counted: counted }.run());
            }
            Flow::Continue
        }))
    }
}

/// Gathers the messages of one handler.
struct Batcher<C: Channel, M> {
    gathered: Mutex<Gathered<C, M>>,
    /// What may be gathered yet; whoever comes first goes first.
    room: Semaphore,
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

struct Item<C: Channel, M> {
    batched: Batched<C, M>,
    come: Instant,
    in_flight: Token,
    /// Its sender's room is there, with its state, until its batch is over, though the sender has left.
    _visit: Visit,
}

impl<C: Channel, M: InBatches<C>> Batcher<C, M> {
    fn new() -> Self {
        let gathered = Gathered { items: VecDeque::new(), is_running: false, come: 0, done: 0 };
        let most = M::SIZE.saturating_mul(MOST_WAITING).min(Semaphore::MAX_PERMITS);
        Self { gathered: Mutex::new(gathered), room: Semaphore::new(most), filled: Notify::new(), ended: Notify::new() }
    }

    /// Whether a task has to be started.
    fn add(&self, item: Item<C, M>) -> bool {
        let Gathered { items, is_running, come, .. } = &mut *self.gathered.lock();
        items.push_back(item);
        *come += 1;
        if items.len() >= M::SIZE {
            self.filled.notify_one();
        }
        !std::mem::replace(is_running, true)
    }
}

impl<C: Channel, M: InBatches<C>> Gathers for Batcher<C, M> {
    fn come(&self) -> u64 {
        self.gathered.lock().come
    }

    fn is_done(&self, come: u64) -> bool {
        self.gathered.lock().done >= come
    }

    fn ended(&self) -> &Notify {
        &self.ended
    }
}

/// The task of a batcher, while there are messages.
struct Running<C: Channel, M: InBatches<C>> {
    batcher: Arc<Batcher<C, M>>,
    app: Arc<C::App>,
    config: Arc<Config>,
    registry: Arc<Registry>,
    /// It has ended by itself, and others may have started since.
    is_over: bool,
    /// A server that stops waits for what is gathered.
    _counted: SessionGuard,
}

impl<C: Channel, M: InBatches<C>> Running<C, M> {
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
            let (stops, filled) = (self.registry.stops(), self.batcher.filled.notified());
            let due = {
                let Gathered { items, is_running, .. } = &mut *self.batcher.gathered.lock();
                let Some(first) = items.front() else {
                    *is_running = false;
                    // Idle, it keeps no burst's worth of room.
                    *items = VecDeque::new();
                    return None;
                };
                let due = first.come + M::WAIT;
                if items.len() >= M::SIZE || due <= Instant::now() || self.registry.is_stopping() {
                    let size = items.len().min(M::SIZE);
                    let batch = items.drain(..size).collect();
                    self.batcher.room.add_permits(size);
                    return Some(batch);
                }
                due
            };
            select(pin!(sleep_until(due)), pin!(select(pin!(stops), pin!(filled)))).await;
        }
    }

    async fn handle(&self, items: Vec<Item<C, M>>) {
        let (mut batch, mut shares, mut held) = (Vec::new(), Vec::new(), Vec::new());
        for Item { batched, _visit, in_flight, .. } in items {
            shares.push(Arc::clone(&batched.claim.0));
            batch.push(batched);
            // In this order: a room that closes is in flight before its batch is not any more.
            held.push((_visit, in_flight));
        }
        let running = run_apart(M::run(batch, &self.app), self.config.handler_timeout, &self.registry, Duration::ZERO);
        let outcome = match running.await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(fault)) => Err(fault),
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
            Err(Interrupted::Cancelled | Interrupted::Left) => {
                tracing::warn!(channel = C::NAME, handler = M::HANDLER, "a batch was cancelled: the server stops");
                Err(Fault::new(Fault::TIMEOUT, "the server stops"))
            }
        };
        for share in shares.iter().filter(|share| share.end()) {
            match &outcome {
                Ok(()) => share.socket.answer_nothing(),
                Err(error) => drop::<Flow>(fault(&share.socket, error.clone())),
            }
        }
        self.batcher.gathered.lock().done += shares.len() as u64;
        self.batcher.ended.notify_waiters();
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
