//! What a handler may return, how it becomes the answer, and the functions that the expansion of `#[channel]` calls for that.

use std::borrow::Cow;
use std::cell::RefCell;
use std::marker::PhantomData;

use bytes::Bytes;

use crate::channel::{Channel, SendsBytes, SendsText, SentBy, Text};
use crate::protocol::describe::probe::NoAnswer;
use crate::protocol::describe::{AnswerKind, AnswerShape};
use crate::protocol::fault::Fault;
use crate::protocol::message::{Messages, Success};
use crate::socket::Socket;
use crate::socket::claim::Claim;
use crate::wire::close::CloseCode;
use crate::wire::frame::Opcode;

/// How a connection continues after a hook or a handler.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Flow {
    /// The connection stays open.
    Continue,
    /// The hook or handler failed, and the error was sent. After `on_connect` the connection is closed with this code.
    Failed(CloseCode),
}

/// What a handler of channel `C`, or its hook `on_connect`, `on_text`, `on_binary`, `on_ping` or `on_pong`, may return. It is
/// sent to the client.
///
/// | returned | sent |
/// |---|---|
/// | `()` | nothing (`success` if the message had a `ref`) |
/// | a message in `sends(..)` | that message |
/// | the generated `..ToClient` enum | the message in it |
/// | `Success(data)` | `{"type":"success","data":..}` (nothing without a `ref`: the client could not know what it answers; a handler of a binary message, which has none, sends it) |
/// | `Bytes`, if they are in `sends(..)` | a binary message, and after it `success` if the message had a `ref` |
/// | `Text`, if it is in `sends(..)` | the text, and after it `success` if the message had a `ref` |
/// | `Deferred<R>` | nothing now, and later as `R` |
/// | `Option<R>` | like `R`, or like `()` |
/// | `Result<R, E>` with `E: Into<Fault>` | like `R`, or an error frame |
#[diagnostic::on_unimplemented(
    message = "a handler of `{C}` cannot return `{Self}`",
    label = "not an answer of `{C}`",
    note = "if it is a message, list it: `#[channel(sends(.., {Self}))] impl {C} {{ .. }}`",
    note = "else return `()`, a message that is listed, `Success(..)`, an `Option` of these, or a `Result` of these with an error that is `Into<Fault>`"
)]
pub trait Reply<C: Channel>: Send {
    /// The answer's shape, as far as the type determines it.
    #[doc(hidden)]
    const ANSWER: AnswerShape = AnswerShape::UNKNOWN;

    /// Sends the answer.
    fn reply(self, socket: &Socket<C>) -> Flow;
}

impl<C: Channel> Reply<C> for () {
    const ANSWER: AnswerShape = AnswerShape::NOTHING;

    fn reply(self, socket: &Socket<C>) -> Flow {
        socket.answer_nothing();
        Flow::Continue
    }
}

impl<C: Channel, M: SentBy<C>> Reply<C> for M {
    const ANSWER: AnswerShape = AnswerShape::of(AnswerKind::One(M::TYPE));

    fn reply(self, socket: &Socket<C>) -> Flow {
        socket.answer(&self);
        Flow::Continue
    }
}

impl<C: Channel + SendsBytes> Reply<C> for Bytes {
    const ANSWER: AnswerShape = AnswerShape::of(AnswerKind::Binary);

    fn reply(self, socket: &Socket<C>) -> Flow {
        socket.keep_before(Opcode::Binary, &self);
        socket.send_bytes(self);
        socket.answer_nothing();
        Flow::Continue
    }
}

impl<C: Channel + SendsText> Reply<C> for Text {
    const ANSWER: AnswerShape = AnswerShape::of(AnswerKind::Text);

    fn reply(self, socket: &Socket<C>) -> Flow {
        socket.keep_before(Opcode::Text, self.as_bytes());
        socket.send_text(self);
        socket.answer_nothing();
        Flow::Continue
    }
}

impl<C: Channel, T: serde::Serialize + Send> Reply<C> for Success<T> {
    const ANSWER: AnswerShape = AnswerShape::of(AnswerKind::Data(None));

    fn reply(self, socket: &Socket<C>) -> Flow {
        socket.answer_success(&self.0);
        Flow::Continue
    }
}

impl<C: Channel, R: Reply<C>> Reply<C> for Option<R> {
    const ANSWER: AnswerShape = AnswerShape { optional: true, ..R::ANSWER };

    fn reply(self, socket: &Socket<C>) -> Flow {
        match self {
            Some(reply) => reply.reply(socket),
            None => ().reply(socket),
        }
    }
}

impl<C: Channel, R: Reply<C>, E: IntoFault> Reply<C> for Result<R, E> {
    const ANSWER: AnswerShape = R::ANSWER.or_fails();

    fn reply(self, socket: &Socket<C>) -> Flow {
        match self {
            Ok(reply) => reply.reply(socket),
            Err(error) => fault(socket, error.into_fault()),
        }
    }
}

/// The error of a handler's `Result`: any type that is `Into<Fault>`.
#[diagnostic::on_unimplemented(
    message = "a handler cannot fail with `{Self}`",
    label = "not an error for a client",
    note = "return a `Fault`: `.map_err(Fault::internal)?` logs the error and tells the client nothing of it, `Fault::validation(..)` tells the client",
    note = "if the type is your own, `#[derive(channel_runtime::Fault)]` on it makes one of it"
)]
pub trait IntoFault: Send {
    /// The error that the client gets.
    fn into_fault(self) -> Fault;
}

#[diagnostic::do_not_recommend]
impl<E: Into<Fault> + Send> IntoFault for E {
    fn into_fault(self) -> Fault {
        self.into()
    }
}

pub(crate) fn fault<C: Channel>(socket: &Socket<C>, fault: Fault) -> Flow {
    let code = fault.close_code();
    // What a message's handler returns is no outcome of `on_connect`.
    if !C::READS_FLAT && matches!(socket.claim(), Claim::NoMessage) {
        UNSENT.replace(Some(close_reason(&fault)));
    }
    socket.answer_fault(&fault);
    Flow::Failed(code)
}

thread_local! {
    /// The last fault on this thread that its client was not sent, as the reason of a Close.
    static UNSENT: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// The reason of the Close after an `on_connect` that failed on this thread: the fault's message if no error frame says it.
pub(crate) fn reason_of_failure<C: Channel>() -> Cow<'static, str> {
    let unsent = if C::READS_FLAT { None } else { UNSENT.take() };
    unsent.map_or(Cow::Borrowed("refused"), Cow::Owned)
}

/// Of a failure of the server, the id that is in the log.
fn close_reason(fault: &Fault) -> String {
    let Fault { code, message, details, .. } = fault;
    match details["id"].as_str() {
        Some(id) if *code == Fault::INTERNAL => format!("{message} ({id})"),
        _ => message.clone(),
    }
}

/// Sends what a handler or a hook returned.
pub fn reply<C: Channel, R: Reply<C>>(socket: &Socket<C>, reply: R) -> Flow {
    reply.reply(socket)
}

/// Like `reply`, for a type of the standard library, which can be no message.
pub fn reply_data<C: Channel, R: DataReply<C>>(socket: &Socket<C>, reply: R) -> Flow {
    reply.reply(socket)
}

/// What may be returned, required of types of the standard library.
#[diagnostic::on_unimplemented(
    message = "a handler of `{C}` cannot return `{Self}`",
    label = "data, and no message",
    note = "wrap it, `Success(..)` of type `Success<{Self}>`: the client is sent `{{\"type\":\"success\",\"data\":..}}`",
    note = "or return `()`, or a message that is listed in `sends(..)`, with a field for it; raw text is a `Text`, listed so"
)]
pub trait DataReply<C: Channel>: Reply<C> {}

#[diagnostic::do_not_recommend]
impl<C: Channel, R: Reply<C>> DataReply<C> for R {}

/// Like `reply_data`, for what `on_text` returns.
pub fn reply_text<C: Channel, R: TextReply<C>>(socket: &Socket<C>, reply: R) -> Flow {
    reply.reply(socket)
}

/// What `on_text` may return, required of types of the standard library.
#[diagnostic::on_unimplemented(
    message = "`on_text` of `{C}` cannot return `{Self}`",
    label = "no `Text`",
    note = "return `Text`, listed in `sends(..)`: `\"OK\".into()`, or `.into()` of a `String`",
    note = "several texts are sent by `socket.send_text(..)` each, and `on_text` returns `()`",
    note = "JSON is a message that is listed in `sends(..)`, or `Success(..)`: the client is sent `{{\"type\":\"success\",\"data\":..}}`"
)]
pub trait TextReply<C: Channel>: Reply<C> {}

#[diagnostic::do_not_recommend]
impl<C: Channel, R: Reply<C>> TextReply<C> for R {}

/// Like `reply`, for a type that is called `Bytes` or `Text`.
pub fn reply_raw<C: Channel, R: RawReply<C>>(socket: &Socket<C>, reply: R) -> Flow {
    reply.reply(socket)
}

/// What may be returned, required of types that are called `Bytes` or `Text`.
#[diagnostic::on_unimplemented(
    message = "`{C}` does not send `{Self}`",
    label = "not in `sends(..)` of `{C}`",
    note = "list it: `#[channel(sends(.., {Self}))] impl {C} {{ .. }}`"
)]
pub trait RawReply<C: Channel>: Reply<C> {}

#[diagnostic::do_not_recommend]
impl<C: Channel, R: Reply<C>> RawReply<C> for R {}

/// Sends an error. The expansion matches on the `Result`: if a whole `Result` were no `Reply`, the compiler would not name the half
/// that is the reason.
pub fn fail<C: Channel, E: IntoFault>(socket: &Socket<C>, error: E) -> Flow {
    fault(socket, error.into_fault())
}

/// For the generated `..ToClient` enum's `Reply`.
pub fn reply_one_of<C: Channel<ToClient = T>, T: Messages>(socket: &Socket<C>, message: &T) -> Flow {
    socket.answer_one_of(message);
    Flow::Continue
}

/// `AnswerOf::<C, R>::ANSWER`: the description of an answer, found as in `describe::probe`.
pub struct AnswerOf<C, R>(PhantomData<(C, R)>);

impl<C: Channel, R: Reply<C>> AnswerOf<C, R> {
    /// What the handler answers.
    pub const ANSWER: AnswerShape = R::ANSWER;
}

impl<C, R> NoAnswer for AnswerOf<C, R> {}
