//! One connection's task: it owns the handler and the link to the client.
//!
//! Hooks and handlers of a connection run one after another. While one of them waits, the link goes on writing what is
//! sent and reading what comes. `on_close` runs exactly once if `on_connect` was begun, whatever happened.

use std::future::{Future, poll_fn};
use std::sync::Arc;

use futures_util::future::Either;

use crate::activity::Token;
use crate::begun::{Begun, begin, interrupted, timed_out};
use crate::channel::Channel;
use crate::contained::Contained;
use crate::door::Admission;
use crate::escaped::Escaped;
use crate::expiry::Expiry;
use crate::link::{Link, Step};
use crate::members::Visit;
use crate::overlap::{self, Held, Overlap};
use crate::owed;
use crate::registry::{Membership, SessionGuard};
use crate::reply::Flow;
use crate::socket::Socket;
use crate::spans::ConnectionSpan;
use crate::stage::{Stage, may_pass};
use crate::turn::{Allowance, Guarded, Interrupted, run};
use crate::wire::close::{Close, CloseCode, ClosedBy};

/// A connection that has begun.
pub(crate) struct Session<C: Channel> {
    handler: Contained<C>,
    socket: Socket<C>,
    app: Arc<C::App>,
    link: Link,
    span: ConnectionSpan,
    /// The end of its authority, where it has one.
    expiry: Option<Expiry>,
    /// Nothing once it has ended and is about to be told so.
    membership: Option<Membership>,
    /// Dropped after all that it may be the last to use: the state of the room.
    _visit: Visit,
    /// Dropped last: then it has ended.
    _counted: (SessionGuard, Admission),
}

impl<C: Channel> Session<C> {
    pub fn new(
        handler: Contained<C>,
        socket: Socket<C>,
        app: Arc<C::App>,
        link: Link,
        expiry: Option<Expiry>,
        membership: Membership,
        counted: (SessionGuard, Admission),
    ) -> Self {
        let _visit = membership.connection.own_room.visit();
        let span = ConnectionSpan::new(&socket, link.config().log_users);
        Self { handler, socket, app, link, span, expiry, membership: Some(membership), _visit, _counted: counted }
    }

    /// The task. What it holds is what an idle connection costs: so nothing is moved within it, which would have it held
    /// twice, and what runs once for each connection is boxed.
    pub fn run(mut self, busy: Token) -> impl Future<Output = ()> + Send {
        let mut busy = Some(busy);
        async move {
            Box::pin(self.connect()).await;
            while let Some(step) = self.next(&mut busy).await {
                if !may_pass::<C>(&mut self.link, &step) {
                    continue;
                }
                if const { overlap::overlaps::<C>() } && overlap::may_be_joined::<C>(&step) {
                    Box::pin(self.overlap(step)).await;
                    continue;
                }
                let Some((begun, turn)) = self.handle(step) else { continue };
                // A fault has been sent, and costs the connection nothing.
                let outcome = turn.await;
                begun.end(&self.socket, outcome);
            }
            Box::pin(self.end()).await;
        }
    }

    async fn connect(&mut self) {
        let hook = Box::pin(self.handler.connected(&self.socket, &self.app));
        let hook = Guarded::new(hook, Allowance::usual(&self.link)).within(self.span.of_hook());
        match run(&mut self.link, hook).await {
            Ok(Flow::Continue) => {}
            Ok(Flow::Failed(code)) => {
                self.socket.close(code, "refused");
            }
            Err(Interrupted::TimedOut) => {
                timed_out(&self.socket, "on_connect");
                self.socket.close(CloseCode::TRY_AGAIN, "timeout");
            }
            Err(why) => interrupted(&self.socket, why, "on_connect"),
        }
        self.socket.connection().outbox.welcome_is_over();
    }

    /// What to handle next; nothing when the connection ends. While it waits, nothing of this session is in flight.
    async fn next(&mut self, busy: &mut Option<Token>) -> Option<Step> {
        poll_fn(|cx| {
            // Counted before it reads: what it reads is not counted as unread any more.
            busy.get_or_insert_with(|| begin::<C>(&self.socket, "its next step"));
            let next = self.link.poll_next(cx);
            if next.is_pending() && !self.link.has_input() {
                *busy = None;
            }
            next
        })
        .await
    }

    /// Handlers that may overlap, and what came behind them and has to wait, until no such message is next.
    async fn overlap(&mut self, first: Step) {
        let mut held = Some(Held::of(first));
        while let Some(next) = held.take() {
            let Self { handler, socket, app, link, span, .. } = self;
            let (begun, turn) = match next {
                Held::Message { .. } => {
                    socket.begin_turn();
                    held = handler.overlap(Overlap { socket, app, link, span, first: next }).0.await;
                    continue;
                }
                // Once we end the connection, nothing more is handled.
                _ if link.is_closing() => return,
                Held::Alone(step) => match self.handle(step) {
                    Some((begun, turn)) => (begun, Either::Left(turn)),
                    None => return,
                },
                Held::Invalid(error, own) => {
                    // Its own claim to an answer.
                    *socket = own;
                    socket.counts().invalid.add(1);
                    let begun = Begun::hook(socket, "on_invalid");
                    let allowance = Allowance::usual(link).answering(socket);
                    let hook = Guarded::new(Box::pin(handler.invalid(error, socket, app)), allowance);
                    (begun, Either::Right(run(link, hook.within(span.of_hook()))))
                }
            };
            let outcome = turn.await;
            begun.end(&self.socket, outcome);
        }
    }

    /// Begins a turn: what it is, and what runs it.
    fn handle(&mut self, step: Step) -> Option<(Begun, impl Future<Output = Result<Flow, Interrupted>>)> {
        let Self { handler, socket, app, link, span, expiry, .. } = self;
        let handler = &mut **handler;
        let (begun, guarded) = Stage { handler, socket, app, link, span, expiry }.begin(step)?;
        Some((begun, run(link, guarded)))
    }

    async fn end(&mut self) {
        if self.link.owes_answers() {
            Box::pin(owed::answered(&mut self.link)).await;
        }
        let close = self.link.end();
        self.membership = None;
        self.expiry = None;
        self.socket.connection().inbox.clear();
        self.close(close).await;
        self.link.finish().await;
    }

    /// Runs `on_close`; the connection is no member of anything any more.
    async fn close(&mut self, close: Close) {
        self.socket.begin_turn();
        let _work = begin(&self.socket, "on_close");
        self.socket.counts().end(close.by);
        let connection = self.socket.id();
        if matches!(close.by, ClosedBy::SlowClient | ClosedBy::RateLimited) {
            tracing::info!(channel = C::NAME, %connection, close = %Escaped(close.for_log()), "a client was disconnected");
        } else {
            tracing::debug!(channel = C::NAME, %connection, close = %Escaped(close.for_log()), "a connection ends");
        }
        let hook = Box::pin(self.handler.closed(close, &self.socket, &self.app));
        let allowance = Allowance { is_last: true, ..Allowance::usual(&self.link) };
        let hook = Guarded::new(hook, allowance).within(self.span.of_hook());
        if let Err(why) = run(&mut self.link, hook).await {
            interrupted(&self.socket, why, "on_close");
        }
    }
}
