//! Concurrent handlers: handlers of one connection that run side by side and share the channel's value.
//!
//! Handlers that are `concurrent` run beside all that take `&self`; of the others with `&self` one runs at a time. All begin in the
//! order of their messages. What does not share the value (a hook, a notice, a handler with `&mut self`) waits until all before it
//! have ended; one call too many of a handler, until another has ended. All that arrives later waits behind either.

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;

use crate::connection::in_flight::WorkGuard;
use crate::connection::shutdown::Shutdown;
use crate::protocol::message::Messages;
use crate::session::batch::BatchEntry;
use crate::session::dispatch::{ConcurrentHandlers, Dispatch};
use crate::session::driver::Driver;
use crate::session::guard::{BoxFuture, GuardedCall, Interrupted};
use crate::session::handling::Handling;
use crate::session::outcome::{begin_work, interrupted, name_of};
use crate::session::reading::{Read, read, read_binary};
use crate::session::served::Served;
use crate::session::spans::{ConnectionSpan, MessageSpan};
use crate::session::step::{Step, Undecoded};
use crate::session::step_context::{Work, limits, log_payload, may_pass};
use crate::socket::Socket;
use crate::socket::reply::Flow;
use crate::wire::parser::Input;

enum Queued<C: Dispatch> {
    /// Runs beside them, once fewer of its kind run.
    Message { index: usize, message: Undecoded },
    /// Runs once nothing else does.
    Alone(Work<C>),
}

impl<C: Dispatch> Queued<C> {
    fn of(step: Step) -> Self {
        let binary = step.binary::<C>();
        match (step, binary) {
            (Step::Message { index, text }, _) if C::OPTIONS[index].shares => {
                Self::Message { index, message: Undecoded::Text(text) }
            }
            (Step::Input(Input::Binary(data)), Some(index)) if C::OPTIONS[index].shares => {
                Self::Message { index, message: Undecoded::Binary(data) }
            }
            (step, _) => Self::Alone(Work::Step(step)),
        }
    }
}

pub(crate) struct Lent<'a, C: Dispatch> {
    pub handlers: ConcurrentHandlers<'a, C>,
    pub socket: &'a Socket<C>,
    pub app: &'a Arc<C::App>,
    pub driver: &'a mut Driver,
    pub span: &'a ConnectionSpan,
}

/// Ready with what has to run alone afterwards; `None` if nothing more has arrived.
pub(crate) fn run<C: Dispatch>(
    shared: Lent<'_, C>,
    index: usize,
    message: Undecoded,
) -> impl Future<Output = Option<Work<C>>> + Send {
    let first = Queued::Message { index, message };
    let mut scheduler = Scheduler { shared, running: FuturesUnordered::new(), queued: Some(first), has_waited: false };
    poll_fn(move |cx| {
        let polled = scheduler.poll(cx);
        scheduler.has_waited = true;
        polled
    })
}

struct Scheduler<'a, C: Dispatch> {
    shared: Lent<'a, C>,
    running: FuturesUnordered<ConcurrentCall<'a, C>>,
    queued: Option<Queued<C>>,
    has_waited: bool,
}

enum Next<C: Dispatch> {
    Again,
    Wait,
    End(Option<Work<C>>),
}

impl<'a, C: Dispatch> Scheduler<'a, C> {
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Option<Work<C>>> {
        if self.has_waited {
            self.shared.driver.cork();
        }
        loop {
            self.start_queued();
            self.reap_finished(cx);
            if self.abandon_lost() {
                continue;
            }
            match self.take_next(cx) {
                Next::Again => continue,
                Next::End(work) => return Poll::Ready(work),
                Next::Wait => {}
            }
            let Self { shared, running, .. } = self;
            shared.driver.close_if_draining(|| running.iter().any(|call| call.guarded.owes_answer()), cx);
            if !(self.shared.driver.has_lost_client() && self.needs_client()) {
                return Poll::Pending;
            }
        }
    }

    fn start_queued(&mut self) {
        match self.queued.take() {
            Some(Queued::Message { .. }) if self.shared.driver.is_closing() => {}
            Some(Queued::Message { index, message }) if self.has_room(index) => self.start(index, message),
            queued => self.queued = queued,
        }
    }

    fn start(&mut self, index: usize, message: Undecoded) {
        let Lent { handlers, socket, driver, span, .. } = &self.shared;
        let mut socket = Socket::clone(socket);
        let bytes = message.len();
        let read = match message {
            Undecoded::Text(text) => {
                log_payload(driver, span, &text);
                read(&mut socket, &text, Some(index), driver)
            }
            Undecoded::Binary(data) => read_binary(&mut socket, data, index),
        };
        let message = match read {
            Ok(Read::Message(message)) => message,
            Ok(Read::Again) => return,
            Ok(Read::Invalid(error)) => {
                self.queued = Some(Queued::Alone(Work::Invalid(error, socket)));
                return;
            }
            Err(why) => return interrupted(&socket, why, "reading a message"),
        };
        socket.counters().receive(index);
        let future = match C::BATCHED.get(index) {
            Some(true) => self.submit(message, socket.clone(), bytes, Arc::clone(driver.served())),
            _ => handlers.call(message, socket.clone()),
        };
        let what = C::FromClient::TYPES[index];
        let span = MessageSpan::new(span, C::NAME, what);
        let limits = limits::<C>(index, driver).owed_by(&socket);
        let limits = if C::OPTIONS[index].concurrent == 0 { limits.alone() } else { limits };
        self.running.push(ConcurrentCall {
            index,
            what,
            guarded: GuardedCall::new(future, limits).within(span.clone()),
            span,
            shutdown: Arc::clone(driver.shutdown()),
            _work: begin_work(&socket, what),
            socket,
        });
    }

    fn submit(
        &self,
        message: C::FromClient,
        socket: Socket<C>,
        bytes: usize,
        served: Arc<Served>,
    ) -> BoxFuture<'a, Flow> {
        let app = self.shared.app;
        Box::pin(async move {
            match C::submit(message, BatchEntry { socket: &socket, app, bytes, served }) {
                Handling::Done(flow) => flow,
                Handling::Later(future) => future.await,
            }
        })
    }

    fn reap_finished(&mut self, cx: &mut Context<'_>) {
        while let Poll::Ready(Some((socket, what, outcome))) = self.running.poll_next_unpin(cx) {
            if let Err(why) = outcome {
                interrupted(&socket, why, what);
            }
        }
    }

    fn take_next(&mut self, cx: &mut Context<'_>) -> Next<C> {
        let is_done = self.running.is_empty();
        match self.queued.take() {
            Some(Queued::Alone(work)) if is_done => return Next::End(Some(work)),
            Some(queued) => {
                let may_start = matches!(queued, Queued::Message { index, .. } if self.has_room(index));
                self.queued = Some(queued);
                if may_start {
                    return Next::Again;
                }
                self.shared.driver.poll_io(cx);
                return Next::Wait;
            }
            None => {}
        }
        match self.shared.driver.poll_next(cx) {
            Poll::Ready(Some(step)) => {
                self.queue(step);
                Next::Again
            }
            Poll::Ready(None) | Poll::Pending if is_done => Next::End(None),
            // We end the connection: nothing more is handled, and what runs has its time.
            Poll::Ready(None) => {
                self.shared.driver.poll_io(cx);
                Next::Wait
            }
            Poll::Pending => Next::Wait,
        }
    }

    fn queue(&mut self, step: Step) {
        let is_wanted = match &step {
            Step::Input(Input::Ping(_)) => C::HOOKS.contains(&"on_ping"),
            Step::Input(Input::Pong(_)) => C::HOOKS.contains(&"on_pong"),
            _ => true,
        };
        let step = step.typed::<C>();
        if is_wanted && may_pass::<C>(&step, self.shared.driver) {
            self.queued = Some(Queued::of(step));
        }
    }

    fn has_room(&self, index: usize) -> bool {
        match C::OPTIONS[index].concurrent as usize {
            0 => self.running.iter().all(|other| C::OPTIONS[other.index].concurrent > 0),
            most => self.running.iter().filter(|other| other.index == index).count() < most,
        }
    }

    fn needs_client(&self) -> bool {
        self.running.iter().any(|call| call.guarded.needs_client())
    }

    /// Drops the calls that end with their client, if it is gone. Returns whether there were any: the others are to be polled anew.
    fn abandon_lost(&mut self) -> bool {
        if !(self.shared.driver.has_lost_client() && self.needs_client()) {
            return false;
        }
        for mut call in std::mem::take(&mut self.running) {
            if !call.guarded.needs_client() {
                self.running.push(call);
                continue;
            }
            let outcome = call.guarded.abandon();
            call.span.end(|| name_of(&outcome));
            if let Err(why) = outcome {
                interrupted(&call.socket, why, call.what);
            }
        }
        true
    }
}

struct ConcurrentCall<'a, C: Dispatch> {
    index: usize,
    what: &'static str,
    guarded: GuardedCall<'a, Flow>,
    span: MessageSpan,
    shutdown: Arc<Shutdown>,
    socket: Socket<C>,
    _work: WorkGuard,
}

impl<C: Dispatch> Future for ConcurrentCall<'_, C> {
    type Output = (Socket<C>, &'static str, Result<Flow, Interrupted>);

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        let outcome = match this.guarded.poll(cx) {
            Poll::Ready(outcome) => outcome,
            Poll::Pending => ready!(this.guarded.poll_limits(cx, &this.shutdown, Duration::ZERO)),
        };
        this.span.end(|| name_of(&outcome));
        Poll::Ready((this.socket.clone(), this.what, outcome))
    }
}
