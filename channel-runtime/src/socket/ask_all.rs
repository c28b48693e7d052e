//! A question to all clients of an audience, with one outcome for each.

use std::fmt;
use std::future::pending;
use std::marker::PhantomData;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Weak};
use std::task::{Context, Poll};
use std::time::Duration;

use futures_util::Stream;
use tokio::runtime::Handle;
use tokio::sync::{mpsc, oneshot};
use tokio::task::yield_now;
use tokio::time::{Instant, sleep_until};

use crate::channel::{Channel, SentBy};
use crate::connection::id::ConnectionId;
use crate::protocol::envelope::Envelope as _;
use crate::protocol::question::{Question, ReadAnswer};
use crate::room::member::Member;
use crate::socket::alone;
use crate::socket::ask::{USUAL_TIME, answers, asks, question_frame, read};
use crate::socket::ask_error::AskError;
use crate::socket::audience::{Audience, IsSeveral};
use crate::socket::node::Node;
use crate::socket::one_node;
use crate::socket::questions::{self, AskedClient, Asker, Deadline, NewQuestion, Number, Outcome, Timer, expire};
use crate::wire::deflate::{PreparedFrame, Windows};
use crate::wire::frame::Frame;

/// How long the answers to one question may be together, in bytes of their JSON, and of the frames that decline.
const MOST_BYTES: usize = 1 << 20;

/// How many are told that their time is over between two turns of other tasks.
const SHARE: usize = 256;

/// A question to the clients of an audience that is not sent yet, from [`Audience::ask`]. It is sent by [`all`](Self::all) and
/// [`each`](Self::each).
#[must_use = "a question is sent by `all` or `each`"]
pub struct AskAll<C, K, M> {
    audience: Audience<C, K>,
    message: M,
    within: Duration,
}

impl<C: Channel, K: IsSeveral> Audience<C, K> {
    /// Asks each client of the audience, as [`Socket::ask`](crate::Socket::ask) asks one. Each has one outcome, by the deadline: its
    /// answer, or why there is none. The message is encoded once.
    ///
    /// ```
    /// # use channel_runtime::{Socket, channel, message};
    /// # use std::time::Duration;
    /// #[message(type = "ready", answer = bool)]
    /// pub struct Ready {}
    ///
    /// pub struct AllReady(bool);
    ///
    /// # #[channel("/game/:id")] pub struct Game { id: u32 }
    /// #[channel(sends(Ready))]
    /// impl Game {
    ///     #[message(type = "start")]
    ///     fn start(&self, socket: &Socket<Self>) {
    ///         let socket = socket.clone();
    ///         tokio::spawn(async move {
    ///             let outcomes = socket.others().ask(Ready {}).within(Duration::from_secs(5)).all().await;
    ///             socket.notify(AllReady(outcomes.iter().all(|(_, ready)| matches!(ready, Ok(true)))));
    ///         });
    ///     }
    ///
    ///     #[notice]
    ///     fn all_ready(&mut self, n: AllReady) {
    ///         println!("everybody is ready: {}", n.0);
    ///     }
    /// }
    /// ```
    ///
    /// A client that leaves is [`AskError::Gone`] at once, and one that can't be asked [`AskError::Unsupported`]. Who joins later is
    /// not asked. The answers of all clients may be 1 MiB long together, and so may the frames that
    /// decline with them; one beyond that is [`AskError::TooLong`], and counts no more.
    ///
    /// In a cluster it asks the clients of this node, as [`len`](Self::len) counts them. While other nodes have clients, the log warns
    /// of that, once for each type of a question. To ask all, [`notify`](Self::notify) the audience, and ask by
    /// [`Socket::ask`](crate::Socket::ask) in the notice's handler, which runs on each client's own node.
    pub fn ask<M: Question + SentBy<C>>(&self, message: M) -> AskAll<C, K, M> {
        const { _ = asks::<C, M>() };
        AskAll { audience: self.clone(), message, within: USUAL_TIME }
    }
}

impl<C: Channel, K: IsSeveral, M: Question + SentBy<C>> AskAll<C, K, M> {
    /// Sets how long the clients have to answer, from when the question is sent. Without it, 10 s. In an envelope with
    /// [`Asks::OneByOne`](crate::envelope::Asks::OneByOne) the time that the question waits behind others counts.
    pub fn within(self, time: Duration) -> Self {
        Self { within: time, ..self }
    }

    /// Sends the question, and waits for the outcomes: one for each who was asked, in the order in which they arrived. Empty if
    /// the audience was, on this node.
    ///
    /// A handler that waits here holds up its client's other messages, as [`Socket::ask`](crate::Socket::ask) tells, and, if it
    /// answers a request, the stop of the server too: until the last outcome, which is there by the deadline. A client that the
    /// server disconnects meanwhile is [`AskError::Gone`] when its connection has ended.
    pub async fn all(self) -> Vec<(ConnectionId, Result<M::Answer, AskError>)> {
        alone::warn_of_asking::<C>(M::TYPE);
        let mut each = self.each();
        let mut all = Vec::with_capacity(each.outcomes.len());
        while let Some(outcome) = each.next().await {
            all.push(outcome);
        }
        all
    }

    /// Sends the question now. The outcomes are a stream, each as soon as it is known. If it is dropped, nobody is told any more.
    ///
    /// ```
    /// # use channel_runtime::{Hub, channel, message};
    /// # #[message(type = "vote", answer = String)] pub struct Vote { of: String }
    /// # #[channel("/jury")] pub struct Jury;
    /// # #[channel(sends(Vote))] impl Jury {}
    /// async fn vote(jury: &Hub<Jury>) {
    ///     let mut votes = jury.all().ask(Vote { of: "the pie".into() }).each();
    ///     while let Some((connection, vote)) = votes.next().await {
    ///         println!("{connection}: {vote:?}");
    ///     }
    /// }
    /// ```
    pub fn each(self) -> Outcomes<M::Answer> {
        let Self { audience, message, within } = self;
        let node = audience.hub().node();
        one_node::warn_of_asking::<C>(node, M::TYPE);
        let members = audience.lookup().members();
        let number = Number::next();
        let (sender, outcomes) = mpsc::unbounded_channel();
        let gathered = Arc::new(Gathered { outcomes: sender, bytes: AtomicUsize::new(0) });
        let (all_are_asked, asked) = oneshot::channel();
        let timer = timer(node, &members, number, within, asked);
        let mut frames =
            Frames::<C, M> { message: &message, number, node, members: &members, made: None, channel: PhantomData };
        for member in &members {
            let client = AskedClient::new(node, member);
            let asker = Box::new(OneOf { gathered: Some(Arc::clone(&gathered)), id: member.id });
            let frame = match answers::<M::Envelope>(member) {
                true => frames.of(member),
                false => Err(AskError::Unsupported),
            };
            match frame {
                Ok(frame) => {
                    let deadline = Deadline::OfAll { _timer: timer.clone() };
                    let asks = const { asks::<C, M>() };
                    questions::ask(&client, NewQuestion { number, kind: M::TYPE, frame, deadline, asks }, asker);
                }
                Err(error) => {
                    if let AskError::Unsupported = error {
                        client.can_not_be_asked(M::TYPE);
                    }
                    questions::refuse(&client, error, asker);
                }
            }
        }
        // Not before: the time of who is asked after it was over would never end.
        drop(all_are_asked);
        Outcomes { outcomes }
    }
}

/// The question as each client reads it: one frame, but where an envelope has topics, a frame for each.
struct Frames<'a, C, M> {
    message: &'a M,
    number: Number,
    node: &'a Node,
    members: &'a [Arc<Member>],
    made: Option<(&'a Arc<str>, PreparedFrame)>,
    channel: PhantomData<fn() -> C>,
}

impl<'a, C: Channel, M: SentBy<C>> Frames<'a, C, M> {
    fn of(&mut self, member: &'a Arc<Member>) -> Result<Frame, AskError> {
        let path = member.own_room.name();
        let is_for = |made: &str| (const { !M::Envelope::PLACES.has_topics() }) || *made == **path;
        if !self.made.as_ref().is_some_and(|(made, _)| is_for(made)) {
            let frame = question_frame::<C, M>(self.message, self.number, path)?;
            let frame = match self.node.compression() {
                Some(compression) => {
                    let windows = Windows::of(self.members.iter().map(|member| member.deflate));
                    PreparedFrame::new(frame, windows, compression)
                }
                None => PreparedFrame::plain(frame),
            };
            self.made = Some((path, frame));
        }
        let (_, made) = self.made.as_ref().expect("it was made above");
        Ok(made.of(member.deflate).clone())
    }
}

/// `None` where no runtime could wake it: in a test that calls a handler by itself.
fn timer(
    node: &Arc<Node>,
    members: &[Arc<Member>],
    number: Number,
    within: Duration,
    all_are_asked: oneshot::Receiver<()>,
) -> Option<Arc<Timer>> {
    let of_members = members.iter().find_map(|one| one.apart.runtime.clone());
    let runtime = of_members.or_else(|| Handle::try_current().ok())?;
    let start = Instant::now();
    let node = Arc::clone(node);
    // Who has left is not kept until then.
    let asked: Vec<_> = members.iter().map(Arc::downgrade).collect();
    let task = runtime.spawn(async move {
        _ = all_are_asked.await;
        match start.checked_add(within) {
            Some(deadline) => sleep_until(deadline).await,
            None => pending().await,
        }
        for share in asked.chunks(SHARE) {
            for member in share.iter().filter_map(Weak::upgrade) {
                expire(&AskedClient::new(&node, &member), number);
            }
            yield_now().await;
        }
    });
    Some(Arc::new(Timer::of(task.abort_handle())))
}

/// The outcomes of a question to several clients, each with the connection that it is of; from [`AskAll::each`].
#[derive(Debug)]
pub struct Outcomes<A> {
    outcomes: mpsc::UnboundedReceiver<(ConnectionId, Result<A, AskError>)>,
}

impl<A> Outcomes<A> {
    /// The next outcome. `None` after the last.
    pub async fn next(&mut self) -> Option<(ConnectionId, Result<A, AskError>)> {
        self.outcomes.recv().await
    }
}

impl<A> Stream for Outcomes<A> {
    type Item = (ConnectionId, Result<A, AskError>);

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.outcomes.poll_recv(cx)
    }
}

struct Gathered<A> {
    outcomes: mpsc::UnboundedSender<(ConnectionId, Result<A, AskError>)>,
    /// Of the answers until now.
    bytes: AtomicUsize,
}

/// Who is told of one client. It tells one outcome, also if it is dropped.
struct OneOf<A> {
    gathered: Option<Arc<Gathered<A>>>,
    id: ConnectionId,
}

impl<A: ReadAnswer> Asker for OneOf<A> {
    fn is_gone(&self) -> bool {
        self.gathered.as_ref().is_none_or(|gathered| gathered.outcomes.is_closed())
    }

    fn tell(mut self: Box<Self>, _: &Member, outcome: Outcome<'_>) {
        let Some(gathered) = self.gathered.clone() else { return };
        if self.is_gone() {
            return;
        }
        let len = match &outcome {
            Outcome::Answer { json, .. } => json.len(),
            Outcome::Declined { len, .. } => *len,
            Outcome::Error(_) => 0,
        };
        let fits = |sum: usize| Some(sum + len).filter(|sum| *sum <= MOST_BYTES);
        let is_too_long = len > 0 && gathered.bytes.fetch_update(Ordering::Relaxed, Ordering::Relaxed, fits).is_err();
        // Before it is taken, because reading may panic.
        let outcome = if is_too_long { Err(AskError::TooLong) } else { read(outcome) };
        self.gathered = None;
        // Refused if nobody waits any more.
        _ = gathered.outcomes.send((self.id, outcome));
    }
}

impl<A> Drop for OneOf<A> {
    fn drop(&mut self) {
        if let Some(gathered) = self.gathered.take() {
            _ = gathered.outcomes.send((self.id, Err(AskError::Gone)));
        }
    }
}

impl<C: Channel, K, M: Question> fmt::Debug for AskAll<C, K, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AskAll")
            .field("audience", &self.audience)
            .field("kind", &M::TYPE)
            .field("within", &self.within)
            .finish()
    }
}
