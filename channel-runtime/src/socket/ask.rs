//! Questions to a client: messages that it answers.

use std::fmt;
use std::future::{Future, IntoFuture};
use std::marker::PhantomData;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::{Either, select};
use tokio::sync::oneshot;

use crate::channel::{Channel, SentBy};
use crate::protocol::codec::{EncodeError, Head};
use crate::protocol::const_text::ConstText;
use crate::protocol::envelope::{Asks, Envelope, Places, in_topic};
use crate::protocol::question::{Question, ReadAnswer};
use crate::room::member::Member;
use crate::socket::Socket;
use crate::socket::alone;
use crate::socket::ask_error::AskError;
use crate::socket::audience::{Audience, OneConnection};
use crate::socket::frames::frame_of;
use crate::socket::node::Node;
use crate::socket::notify::{NoticeFor, tell};
use crate::socket::push::for_one;
use crate::socket::questions::{self, AskedClient, Asker, Deadline, NewQuestion, Number, Outcome};
use crate::wire::frame::{Frame, Opcode};

pub(super) const USUAL_TIME: Duration = Duration::from_secs(10);

/// A question to a client that is not sent yet, and is answered by an `A`; from [`Socket::ask`] and
/// [`hub.connection(id).ask(..)`](Audience::ask). It is sent when it is awaited, or by [`notify`](Self::notify).
#[must_use = "a question is sent when it is awaited, or by `notify`"]
pub struct Ask<C, A> {
    /// `None` if it is not connected here.
    client: Option<AskedClient>,
    question: Result<NewQuestion, AskError>,
    of: PhantomData<fn() -> (C, A)>,
}

impl<C: Channel> Socket<C> {
    /// Asks this client: sends a message that it answers, and waits for the answer. The message says what is answered, by
    /// `answer = ..`, and the channel lists it in `sends(..)`. Several clients are asked by an [audience](Audience::ask).
    ///
    /// In the default envelope those are asked that offer `channels.hello`, as generated clients do. Others can't answer, so that the
    /// outcome is [`AskError::Unsupported`] at once. Another [`Envelope`](crate::Envelope) needs a place for questions, as
    /// [`JsonRpc`](crate::envelope::JsonRpc) has one; in one without it is an error when the program is built:
    /// see [below](#an-envelope-without-questions).
    ///
    /// ```
    /// # use channel_runtime::{AskError, Socket, channel, message};
    /// # use serde::Deserialize;
    /// # use std::time::Duration;
    /// #[message(type = "start", answer = Started)]
    /// pub struct Start { pub connector: u32 }
    ///
    /// #[derive(Deserialize)]
    /// pub struct Started { pub status: String }
    ///
    /// # #[channel("/charger/:name")] pub struct Charger { name: String }
    /// # #[channel(sends(Start))] impl Charger {}
    /// /// In a task that a handler starts, with a clone of its socket.
    /// async fn start(socket: Socket<Charger>) -> Result<String, AskError> {
    ///     let started = socket.ask(Start { connector: 1 }).within(Duration::from_secs(30)).await?;
    ///     Ok(started.status)
    /// }
    /// ```
    ///
    /// **In a handler** write [`notify`](Ask::notify) rather than `.await`. An answer is received while a handler awaits it, but its
    /// client's other messages wait until the handler returns, and [`handler_timeout`](crate::Config::handler_timeout) continues to
    /// run. If that client has sent over 64 KiB that are not handled yet, nothing more is read from it, and not the answer either. A
    /// `concurrent` handler may await: other handlers with `&self` run beside it; what runs alone, and all behind that, waits. If
    /// another handler of a message awaits an answer, a build with `debug_assertions` logs a warning, once for each type of a question.
    ///
    /// An answer overtakes messages that were received before it and are not handled yet; in a batch only if the batch holds nothing
    /// else. It counts as a frame for [`message_rate`](crate::Config::message_rate), and not as a message. At most 16 questions to a
    /// client are open at a time. In an envelope with [`Asks::OneByOne`](crate::envelope::Asks::OneByOne) one is sent at a time, and
    /// up to 255 others wait for it. Rules of `validate` are not checked in an answer.
    ///
    /// If what is awaited is dropped, a question that waits is not sent any more. One that was sent stays open until it is answered
    /// or its time is over, and nobody is told.
    ///
    /// # Errors
    /// See [`AskError`]. Each question has one outcome.
    ///
    /// # An envelope without questions
    /// This does not build:
    ///
    /// ```compile_fail,E0080
    /// # use channel_runtime::envelope::Bare;
    /// # use channel_runtime::{Socket, channel, channels, message};
    /// #[message(type = "start", answer = bool)]
    /// pub struct Start {}
    ///
    /// # #[channel("/lamp")] pub struct Lamp;
    /// #[channel(sends(Start), envelope = Bare)]
    /// impl Lamp {
    ///     #[message(type = "on")]
    ///     async fn on(&self, socket: &Socket<Self>) {
    ///         _ = socket.ask(Start {}).await;
    ///     }
    /// }
    /// # fn main() { _ = channels![Lamp].app(()); }
    /// ```
    pub fn ask<M: Question + SentBy<C>>(&self, message: M) -> Ask<C, M::Answer> {
        Ask::to(self.node(), self.member(), &message)
    }
}

impl<C: Channel> Audience<C, OneConnection> {
    /// Asks this client, as [`Socket::ask`] does. One that is not connected here is [`AskError::Gone`]: in a cluster also one that is
    /// connected to another node. By [`notify`](Ask::notify) it is the client's own handler that is told, if there is one.
    ///
    /// ```
    /// # use channel_runtime::{AskError, ConnectionId, Hub, channel, message};
    /// # #[message(type = "confirm", answer = bool)] pub struct Confirm { text: String }
    /// # #[channel("/desk")] pub struct Desk;
    /// # #[channel(sends(Confirm))] impl Desk {}
    /// async fn confirm(desks: &Hub<Desk>, id: ConnectionId) -> Result<bool, AskError> {
    ///     desks.connection(id).ask(Confirm { text: "all of it?".into() }).await
    /// }
    /// ```
    pub fn ask<M: Question + SentBy<C>>(&self, message: M) -> Ask<C, M::Answer> {
        match self.lookup().members().first() {
            Some(member) => Ask::to(self.hub().node(), member, &message),
            None => Ask { client: None, question: Err(AskError::Gone), of: PhantomData },
        }
    }
}

/// Fails a constant if its envelope has no place for questions. Returns how the channel's clients are asked.
#[track_caller]
pub(super) const fn asks<C: Channel, M: SentBy<C>>() -> Asks {
    may_ask(M::Envelope::PLACES, M::Envelope::NAME, M::TYPE);
    match M::Envelope::PLACES.asks() {
        Some(asks) => asks,
        None => Asks::OneByOne,
    }
}

/// Whether the client answers questions: in the framework's own envelope, those do that say so.
pub(super) fn answers<E: Envelope>(member: &Member) -> bool {
    (const { !E::IS_FLAT }) || member.outbox().is_knowing()
}

/// Fails a constant if the envelope has no place for questions.
#[track_caller]
const fn may_ask(places: Places, envelope: &str, kind: &str) {
    if places.asks().is_none() {
        let text = ConstText::concat(&[
            "\"",
            kind,
            "\" can't be asked: the channel's envelope, ",
            envelope,
            ", has no place for questions\n\
             take the default one, name one that has, such as `#[channel(envelope = JsonRpc)]`, or send the message, and let the client answer by one of its own",
        ]);
        panic!("{}", text.as_str());
    }
}

impl<C: Channel, A: ReadAnswer> Ask<C, A> {
    fn to<M: Question<Answer = A> + SentBy<C>>(node: &Arc<Node>, member: &Arc<Member>, message: &M) -> Self {
        let asks = const { asks::<C, M>() };
        let number = Number::next();
        let frame = match answers::<M::Envelope>(member) {
            true => question_frame::<C, M>(message, number, member.own_room.name()).map_err(AskError::from),
            false => Err(AskError::Unsupported),
        };
        let client = AskedClient::new(node, member);
        if let Err(AskError::Unsupported) = frame {
            client.can_not_be_asked(M::TYPE);
        }
        let question = frame.map(|frame| {
            let frame = for_one(node, member, frame);
            NewQuestion { number, kind: M::TYPE, frame, deadline: Deadline::Own(USUAL_TIME), asks }
        });
        Self { client: Some(client), question, of: PhantomData }
    }

    /// Sets how long the client has to answer, from when the question is sent. Without it, 10 s. The time that a question waits
    /// behind others, in an envelope with [`Asks::OneByOne`](crate::envelope::Asks::OneByOne), does not count.
    pub fn within(self, time: Duration) -> Self {
        let deadline = Deadline::Own(time);
        Self { question: self.question.map(|question| NewQuestion { deadline, ..question }), ..self }
    }

    /// Sends the question, and what becomes of it as a notice to this connection's own handler. `notice` makes the notice, such as
    /// the name of a tuple struct:
    ///
    /// ```
    /// # use channel_runtime::{AskError, Socket, channel, message};
    /// #[message(type = "confirm", answer = bool)]
    /// pub struct Confirm { pub text: String }
    ///
    /// pub struct Confirmed(Result<bool, AskError>);
    ///
    /// # #[channel("/desk")] pub struct Desk { #[state] confirmed: u32 }
    /// #[channel(sends(Confirm))]
    /// impl Desk {
    ///     #[message(type = "delete")]
    ///     fn delete(&mut self, socket: &Socket<Self>) {
    ///         socket.ask(Confirm { text: "all of it?".into() }).notify(Confirmed);
    ///     }
    ///
    ///     #[notice]
    ///     fn confirmed(&mut self, n: Confirmed) {
    ///         match n.0 {
    ///             Ok(yes) => self.confirmed += u32::from(yes),
    ///             Err(error) => println!("{error}"),
    ///         }
    ///     }
    /// }
    /// ```
    ///
    /// A question that is not sent is told in the same way. If the connection ends first, `notice` is called, and the notice is
    /// refused: `on_close` is what runs. It is refused, too, if 256 wait already.
    ///
    /// `notice` runs where the answer is read, and must not wait. If it panics, the connection is closed.
    pub fn notify<N: NoticeFor<C>>(self, notice: impl FnOnce(Result<A, AskError>) -> N + Send + 'static) {
        self.send(Box::new(Notifies { notice, of: PhantomData::<fn(C, A)> }));
    }

    fn send(self, asker: Box<dyn Asker>) {
        let Some(client) = self.client else { return };
        match self.question {
            Ok(question) => questions::ask(&client, question, asker),
            Err(error) => questions::refuse(&client, error, asker),
        }
    }
}

/// `path` is that of the client's own room, for the topic.
pub(super) fn question_frame<C: Channel, M: SentBy<C>>(
    message: &M,
    number: Number,
    path: &str,
) -> Result<Frame, EncodeError> {
    let reference = number.reference();
    let head = Head { reference: Some(&reference), room: None };
    frame_of(Opcode::Text, |json| in_topic::<M::Envelope, _>(head, path, |head| M::Envelope::ask(message, head, json)))
}

impl<C: Channel, A: ReadAnswer> IntoFuture for Ask<C, A> {
    type Output = Result<A, AskError>;
    type IntoFuture = Pin<Box<dyn Future<Output = Result<A, AskError>> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        if let Ok(question) = &self.question {
            alone::warn_of_asking::<C>(question.kind);
        }
        Box::pin(async move {
            let Some(client) = self.client.clone() else { return Err(AskError::Gone) };
            let (sender, receiver) = oneshot::channel();
            self.send(Box::new(Awaits::<A>(sender)));
            // A call that waits for its own client would else wait for an answer that is no longer read.
            match select(receiver, pin!(client.member().outbox().closed())).await {
                Either::Left((answered, _)) => answered.unwrap_or(Err(AskError::Gone)),
                Either::Right(_) => Err(AskError::Gone),
            }
        })
    }
}

impl<C, A> fmt::Debug for Ask<C, A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("Ask");
        shown.field("connection", &self.client.as_ref().map(|client| client.member().id));
        match &self.question {
            Ok(question) => shown.field("kind", &question.kind),
            Err(error) => shown.field("error", error),
        };
        shown.finish()
    }
}

pub(super) fn read<A: ReadAnswer>(outcome: Outcome<'_>) -> Result<A, AskError> {
    match outcome {
        Outcome::Answer { kind, text, json } => A::read(text, kind, json).map_err(AskError::Invalid),
        Outcome::Declined { fault, .. } => Err(AskError::Failed(fault)),
        Outcome::Error(error) => Err(error),
    }
}

struct Awaits<A>(oneshot::Sender<Result<A, AskError>>);

impl<A: ReadAnswer> Asker for Awaits<A> {
    fn is_gone(&self) -> bool {
        self.0.is_closed()
    }

    fn tell(self: Box<Self>, _: &Member, outcome: Outcome<'_>) {
        if !self.is_gone() {
            // Dropped if nobody waits any more.
            drop(self.0.send(read(outcome)));
        }
    }
}

struct Notifies<F, T> {
    notice: F,
    of: PhantomData<T>,
}

impl<C, A, N, F> Asker for Notifies<F, fn(C, A)>
where
    C: Channel,
    A: ReadAnswer,
    N: NoticeFor<C>,
    F: FnOnce(Result<A, AskError>) -> N + Send + 'static,
{
    fn is_gone(&self) -> bool {
        false
    }

    fn tell(self: Box<Self>, member: &Member, outcome: Outcome<'_>) {
        let is_over = matches!(outcome, Outcome::Error(AskError::Gone));
        let notice = (self.notice)(read(outcome));
        if is_over {
            return;
        }
        // Refused if the connection ends, or as many notices wait as may, which is logged.
        _ = tell::<C, N>(member, notice);
    }
}
