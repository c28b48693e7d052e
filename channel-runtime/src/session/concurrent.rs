//! The handlers of one connection that overlap: they share the channel's value, and each answers its own message.
//!
//! Those that are `concurrent` run beside all that take `&self`; of the others with `&self` one runs after the other, as without
//! them. All begin in the order in which their messages came. What does not share the value, a hook, a notice or a handler with
//! `&mut self`, waits until all before it are done; one too many of a kind waits until there is room for it. All that came later waits behind
//! either.

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;

use crate::connection::in_flight::Token;
use crate::connection::shutdown::Shutdown;
use crate::protocol::codec::{self, DecodeError};
use crate::protocol::message::Messages;
use crate::session::batch::BatchEntry;
use crate::session::dispatch::{ConcurrentHandlers, Dispatch};
use crate::session::driver::{Link, Step};
use crate::session::guard::{Allowance, BoxFuture, Guarded, Interrupted};
use crate::session::handling::Handling;
use crate::session::outcome::{begin, interrupted};
use crate::session::served::Served;
use crate::session::spans::{ConnectionSpan, MessageSpan};
use crate::session::step::{decode, log_payload, may_pass};
use crate::socket::Socket;
use crate::socket::reply::Flow;
use crate::wire::parser::Input;

/// Whether a channel has handlers that may overlap.
pub(crate) const fn overlaps<C: Dispatch>() -> bool {
    let mut at = 0;
    while at < C::OPTIONS.len() {
        if C::OPTIONS[at].concurrent > 0 {
            return true;
        }
        at += 1;
    }
    false
}

/// Whether others may begin while the handler of this step waits.
pub(crate) fn may_be_joined<C: Dispatch>(step: &Step) -> bool {
    sharing::<C>(step).is_some_and(|index| C::OPTIONS[index].waits)
}

/// Where a step is a message whose handler shares the channel's value: its place.
fn sharing<C: Dispatch>(step: &Step) -> Option<usize> {
    let Step::Input(Input::Text(text)) = step else { return None };
    codec::index::<C::FromClient>(text).filter(|index| C::OPTIONS[*index].shares)
}

/// What has come and waits for those that run.
pub(crate) enum Held<C: Dispatch> {
    /// It may run beside them, once there are fewer of its kind.
    Message { index: usize, text: String },
    /// It runs alone.
    Alone(Step),
    /// It would have been one of them, and is for a hook to hear of.
    Invalid(DecodeError, Socket<C>),
}

impl<C: Dispatch> Held<C> {
    pub fn of(step: Step) -> Self {
        match (sharing::<C>(&step), step) {
            (Some(index), Step::Input(Input::Text(text))) => Self::Message { index, text },
            (_, step) => Self::Alone(step),
        }
    }
}

/// Runs the handler of the first message, and of those that arrive while any of them runs. Ready with what can't run beside them;
/// `None` if nothing more has arrived.
pub(crate) fn run<'a, C: Dispatch>(
    handlers: ConcurrentHandlers<'a, C>,
    socket: &'a Socket<C>,
    app: &'a Arc<C::App>,
    link: &'a mut Link,
    span: &'a ConnectionSpan,
    first: Held<C>,
) -> impl Future<Output = Option<Held<C>>> + Send {
    let mut scope = Scope {
        handlers,
        socket,
        app,
        connection_span: span,
        running: FuturesUnordered::new(),
        held: Some(first),
        has_rested: false,
    };
    poll_fn(move |cx| {
        let polled = scope.poll(cx, link);
        scope.has_rested = true;
        polled
    })
}

struct Scope<'a, C: Dispatch> {
    handlers: ConcurrentHandlers<'a, C>,
    socket: &'a Socket<C>,
    app: &'a Arc<C::App>,
    connection_span: &'a ConnectionSpan,
    running: FuturesUnordered<Overlapping<'a, C>>,
    held: Option<Held<C>>,
    has_rested: bool,
}

impl<'a, C: Dispatch> Scope<'a, C> {
    fn poll(&mut self, cx: &mut Context<'_>, link: &mut Link) -> Poll<Option<Held<C>>> {
        // As for a handler that runs alone.
        if self.has_rested {
            link.cork();
        }
        loop {
            self.begin(link);
            while let Poll::Ready(Some((socket, what, outcome))) = self.running.poll_next_unpin(cx) {
                if let Err(why) = outcome {
                    interrupted(&socket, why, what);
                }
            }
            if link.has_lost_client() && self.leave() {
                continue;
            }
            let is_done = self.running.is_empty();
            match &self.held {
                Some(Held::Message { index, .. }) if self.has_room(*index) => continue,
                Some(_) if is_done => return Poll::Ready(self.held.take()),
                Some(_) => link.poll_io(cx),
                None => match link.poll_next(cx) {
                    // Answered already; nobody else waits for them.
                    Poll::Ready(Some(Step::Input(Input::Ping(_)))) if !C::HOOKS.contains(&"on_ping") => continue,
                    Poll::Ready(Some(Step::Input(Input::Pong(_)))) if !C::HOOKS.contains(&"on_pong") => continue,
                    Poll::Ready(Some(step)) => {
                        self.held = may_pass::<C>(link, &step).then(|| Held::of(step));
                        continue;
                    }
                    Poll::Ready(None) | Poll::Pending if is_done => return Poll::Ready(None),
                    // We end it: nothing more is handled, and what runs has its time.
                    Poll::Ready(None) => link.poll_io(cx),
                    Poll::Pending => {}
                },
            }
            link.say_goodbye_unless(|| self.running.iter().any(|other| other.guarded.owes_answer()), cx);
            if !(link.has_lost_client() && self.needs_client()) {
                return Poll::Pending;
            }
        }
    }

    /// Whether one more of this kind may run: of those that are not concurrent, one of all kinds.
    fn has_room(&self, index: usize) -> bool {
        match C::OPTIONS[index].concurrent as usize {
            0 => self.running.iter().all(|other| C::OPTIONS[other.index].concurrent > 0),
            most => self.running.iter().filter(|other| other.index == index).count() < most,
        }
    }

    /// Begins the handler of the message that is held, where it may.
    fn begin(&mut self, link: &Link) {
        let (index, text) = match self.held.take() {
            // Once we end the connection, nothing more is handled.
            Some(Held::Message { .. }) if link.is_closing() => return,
            Some(Held::Message { index, text }) if self.has_room(index) => (index, text),
            held => {
                self.held = held;
                return;
            }
        };
        let mut socket = self.socket.clone();
        log_payload(link, self.connection_span, &text);
        let message = match decode::<C>(&text, &mut socket) {
            Ok(Ok(message)) => message,
            Ok(Err(error)) => {
                self.held = Some(Held::Invalid(error, socket));
                return;
            }
            Err(why) => return interrupted(&socket, why, "reading a message"),
        };
        socket.counters().receive(index);
        let future = match C::BATCHED.get(index) {
            Some(true) => self.submit(message, socket.clone(), text.len(), Arc::clone(link.served())),
            _ => self.handlers.call(message, socket.clone()),
        };
        let what = C::FromClient::TYPES[index];
        let span = MessageSpan::new::<C>(self.connection_span, what);
        self.running.push(Overlapping {
            index,
            what,
            guarded: Guarded::new(future, Allowance::of(C::OPTIONS[index], link).answering(&socket))
                .within(span.clone()),
            span,
            shutdown: Arc::clone(link.shutdown()),
            _work: begin(&socket, what),
            socket,
        });
    }

    /// Submits a message to its batch.
    fn submit(
        &self,
        message: C::FromClient,
        socket: Socket<C>,
        bytes: usize,
        served: Arc<Served>,
    ) -> BoxFuture<'a, Flow> {
        let app = self.app;
        Box::pin(async move {
            match C::submit(message, BatchEntry { socket: &socket, app, bytes, served }) {
                Handling::Done(flow) => flow,
                Handling::Later(future) => future.await,
            }
        })
    }

    /// Whether one of them works for the client alone.
    fn needs_client(&self) -> bool {
        self.running.iter().any(|other| other.guarded.needs_client())
    }

    /// The client is gone: those that work for it alone have no reason to go on. Whether there were such; the others are to be polled
    /// anew.
    fn leave(&mut self) -> bool {
        if !self.needs_client() {
            return false;
        }
        for mut overlapping in std::mem::take(&mut self.running) {
            if !overlapping.guarded.needs_client() {
                self.running.push(overlapping);
                continue;
            }
            let outcome = overlapping.guarded.leave();
            overlapping.span.end(&outcome);
            if let Err(why) = outcome {
                interrupted(&overlapping.socket, why, overlapping.what);
            }
        }
        true
    }
}

/// One of them.
struct Overlapping<'a, C: Dispatch> {
    /// The place of its message's type.
    index: usize,
    what: &'static str,
    guarded: Guarded<'a, Flow>,
    span: MessageSpan,
    shutdown: Arc<Shutdown>,
    /// With its own message's claim to an answer.
    socket: Socket<C>,
    _work: Token,
}

impl<C: Dispatch> Future for Overlapping<'_, C> {
    type Output = (Socket<C>, &'static str, Result<Flow, Interrupted>);

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        let outcome = match this.guarded.poll(cx) {
            Poll::Ready(outcome) => outcome,
            Poll::Pending => ready!(this.guarded.poll_end(cx, &this.shutdown, Duration::ZERO)),
        };
        this.span.end(&outcome);
        Poll::Ready((this.socket.clone(), this.what, outcome))
    }
}
