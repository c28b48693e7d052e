//! The task that runs a client's connection: it does what the engine says, and tells it what happened.

use std::future::{Future, pending, poll_fn};
use std::mem;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use channel_runtime::Fault;
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::{Instant, sleep_until, timeout};

use super::shared::Shared;
use super::subscribers::room_in;
use super::token::{Fetched, TokenSource};
use super::url::ServerUrl;
use crate::engine::{Action, Asked, Engine, Greeting};
use crate::transport::{Connecting, Connection, Handshake, Incoming, Outgoing, Refused, Transport, Waiting};

/// After our own Close: until the server's, so that what was sent before it is read.
const CLOSE: Duration = Duration::from_secs(5);

/// What the user set, as far as the task needs it.
pub(super) struct Wiring {
    pub address: ServerUrl,
    pub transport: Arc<dyn Transport>,
    pub token: Option<TokenSource>,
    pub greet: Arc<dyn Fn() -> Vec<Greeting> + Send + Sync>,
}

pub(super) struct Driver {
    shared: Arc<Shared>,
    wiring: Arc<Wiring>,
    asking: Option<Fetched>,
    dialing: Option<Connecting>,
    connection: Option<Box<dyn Connection>>,
    outgoing: Waiting,
    /// Connections that this client has closed, until the server has, too.
    closing: Vec<JoinHandle<()>>,
    /// The program's functions that answer questions.
    answering: JoinSet<()>,
    run: u64,
    has_ended: bool,
}

enum Happened {
    Woken,
    Token(Result<Option<String>, String>),
    Dialed(Result<Box<dyn Connection>, Refused>),
    Received(Incoming),
}

impl Driver {
    pub fn new(shared: Arc<Shared>, wiring: Arc<Wiring>, run: u64) -> Self {
        Self {
            shared,
            wiring,
            asking: None,
            dialing: None,
            connection: None,
            outgoing: Waiting::default(),
            closing: Vec::new(),
            answering: JoinSet::new(),
            run,
            has_ended: false,
        }
    }

    /// Until the client is closed and everything about it was told.
    pub async fn run(mut self) {
        let rest = loop {
            self.act();
            let (deadline, is_held) = {
                let mut state = self.shared.lock();
                let is_held = !state.subscribers.deliver();
                if state.engine.is_closed() && state.engine.has_no_action() {
                    // A client that is opened again has a task of its own from here on.
                    break state.end();
                }
                (state.engine.next_deadline(), is_held)
            };
            let happened = self.next(deadline, is_held).await;
            self.tell(happened, is_held);
        };
        self.has_ended = true;
        let closed = async {
            for closing in mem::take(&mut self.closing) {
                _ = closing.await;
            }
            self.shared.finish(self.run);
        };
        tokio::join!(closed, rest.finish());
    }

    fn act(&mut self) {
        while let Some(action) = self.next_action() {
            match action {
                Action::AskToken(why) => {
                    self.asking = self.wiring.token.as_ref().map(|fetch| fetch(why));
                }
                Action::Dial(dial) => {
                    let url = self.wiring.address.url(dial.path.as_deref(), &dial.positions);
                    let handshake = Handshake { url, subprotocols: dial.offers };
                    self.dialing = Some(self.wiring.transport.connect(handshake));
                }
                Action::Greet => {
                    let greeting = (self.wiring.greet)();
                    self.engine(|engine, now| engine.greeted(greeting, now));
                }
                Action::Say(text) => self.outgoing.push(Outgoing::Text(text)),
                Action::SayBytes(bytes) => self.outgoing.push(Outgoing::Binary(bytes)),
                Action::Answer(asked) => self.answer(asked),
                Action::Close { reason, is_silent } => self.close(reason, is_silent),
                Action::Tell(news) => self.shared.lock().subscribers.tell(news),
            }
        }
    }

    /// In a task, because it may take long.
    fn answer(&mut self, asked: Asked) {
        let Asked { kind, number, text, connection } = asked;
        let answerer = self.shared.lock().answerers.get(&kind).cloned();
        let Some(answerer) = answerer else {
            let declined = Err(Fault::new(Fault::UNKNOWN_TYPE, format!("nothing answers {kind}")));
            return self.engine(|engine, _| engine.answer(connection, number, &declined));
        };
        while self.answering.try_join_next().is_some() {}
        let shared = Arc::clone(&self.shared);
        self.answering.spawn(async move {
            let answer = answerer(text).await;
            shared.with(|engine, _| engine.answer(connection, number, &answer));
        });
    }

    fn next_action(&self) -> Option<Action> {
        self.shared.lock().engine.next_action()
    }

    fn engine<T>(&self, act: impl FnOnce(&mut Engine, Instant) -> T) -> T {
        act(&mut self.shared.lock().engine, Instant::now())
    }

    /// Another thread may have closed the client, or opened it again, while this was on its way.
    fn of_connection(&self, act: impl FnOnce(&mut Engine, Instant)) {
        self.engine(|engine, now| {
            if !engine.is_dropping() {
                act(engine, now);
            }
        });
    }

    fn close(&mut self, reason: String, is_silent: bool) {
        self.dialing = None;
        let mut outgoing = mem::take(&mut self.outgoing);
        let Some(connection) = self.connection.take() else { return };
        if !is_silent {
            outgoing.push(Outgoing::Close { reason });
            self.closing.retain(|closing| !closing.is_finished());
            self.closing.push(tokio::spawn(finish(connection, outgoing)));
        }
    }

    async fn next(&mut self, deadline: Option<Instant>, is_held: bool) -> Happened {
        let Self { shared, asking, dialing, connection, outgoing, .. } = self;
        let full = if is_held { shared.lock().subscribers.full() } else { Vec::new() };
        let mut written = 0;
        // What the program does is seen in any case, and is the last: a program that calls without a pause holds up nothing.
        let happened = tokio::select! {
            biased;
            token = polled(asking) => Happened::Token(token),
            dialed = polled(dialing) => Happened::Dialed(dialed),
            incoming = exchange(connection, outgoing, &mut written, !is_held) => Happened::Received(incoming),
            () = room_in(full), if is_held => Happened::Woken,
            () = until(deadline) => Happened::Woken,
            () = shared.wake.notified() => Happened::Woken,
        };
        shared.lock().engine.written(written, Instant::now());
        happened
    }

    fn tell(&mut self, happened: Happened, is_held: bool) {
        match happened {
            Happened::Woken => {}
            Happened::Token(token) => {
                self.asking = None;
                self.engine(|engine, now| engine.token(token, now));
            }
            Happened::Dialed(dialed) => {
                self.dialing = None;
                match dialed {
                    Ok(connection) => {
                        self.connection = Some(connection);
                        self.outgoing.clear();
                        self.of_connection(Engine::connected);
                    }
                    Err(refused) => self.of_connection(|engine, now| refuse(engine, refused, now)),
                }
            }
            Happened::Received(incoming) => {
                if let Incoming::Ended { .. } = incoming {
                    self.connection = None;
                    self.outgoing.clear();
                }
                self.of_connection(|engine, now| receive(engine, incoming, now));
            }
        }
        // Also if there was always something to receive.
        self.engine(|engine, now| {
            if engine.next_deadline().is_some_and(|deadline| deadline <= now) {
                if is_held {
                    engine.held(now);
                }
                engine.tick(now);
            }
        });
    }
}

/// Also of one that is stopped with its runtime, or by a panic of the user's function: nobody waits for what will not happen.
impl Drop for Driver {
    fn drop(&mut self) {
        if !self.has_ended {
            let mut state = self.shared.lock();
            state.engine.close("");
            while let Some(action) = state.engine.next_action() {
                if let Action::Tell(news) = action {
                    state.subscribers.tell(news);
                }
            }
            state.subscribers.deliver();
            state.end();
        }
        self.shared.finish(self.run);
    }
}

fn refuse(engine: &mut Engine, refused: Refused, now: Instant) {
    match refused.status {
        Some(status) => engine.refused(status, &refused.reason, refused.retry_after, now),
        None => engine.ended(1006, &refused.reason, None, now),
    }
}

fn receive(engine: &mut Engine, incoming: Incoming, now: Instant) {
    match incoming {
        Incoming::Text(text) => engine.text(text, now),
        Incoming::Binary(bytes) => engine.binary(bytes, now),
        Incoming::Ended { code, reason } => engine.ended(code, &reason, None, now),
    }
}

async fn polled<F: Future + Unpin>(future: &mut Option<F>) -> F::Output {
    match future {
        Some(future) => future.await,
        None => pending().await,
    }
}

async fn until(deadline: Option<Instant>) {
    match deadline {
        Some(deadline) => sleep_until(deadline).await,
        None => pending().await,
    }
}

/// Writes, and ends with the next that is received.
async fn exchange(
    connection: &mut Option<Box<dyn Connection>>,
    outgoing: &mut Waiting,
    written: &mut usize,
    reads: bool,
) -> Incoming {
    let Some(connection) = connection else { return pending().await };
    poll_fn(|cx| {
        let before = outgoing.bytes();
        let _: Poll<()> = connection.poll_write(cx, outgoing);
        *written += before - outgoing.bytes();
        if reads { connection.poll_receive(cx) } else { Poll::Pending }
    })
    .await
}

/// Writes what waits, and reads until the server has closed, too.
async fn finish(mut connection: Box<dyn Connection>, mut outgoing: Waiting) {
    let closed = poll_fn(|cx| {
        let _: Poll<()> = connection.poll_write(cx, &mut outgoing);
        while let Poll::Ready(incoming) = connection.poll_receive(cx) {
            if let Incoming::Ended { .. } = incoming {
                return Poll::Ready(());
            }
        }
        Poll::Pending
    });
    // A server that does not answer the Close is left.
    _ = timeout(CLOSE, closed).await;
}
