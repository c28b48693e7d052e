//! Questions to a client: messages that it answers.

use std::fmt;
use std::future::{Future, IntoFuture};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::{Either, select};
use tokio::sync::oneshot;

use crate::channel::{Channel, SentBy};
use crate::protocol::codec::{self, EncodeError, Head};
use crate::protocol::envelope::{Asks, Envelope, in_topic};
use crate::protocol::message::Message;
use crate::protocol::question::Question;
use crate::room::member::Member;
use crate::socket::Socket;
use crate::socket::ask_error::AskError;
use crate::socket::frames::frame_of;
use crate::socket::notify::{NoticeFor, tell};
use crate::socket::questions::{self, AskedClient, Asker, NewQuestion, Number, Outcome};
use crate::wire::frame::{Frame, Opcode};

const USUAL_TIME: Duration = Duration::from_secs(10);

/// A question to a client that is not sent yet; from [`Socket::ask`]. It is sent when it is awaited, or by
/// [`notify`](Self::notify).
#[must_use = "a question is sent when it is awaited, or by `notify`"]
pub struct Ask<C, M> {
    socket: Socket<C>,
    message: M,
    within: Duration,
}

type Answered<M> = Result<<M as Question>::Answer, AskError>;

impl<C: Channel> Socket<C> {
    /// Asks this client: sends a message that it answers, and waits for the answer. The message says what is answered, by
    /// `answer = ..`, and the channel lists it in `sends(..)`. It takes an [`Envelope`](crate::Envelope) with a place for questions,
    /// such as [`JsonRpc`](crate::envelope::JsonRpc); in another it is an error when the program is built.
    ///
    /// ```
    /// # use channel_runtime::envelope::JsonRpc;
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
    /// # #[channel(sends(Start), envelope = JsonRpc)] impl Charger {}
    /// /// In a task: with a socket that a handler has cloned, or one of a hub.
    /// async fn start(socket: Socket<Charger>) -> Result<String, AskError> {
    ///     let started = socket.ask(Start { connector: 1 }).within(Duration::from_secs(30)).await?;
    ///     Ok(started.status)
    /// }
    /// ```
    ///
    /// **In a handler** write [`notify`](Ask::notify) rather than `.await`: while a handler awaits, its client's messages wait for
    /// it, though not the answer. If that client has sent over 64 KiB that are not handled yet, nothing more is read from it, and
    /// the answer is not received before the handler returns. A `concurrent` handler may await, as long as nothing that runs alone
    /// waits behind it.
    ///
    /// An answer overtakes messages that were received before it and are not handled yet. At most 256 questions to a client are open
    /// at a time. In an envelope with [`Asks::OneByOne`](crate::envelope::Asks::OneByOne) one is sent at a time, and the others wait
    /// for it, encoded. Rules of `validate` are not checked in an answer.
    ///
    /// If what is awaited is dropped, a question that waits is not sent any more. One that was sent stays open until it is answered
    /// or its time is over, and nobody is told.
    ///
    /// # Errors
    /// See [`AskError`]. Each question has one outcome.
    pub fn ask<M: Question + SentBy<C>>(&self, message: M) -> Ask<C, M> {
        const {
            assert!(
                <M as SentBy<C>>::Envelope::PLACES.asks().is_some(),
                "the channel's envelope has no place for questions: send a message, and let the client answer by one of its own",
            );
        }
        let socket = Socket::new(Arc::clone(self.node()), Arc::clone(self.member()));
        Ask { socket, message, within: USUAL_TIME }
    }
}

impl<C: Channel, M: Question + SentBy<C>> Ask<C, M> {
    /// Sets how long the client has to answer, from when the question is sent. Without it, 10 s. The time that a question waits
    /// behind others, in an envelope with [`Asks::OneByOne`](crate::envelope::Asks::OneByOne), does not count.
    pub fn within(self, time: Duration) -> Self {
        Self { within: time, ..self }
    }

    /// Sends the question, and what becomes of it as a notice to this connection's own handler. `notice` makes the notice, such as
    /// the name of a tuple struct:
    ///
    /// ```
    /// # use channel_runtime::envelope::JsonRpc;
    /// # use channel_runtime::{AskError, Socket, channel, message};
    /// #[message(type = "confirm", answer = bool)]
    /// pub struct Confirm { pub text: String }
    ///
    /// pub struct Confirmed(Result<bool, AskError>);
    ///
    /// # #[channel("/desk")] pub struct Desk { #[state] confirmed: u32 }
    /// #[channel(sends(Confirm), envelope = JsonRpc)]
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
    /// A question that is not sent is told in the same way. If the connection ends first, no notice is handled: `on_close` is what
    /// runs. A notice is refused if 256 wait already.
    ///
    /// `notice` runs where the answer is read, and must not wait. If it panics, the connection is closed.
    pub fn notify<N: NoticeFor<C>>(self, notice: impl FnOnce(Answered<M>) -> N + Send + 'static) {
        self.send(Box::new(Notifies { notice, of: std::marker::PhantomData::<fn(M, C)> }));
    }

    fn send(self, asker: Box<dyn Asker>) {
        let Self { socket, message, within } = self;
        let number = Number::next();
        let asks = <M as SentBy<C>>::Envelope::PLACES.asks().unwrap_or(Asks::OneByOne);
        let frame = question_frame(&socket, &message, number);
        match frame {
            Ok(frame) => questions::ask(
                &AskedClient::new(socket.node(), socket.member()),
                NewQuestion { number, frame, within, asks },
                asker,
            ),
            Err(error) => {
                if let EncodeError::NoPlace { kind } = error {
                    socket.unsaid(kind);
                }
                asker.tell(socket.member(), Outcome::Error(error.into()));
            }
        }
    }
}

fn question_frame<C: Channel, M: SentBy<C>>(
    socket: &Socket<C>,
    message: &M,
    number: Number,
) -> Result<Frame, EncodeError> {
    let reference = number.reference();
    let head = Head { reference: Some(&reference), room: None };
    let path = socket.member().own_room.name();
    frame_of(Opcode::Text, |json| in_topic::<M::Envelope, _>(head, path, |head| M::Envelope::ask(message, head, json)))
}

impl<C: Channel, M: Question + SentBy<C>> IntoFuture for Ask<C, M> {
    type Output = Answered<M>;
    type IntoFuture = Pin<Box<dyn Future<Output = Answered<M>> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async move {
            let member = Arc::clone(self.socket.member());
            let (sender, receiver) = oneshot::channel();
            self.send(Box::new(Awaits::<M>(sender)));
            // A call that waits for its own client would else wait for an answer that is no longer read.
            match select(receiver, pin!(member.outbox().closed())).await {
                Either::Left((answered, _)) => answered.unwrap_or(Err(AskError::Gone)),
                Either::Right(_) => Err(AskError::Gone),
            }
        })
    }
}

impl<C: Channel, M: Message> fmt::Debug for Ask<C, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ask")
            .field("socket", &self.socket)
            .field("kind", &M::TYPE)
            .field("within", &self.within)
            .finish()
    }
}

fn read<M: Question>(outcome: Outcome<'_>) -> Answered<M> {
    match outcome {
        Outcome::Answer { text, json } => codec::read_value(text, M::TYPE, json).map_err(AskError::Invalid),
        Outcome::Error(error) => Err(error),
    }
}

struct Awaits<M: Question>(oneshot::Sender<Answered<M>>);

impl<M: Question> Asker for Awaits<M> {
    fn is_gone(&self) -> bool {
        self.0.is_closed()
    }

    fn tell(self: Box<Self>, _: &Member, outcome: Outcome<'_>) {
        if !self.is_gone() {
            // Dropped if nobody waits any more.
            drop(self.0.send(read::<M>(outcome)));
        }
    }
}

struct Notifies<F, T> {
    notice: F,
    of: std::marker::PhantomData<T>,
}

impl<C, M, N, F> Asker for Notifies<F, fn(M, C)>
where
    C: Channel,
    M: Question,
    N: NoticeFor<C>,
    F: FnOnce(Answered<M>) -> N + Send + 'static,
{
    fn is_gone(&self) -> bool {
        false
    }

    fn tell(self: Box<Self>, member: &Member, outcome: Outcome<'_>) {
        let notice = (self.notice)(read::<M>(outcome));
        // Refused if the connection ends, or as many notices wait as may, which is logged.
        _ = tell::<C, N>(member, notice);
    }
}
