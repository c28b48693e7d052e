//! The questions to one client that are open, each with who is told the answer.
//!
//! They are made by the first question. Each is told exactly one outcome, or dropped with its connection: an answer, the client's
//! error, that its time is over, or that the connection ends. Nothing of the user's runs under their lock.

mod number;

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::runtime::Handle;
use tokio::task::AbortHandle;
use tokio::time::sleep;

use crate::channel::Channel;
use crate::connection::contained::{Contained, contain};
use crate::connection::outbox::Sender;
use crate::protocol::codec::DecodeError;
use crate::protocol::envelope::{Asks, Envelope as _, Incoming, ReceivedAnswer};
use crate::protocol::fault::Fault;
use crate::room::member::Member;
use crate::socket::Socket;
use crate::socket::ask_error::AskError;
use crate::socket::node::Node;
use crate::socket::push::pushed;
use crate::wire::close::{Close, CloseCode, ClosedBy};
use crate::wire::frame::Frame;

pub(crate) use self::number::Number;

/// How many to one client are sent and not answered.
pub(crate) const MOST_OPEN: usize = 16;
/// How many there are with those that wait to be sent, where one is answered at a time.
pub(crate) const MOST_WAITING: usize = 256;

/// Who is told what became of a question.
pub(crate) trait Asker: Send {
    /// Nobody would be told any more.
    fn is_gone(&self) -> bool;

    fn tell(self: Box<Self>, member: &Member, outcome: Outcome<'_>);
}

pub(crate) enum Outcome<'a> {
    /// The answer as JSON, a slice of the text, to a question of this type.
    Answer {
        kind: &'static str,
        text: &'a str,
        json: &'a str,
    },
    /// By a frame of so many bytes.
    Declined {
        fault: Fault,
        len: usize,
    },
    Error(AskError),
}

#[derive(Clone)]
pub(crate) struct AskedClient {
    node: Arc<Node>,
    member: Arc<Member>,
}

impl AskedClient {
    pub fn new(node: &Arc<Node>, member: &Arc<Member>) -> Self {
        Self { node: Arc::clone(node), member: Arc::clone(member) }
    }

    pub fn member(&self) -> &Member {
        &self.member
    }

    /// The client, or its envelope, takes no questions.
    pub fn can_not_be_asked(&self, kind: &'static str) {
        let counters = self.node.counters(self.member.channel());
        counters.unwritten.add(1);
        tracing::debug!(channel = counters.channel, connection = %self.member.id, kind, "the client can't be asked");
    }
}

pub(crate) struct NewQuestion {
    pub number: Number,
    pub kind: &'static str,
    /// As this client reads it: compressed, if that was agreed.
    pub frame: Frame,
    pub deadline: Deadline,
    pub asks: Asks,
}

/// When a question that is not answered is over.
#[derive(Clone)]
pub(crate) enum Deadline {
    /// So long after it is sent.
    Own(Duration),
    /// At the deadline of the whole audience: its task ends [each](expire).
    OfAll {
        /// It ends with the last of their questions. `None` if no runtime could wake it.
        _timer: Option<Arc<Timer>>,
    },
}

struct Question {
    asker: Contained<Box<dyn Asker>>,
    kind: &'static str,
    deadline: Deadline,
    is_sent: bool,
    _timer: Option<Timer>,
}

impl Question {
    /// It is sent now.
    fn begin(&mut self, client: &AskedClient, number: Number) {
        self.is_sent = true;
        if let Deadline::Own(within) = self.deadline {
            self._timer = timer(client, number, within);
        }
    }
}

/// The task that waits for a deadline, which ends with this.
pub(crate) struct Timer(AbortHandle);

impl Timer {
    pub fn of(task: AbortHandle) -> Self {
        Self(task)
    }
}

impl Drop for Timer {
    fn drop(&mut self) {
        self.0.abort();
    }
}

#[derive(Default)]
struct Questions(Mutex<Open>);

#[derive(Default)]
struct Open {
    by_number: HashMap<Number, Question>,
    /// With [`Asks::OneByOne`]: the one that was sent, and those behind it.
    sent: Option<Number>,
    unsent: VecDeque<(Number, Frame)>,
    is_over: bool,
}

impl Open {
    /// Makes room by those that wait to be sent and that nobody waits for any more. Returns whether there is room.
    fn has_room(&mut self, asks: Asks, dropped: &mut Vec<Question>) -> bool {
        let most = match asks {
            Asks::Many => MOST_OPEN,
            Asks::OneByOne => MOST_WAITING,
        };
        if self.by_number.len() >= most {
            let Self { by_number, unsent, .. } = self;
            unsent.retain(|(number, _)| match by_number.get(number) {
                Some(question) if question.asker.is_gone() => {
                    dropped.extend(by_number.remove(number));
                    false
                }
                question => question.is_some(),
            });
        }
        self.by_number.len() < most
    }

    /// The next that is to be sent, if none is sent and not answered.
    fn next(&mut self, client: &AskedClient, dropped: &mut Vec<Question>) -> Option<Frame> {
        while self.sent.is_none() {
            let (number, frame) = self.unsent.pop_front()?;
            match self.by_number.get_mut(&number) {
                Some(question) if question.asker.is_gone() => dropped.extend(self.by_number.remove(&number)),
                Some(question) => {
                    question.begin(client, number);
                    self.sent = Some(number);
                    return Some(frame);
                }
                None => {}
            }
        }
        None
    }

    /// A question that was sent. The others have no answer yet, though a client may guess their numbers.
    fn take(&mut self, number: Number) -> Option<Question> {
        if !self.by_number.get(&number)?.is_sent {
            return None;
        }
        self.remove(number)
    }

    fn remove(&mut self, number: Number) -> Option<Question> {
        self.sent.take_if(|sent| *sent == number);
        let taken = self.by_number.remove(&number);
        if taken.as_ref().is_some_and(|question| !question.is_sent) {
            self.unsent.retain(|(unsent, _)| *unsent != number);
        }
        if self.by_number.is_empty() {
            // An idle connection keeps no burst's worth of room.
            *self = Self { is_over: self.is_over, ..Self::default() };
        }
        taken
    }
}

fn questions(member: &Member) -> Option<&Questions> {
    member.apart.inbox.questions()
}

/// `None` where no runtime could wake it: in a test that calls a handler by itself.
fn timer(client: &AskedClient, number: Number, within: Duration) -> Option<Timer> {
    let runtime = client.member.apart.runtime.clone().or_else(|| Handle::try_current().ok())?;
    let client = client.clone();
    let task = runtime.spawn(async move {
        sleep(within).await;
        finish(&client, number, |_| Outcome::Error(AskError::TimedOut));
    });
    Some(Timer::of(task.abort_handle()))
}

/// Sends a question, or has it wait behind others. The asker is told if that is not possible.
pub(crate) fn ask(client: &AskedClient, question: NewQuestion, asker: Box<dyn Asker>) {
    let NewQuestion { number, kind, frame, deadline, asks } = question;
    let member = &client.member;
    let questions = member.apart.inbox.questions_or_made::<Questions>().expect("no other type is ever kept there");
    let mut dropped = Vec::new();
    let mut open = questions.0.lock();
    let refused = match () {
        () if open.is_over => Some(AskError::Gone),
        () if !open.has_room(asks, &mut dropped) => Some(AskError::TooMany),
        () => None,
    };
    if let Some(error) = refused {
        drop(open);
        return refuse(client, error, asker);
    }
    let mut question = Question { asker: Contained::new(asker), kind, deadline, is_sent: false, _timer: None };
    let to_send = match asks {
        Asks::Many => {
            question.begin(client, number);
            open.by_number.insert(number, question);
            Some(frame)
        }
        Asks::OneByOne => {
            open.by_number.insert(number, question);
            open.unsent.push_back((number, frame));
            open.next(client, &mut dropped)
        }
    };
    drop(open);
    if !member.outbox().client_is_here() {
        // It has said all that it says, maybe before its first question.
        return end(member);
    }
    send(client, to_send);
}

/// For a question that is not sent.
pub(crate) fn refuse(client: &AskedClient, error: AskError, asker: Box<dyn Asker>) {
    tell(&client.member, Contained::new(asker), Outcome::Error(error));
}

fn send(client: &AskedClient, to_send: Option<Frame>) {
    let Some(frame) = to_send else { return };
    let enqueued = client.member.outbox().push(frame, Sender::Own);
    if pushed(&client.node, &client.member, enqueued).refused > 0 {
        // The connection ends: those behind it would be refused, too.
        end(&client.member);
    }
}

/// Returns whether the question was open.
fn finish<'a>(client: &AskedClient, number: Number, outcome: impl FnOnce(&'static str) -> Outcome<'a>) -> bool {
    let Some(questions) = questions(&client.member) else { return false };
    let Some(question) = questions.0.lock().take(number) else { return false };
    tell(&client.member, question.asker, outcome(question.kind));
    send_next(client, questions);
    true
}

fn send_next(client: &AskedClient, questions: &Questions) {
    let mut dropped = Vec::new();
    let next = questions.0.lock().next(client, &mut dropped);
    send(client, next);
}

/// The time of all who were asked is over, of those too whose question waits to be sent.
pub(crate) fn expire(client: &AskedClient, number: Number) {
    let Some(questions) = questions(&client.member) else { return };
    let Some(question) = questions.0.lock().remove(number) else { return };
    tell(&client.member, question.asker, Outcome::Error(AskError::TimedOut));
    send_next(client, questions);
}

/// Reading the answer, and what is made of it, are the user's code: a panic in it closes this connection, as one in a message does.
fn tell(member: &Member, asker: Contained<Box<dyn Asker>>, outcome: Outcome<'_>) {
    if contain(|| asker.into_inner().tell(member, outcome)).is_err() {
        let (fault, id) = Fault::unexplained();
        tracing::error!(connection = %member.id, %id, "reading an answer panicked");
        let reason = format!("{} ({id})", fault.message);
        member.outbox().close(Close::new(ClosedBy::Panic, CloseCode::INTERNAL, reason));
    }
}

/// Whether any question is open, so that an answer may be received.
pub(crate) fn are_open(member: &Member) -> bool {
    questions(member).is_some_and(|questions| !questions.0.lock().by_number.is_empty())
}

/// Returns whether the text was the answer to an open question, or those to several.
pub(crate) fn take_answers(client: &AskedClient, text: &str, is_logged: bool) -> bool {
    let counters = client.node.counters(client.member.channel());
    // The envelope's code may be the user's. If it panics, the text is read once more as a message, which closes the connection.
    let answers = contain(|| counters.envelope.answers(text)).unwrap_or_default();
    let count = answers.len();
    let taken = answers.into_iter().filter_map(|answer| answered(client, text, answer).then_some(())).count();
    if taken > 0 {
        counters.unmatched_answers.add(count - taken);
        if is_logged {
            tracing::trace!(channel = counters.channel, connection = %client.member.id, payload = text, "received");
        }
    }
    taken > 0
}

/// Returns whether the answer was to an open question. `text` is the whole frame's.
pub(crate) fn answered(client: &AskedClient, text: &str, (reference, answer): ReceivedAnswer<'_>) -> bool {
    let Some(number) = Number::of(&reference) else { return false };
    finish(client, number, |kind| match answer {
        Ok(json) => Outcome::Answer { kind, text, json },
        Err(fault) => Outcome::Declined { fault: *fault, len: text.len() },
    })
}

/// An answer that was not taken when it was read: mostly to no open question.
pub(crate) fn answered_late<C: 'static>(socket: &Socket<C>, text: &str, answer: ReceivedAnswer<'_>) {
    if !answered(&AskedClient::new(socket.node(), socket.member()), text, answer) {
        let counters = socket.counters();
        counters.unmatched_answers.add(1);
        tracing::debug!(channel = counters.channel, connection = %socket.id(), "an answer to no open question");
    }
}

/// In the framework's own envelope. An answer has a type of the protocol's, which is no message's.
pub(crate) fn is_late_answer<C: Channel>(socket: &Socket<C>, text: &str, error: &DecodeError) -> bool {
    if !matches!(error, DecodeError::UnknownType { .. }) {
        return false;
    }
    let Ok(Incoming::Answer { reference, answer }) = C::Envelope::read(text) else { return false };
    answered_late(socket, text, (reference, answer));
    true
}

/// The client has said all that it says: it answers nothing more.
pub(crate) fn client_is_leaving(member: &Member) {
    member.outbox().client_is_leaving();
    end(member);
}

/// Tells all that wait that the connection has ended. No question is taken after that.
pub(crate) fn end(member: &Member) {
    let Some(questions) = questions(member) else { return };
    let ended = std::mem::replace(&mut *questions.0.lock(), Open { is_over: true, ..Open::default() });
    for question in ended.by_number.into_values() {
        tell(member, question.asker, Outcome::Error(AskError::Gone));
    }
}
