//! The context of a step: begins the call of a handler or a hook with what its session lends to it.

use std::sync::Arc;

use bytes::Bytes;

use crate::channel::Text;
use crate::channel::presence::PRESENCE;
use crate::connection::contained::contain;
use crate::protocol::codec::{self, DecodeError};
use crate::protocol::envelope::{Envelope, Incoming};
use crate::protocol::message::Messages;
use crate::session::batch::BatchEntry;
use crate::session::dispatch::Dispatch;
use crate::session::driver::Driver;
use crate::session::expiry::Expiry;
use crate::session::guard::{BoxFuture, CallLimits, GuardedCall};
use crate::session::handling::Handling;
use crate::session::outcome::{RunningCall, interrupted};
use crate::session::reading::{Read, read, read_binary, topic_of};
use crate::session::refresh::{self, AuthRefresh};
use crate::session::showing;
use crate::session::spans::{ConnectionSpan, MessageSpan};
use crate::session::step::Step;
use crate::socket::reply::Flow;
use crate::socket::{Socket, questions};
use crate::wire::frame::{Opcode, frame};
use crate::wire::parser::{Input, reuse};

pub(crate) enum Work<C: Dispatch> {
    Step(Step),
    /// `on_invalid`. The socket has the claim to the message's answer.
    Invalid(DecodeError, Socket<C>),
}

pub(crate) struct StepContext<'a, 'd, C: Dispatch> {
    pub handler: &'a mut C,
    pub socket: &'a mut Socket<C>,
    pub app: &'a Arc<C::App>,
    pub driver: &'d mut Driver,
    pub span: &'a ConnectionSpan,
    pub expiry: &'a mut Option<Expiry>,
}

type Begun<'a, C> = (RunningCall, &'a Socket<C>, GuardedCall<'a, Flow>);

impl<'a, C: Dispatch> StepContext<'a, '_, C> {
    /// `None` if the work has no call, or if the call has ended already.
    pub fn begin(self, work: Work<C>) -> Option<Begun<'a, C>> {
        match work {
            Work::Step(step) => self.begin_step(step),
            Work::Invalid(error, own) => {
                *self.socket = own;
                self.socket.counters().invalid.add(1);
                Some(self.invalid(error))
            }
        }
    }

    pub fn begin_step(self, step: Step) -> Option<Begun<'a, C>> {
        // A message gets its own claim later, when it is decoded.
        self.socket.clear_claim();
        match step {
            Step::Message { index, text } => self.begin_message(text, Some(index)),
            Step::Input(Input::Text(text)) if C::TAKES_TEXT => self.begin_text(text),
            Step::Input(Input::Text(text)) => self.begin_message(text, None),
            Step::Notice(mut notice) => {
                notice.arrive();
                if const { C::PRESENCE.is_some() } && notice.handler() == PRESENCE {
                    showing::show_anew(self.handler, self.socket);
                    return None;
                }
                let Self { handler, socket, app, driver, span, .. } = self;
                let running = RunningCall::of_hook(socket, notice.handler());
                let own: &'a Socket<C> = socket;
                let limits = || CallLimits::of_hook(driver.config().handler_timeout);
                call(running, span.of_hook(), own, limits, || handler.noticed(notice, own, app))
            }
            Step::Input(Input::Binary(data)) => {
                if const { codec::has_binary::<C::FromClient>() }
                    && let Some(index) = codec::index_of_kind::<C::FromClient>(&data)
                {
                    return self.begin_binary(data, index);
                }
                self.socket.counters().binary.add(1);
                match C::TAKES_BINARY {
                    true => {
                        Some(self.hook("on_binary", |handler, socket, app| Box::pin(handler.binary(data, socket, app))))
                    }
                    false => {
                        let error = codec::unknown_kind::<C::FromClient>(&data);
                        Some(self.invalid(error))
                    }
                }
            }
            Step::Input(Input::Ping(data)) => {
                Some(self.hook("on_ping", |handler, socket, app| Box::pin(handler.pinged(data, socket, app))))
            }
            Step::Input(Input::Pong(data)) => {
                Some(self.hook("on_pong", |handler, socket, app| Box::pin(handler.ponged(data, socket, app))))
            }
            // The driver keeps the close: it ends the connection, after all input before it.
            Step::Input(Input::Close(_)) => None,
        }
    }

    /// For `on_text`: nothing of the text is read, and it is not copied.
    fn begin_text(self, text: String) -> Option<Begun<'a, C>> {
        log_payload(self.driver, self.span, &text);
        let Self { handler, socket, app, driver, span, .. } = self;
        socket.counters().text.add(1);
        let running = RunningCall::of_hook(socket, "on_text");
        let own: &'a Socket<C> = socket;
        let limits = || CallLimits::of_hook(driver.config().handler_timeout);
        call(running, span.of_hook(), own, limits, || handler.text(Text::received(text), own, app))
    }

    /// `index` is the place of the message's type. `None` if it is not known yet.
    fn begin_message(self, text: String, index: Option<usize>) -> Option<Begun<'a, C>> {
        log_payload(self.driver, self.span, &text);
        let begun = match read(self.socket, &text, index, self.driver) {
            Ok(Read::Message(message)) => self.handle(message, text.len()),
            Ok(Read::Again) => None,
            Ok(Read::Invalid(error)) if const { !<C::Envelope as Envelope>::IS_FLAT } => {
                self.read_otherwise(&text, error).map(|(context, error)| {
                    context.socket.counters().invalid.add(1);
                    context.invalid(error)
                })
            }
            Ok(Read::Invalid(error)) => match refresh::auth_refresh::<C>(&text, &error) {
                Some(request) => Some(self.refresh(request)),
                None if questions::is_late_answer(self.socket, &text, &error) => None,
                None => {
                    self.socket.counters().invalid.add(1);
                    Some(self.invalid(error))
                }
            },
            Err(why) => {
                interrupted(self.socket, why, "reading a message");
                None
            }
        };
        reuse(text);
        begun
    }

    /// What another envelope reads in a text that no handler takes: several messages, an answer to a question, or its own affair.
    /// Gives the error back if it is none of these.
    #[cold]
    fn read_otherwise(self, text: &str, error: DecodeError) -> Option<(Self, DecodeError)> {
        let most = const { C::Envelope::PLACES.most_in_batch() };
        match contain(|| C::Envelope::read(text)) {
            Ok(Ok(Incoming::Message(message))) => {
                let is_known = C::FromClient::TYPES.contains(&&*message.kind);
                let own = topic_of(self.socket);
                let is_elsewhere = message.topic.zip(own).is_some_and(|(named, own)| named != own);
                if is_known || is_elsewhere || message.or_reply.is_empty() {
                    return Some((self, error));
                }
                for reply in &message.or_reply {
                    self.socket.push_frame(frame(Opcode::Text, reply.as_bytes()));
                }
                // The frames are its answer.
                drop(self.socket.claim().take());
                None
            }
            Ok(Ok(Incoming::Answer { reference, answer })) => {
                questions::answered_late(self.socket, text, (reference, answer));
                None
            }
            Ok(Ok(Incoming::Batch(texts))) if self.driver.answers().is_none() && (1..=most).contains(&texts.len()) => {
                self.driver.begin_batch(&texts);
                None
            }
            Ok(Ok(Incoming::Batch(texts))) if texts.len() > most && most > 0 => {
                let reason = format!("a batch of {} messages, and at most {most} are read", texts.len());
                Some((self, DecodeError::no_message(&reason)))
            }
            _ => Some((self, error)),
        }
    }

    fn begin_binary(self, data: Bytes, index: usize) -> Option<Begun<'a, C>> {
        let bytes = data.len();
        match read_binary(self.socket, data, index) {
            Ok(Read::Message(message)) => self.handle(message, bytes),
            Ok(Read::Again) => None,
            Ok(Read::Invalid(error)) => {
                self.socket.counters().invalid.add(1);
                Some(self.invalid(error))
            }
            Err(why) => {
                interrupted(self.socket, why, "reading a message");
                None
            }
        }
    }

    fn handle(self, message: C::FromClient, bytes: usize) -> Option<Begun<'a, C>> {
        let Self { handler, socket, app, driver, span, .. } = self;
        let index = message.index();
        socket.counters().receive(index);
        let running = RunningCall::of_message(socket, span, C::FromClient::TYPES[index]);
        let own: &'a Socket<C> = socket;
        let span = running.span.clone();
        let limits = || limits::<C>(index, driver).alone();
        call(running, span, own, limits, || match C::BATCHED.get(index) {
            Some(true) => {
                C::submit(message, BatchEntry { socket: own, app, bytes, served: Arc::clone(driver.served()) })
            }
            _ => handler.handle(message, own, app),
        })
    }

    fn refresh(self, request: AuthRefresh) -> Begun<'a, C> {
        let Self { handler, socket, app, driver, span, expiry } = self;
        let running = RunningCall::of_hook(socket, "on_refresh");
        let limits = CallLimits::of_hook(driver.config().handler_timeout).owing(socket.has_reference());
        let warning = driver.config().auth_warning;
        let socket: &'a Socket<C> = socket;
        let refresh = Box::pin(refresh::refresh(handler, request, socket, app, expiry, warning));
        (running, socket, GuardedCall::new(refresh, limits).within(span.of_hook()))
    }

    fn invalid(self, error: DecodeError) -> Begun<'a, C> {
        self.hook("on_invalid", |handler, socket, app| Box::pin(handler.invalid(error, socket, app)))
    }

    fn hook(
        self,
        what: &'static str,
        call: impl FnOnce(&'a mut C, &'a Socket<C>, &'a Arc<C::App>) -> BoxFuture<'a, Flow>,
    ) -> Begun<'a, C> {
        let Self { handler, socket, app, driver, span, .. } = self;
        let running = RunningCall::of_hook(socket, what);
        let limits = CallLimits::of_hook(driver.config().handler_timeout).owing(socket.has_reference());
        let socket: &'a Socket<C> = socket;
        let guarded = GuardedCall::new(call(handler, socket, app), limits);
        (running, socket, guarded.within(span.of_hook()))
    }
}

/// A handler that is not `async` runs here, and may panic.
fn call<'a, C: Dispatch>(
    running: RunningCall,
    span: MessageSpan,
    socket: &'a Socket<C>,
    limits: impl FnOnce() -> CallLimits,
    handler: impl FnOnce() -> Handling<'a>,
) -> Option<Begun<'a, C>> {
    let outcome = match contain(|| span.within(handler)) {
        Ok(Handling::Later(future)) => {
            let guarded = GuardedCall::new(future, limits().owed_by(socket));
            return Some((running, socket, guarded.within(span)));
        }
        Ok(Handling::Done(flow)) => Ok(flow),
        Err(panicked) => Err(panicked.into()),
    };
    running.end(socket, outcome);
    None
}

/// A message that may not pass has been answered.
pub(crate) fn may_pass<C: Dispatch>(step: &Step, driver: &mut Driver) -> bool {
    if let Some(index) = step.binary::<C>() {
        let rate = <C::FromClient as Messages>::SHAPES[index].rate;
        return rate.is_none_or(|rate| driver.binary_may_pass(index, rate));
    }
    let Step::Message { index, text } = step else { return true };
    let rate = <C::FromClient as Messages>::SHAPES[*index].rate;
    rate.is_none_or(|rate| driver.may_pass(text, *index, rate))
}

pub(crate) fn limits<C: Dispatch>(index: usize, driver: &Driver) -> CallLimits {
    let timeout = driver.config().handler_timeout;
    match C::OPTIONS {
        [] => CallLimits::of_hook(timeout),
        options => CallLimits::of_handler(options[index], timeout),
    }
}

/// A text that may hold a token is never logged.
pub(crate) fn log_payload(driver: &Driver, span: &ConnectionSpan, text: &str) {
    if driver.config().log_payloads && !refresh::may_hold_token(text) {
        span.within(|| tracing::trace!(payload = text, "received"));
    }
}
