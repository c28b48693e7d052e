//! What a session lends to the turn of one step: a message, a notice, or whatever else its client or the server says.

use std::sync::Arc;

use crate::connection::contained::{Contained, contain};
use crate::protocol::codec::{self, DecodeError};
use crate::protocol::describe::parts::MessageShape;
use crate::protocol::message::Messages;
use crate::session::batch::BatchEntry;
use crate::session::dispatch::Dispatch;
use crate::session::driver::{Link, Step};
use crate::session::expiry::Expiry;
use crate::session::guard::{Allowance, BoxFuture, Guarded, Interrupted};
use crate::session::handling::Handling;
use crate::session::outcome::{Begun, interrupted};
use crate::session::refresh;
use crate::session::spans::{ConnectionSpan, MessageSpan};
use crate::socket::Socket;
use crate::socket::reply::Flow;
use crate::wire::parser::{Input, reuse};

pub(crate) struct Stage<'a, 'l, C: Dispatch> {
    pub handler: &'a mut C,
    pub socket: &'a mut Socket<C>,
    pub app: &'a Arc<C::App>,
    pub link: &'l Link,
    pub span: &'a ConnectionSpan,
    pub expiry: &'a mut Option<Expiry>,
}

/// A turn, whose it is, and what runs in it.
type Turn<'a, C> = (Begun, &'a Socket<C>, Guarded<'a, Flow>);

impl<'a, C: Dispatch> Stage<'a, '_, C> {
    /// Begins the turn of this step; none where that is over already.
    pub fn begin(self, step: Step) -> Option<Turn<'a, C>> {
        // What a message may be answered with once; other input claims no answer.
        self.socket.begin_turn();
        match step {
            Step::Input(Input::Text(text)) => {
                let turn = self.read(&text);
                reuse(text);
                turn
            }
            Step::Notice(mut notice) => {
                notice.arrive();
                let Self { handler, socket, app, link, span, .. } = self;
                let begun = Begun::hook(socket, notice.handler());
                let own: &'a Socket<C> = socket;
                call(begun, span.of_hook(), own, || Allowance::usual(link), || handler.noticed(notice, own, app))
            }
            Step::Input(Input::Binary(data)) => {
                self.socket.counters().binary.add(1);
                match C::TAKES_BINARY {
                    true => {
                        Some(self.hook("on_binary", |handler, socket, app| Box::pin(handler.binary(data, socket, app))))
                    }
                    false => Some(self.invalid(DecodeError::Binary)),
                }
            }
            Step::Input(Input::Ping(data)) => {
                Some(self.hook("on_ping", |handler, socket, app| Box::pin(handler.pinged(data, socket, app))))
            }
            Step::Input(Input::Pong(data)) => {
                Some(self.hook("on_pong", |handler, socket, app| Box::pin(handler.ponged(data, socket, app))))
            }
            // The link keeps it: it is how the connection ends, after all input before it.
            Step::Input(Input::Close(_)) => None,
        }
    }

    fn read(self, text: &str) -> Option<Turn<'a, C>> {
        log_payload(self.link, self.span, text);
        match decode::<C>(text, self.socket) {
            Ok(Ok(message)) => self.handle(message, text.len()),
            Ok(Err(error)) => match C::REFRESHES.then(|| refresh::token_in(text, &error)).flatten() {
                Some(token) => {
                    let Self { handler, socket, app, link, span, expiry } = self;
                    let begun = Begun::hook(socket, "on_refresh");
                    let warning = link.config().auth_warning;
                    let allowance = Allowance::usual(link).answering(socket);
                    let socket: &'a Socket<C> = socket;
                    let refresh = Box::pin(refresh::refresh(handler, token, socket, app, expiry, warning));
                    Some((begun, socket, Guarded::new(refresh, allowance).within(span.of_hook())))
                }
                None => {
                    self.socket.counters().invalid.add(1);
                    Some(self.invalid(error))
                }
            },
            Err(why) => {
                interrupted(self.socket, why, "reading a message");
                None
            }
        }
    }

    /// `bytes` is how long it was as text.
    fn handle(self, message: C::FromClient, bytes: usize) -> Option<Turn<'a, C>> {
        let Self { handler, socket, app, link, span, .. } = self;
        let index = message.index();
        socket.counters().receive(index);
        let begun = Begun::message(socket, span, C::FromClient::TYPES[index]);
        let own: &'a Socket<C> = socket;
        let span = begun.span.clone();
        let allowance = || match C::OPTIONS {
            [] => Allowance::usual(link),
            turns => Allowance::of(turns[index], link),
        };
        call(begun, span, own, allowance, || match C::BATCHED.get(index) {
            Some(true) => C::submit(message, BatchEntry { socket: own, app, bytes, served: Arc::clone(link.served()) }),
            _ => handler.handle(message, own, app),
        })
    }

    fn invalid(self, error: DecodeError) -> Turn<'a, C> {
        self.hook("on_invalid", |handler, socket, app| Box::pin(handler.invalid(error, socket, app)))
    }

    fn hook(
        self,
        what: &'static str,
        call: impl FnOnce(&'a mut C, &'a Socket<C>, &'a Arc<C::App>) -> BoxFuture<'a, Flow>,
    ) -> Turn<'a, C> {
        let Self { handler, socket, app, link, span, .. } = self;
        let begun = Begun::hook(socket, what);
        let allowance = Allowance::usual(link).answering(socket);
        let socket: &'a Socket<C> = socket;
        let guarded = Guarded::new(call(handler, socket, app), allowance);
        (begun, socket, guarded.within(span.of_hook()))
    }
}

/// Calls a handler. One that is not `async` runs here, and may panic.
fn call<'a, C: Dispatch>(
    begun: Begun,
    span: MessageSpan,
    socket: &'a Socket<C>,
    allowance: impl FnOnce() -> Allowance,
    handler: impl FnOnce() -> Handling<'a>,
) -> Option<Turn<'a, C>> {
    let outcome = match contain(|| span.within(handler)) {
        Ok(Handling::Later(future)) => {
            let guarded = Guarded::new(future, allowance().answering(socket));
            return Some((begun, socket, guarded.within(span)));
        }
        Ok(Handling::Done(flow)) => Ok(flow),
        Err(panicked) => Err(panicked.into()),
    };
    begun.end(socket, outcome);
    None
}

/// What a client says is its own, and is logged only where that was asked for; a token never is.
pub(crate) fn log_payload(link: &Link, span: &ConnectionSpan, text: &str) {
    if link.config().log_payloads && !refresh::may_hold_token(text) {
        span.within(|| tracing::trace!(payload = text, "received"));
    }
}

/// Whether a step is no message of a type with a rate, or came within that; else it has been answered.
pub(crate) fn may_pass<C: Dispatch>(link: &mut Link, step: &Step) -> bool {
    let shapes = <C::FromClient as Messages>::SHAPES;
    if const { !has_rates(<C::FromClient as Messages>::SHAPES) } {
        return true;
    }
    let Step::Input(Input::Text(text)) = step else { return true };
    let Some(index) = codec::index::<C::FromClient>(text) else { return true };
    shapes[index].rate.is_none_or(|rate| link.may_pass(text, index, rate))
}

const fn has_rates(mut shapes: &[MessageShape]) -> bool {
    while let [first, rest @ ..] = shapes {
        if first.rate.is_some() {
            return true;
        }
        shapes = rest;
    }
    false
}

/// Reads a message and begins its turn. A payload's `Deserialize` and its rules are the user's code, and may panic.
pub(crate) fn decode<C: Dispatch>(
    text: &str,
    socket: &mut Socket<C>,
) -> Result<Result<C::FromClient, DecodeError>, Interrupted> {
    let decoded = contain(|| codec::decode::<C::FromClient>(text))?;
    socket.begin_message(decoded.reference);
    let Ok(message) = decoded.message else { return Ok(decoded.message) };
    let message = Contained::new(message);
    let checked = contain(|| message.check())?;
    Ok(checked.map(|()| message.into_inner()))
}
