//! A socket without a client, for tests that call a handler directly.

use std::any::Any;
use std::any::TypeId;
use std::collections::VecDeque;
use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

use parking_lot::Mutex;

use crate::channel::Channel;
use crate::channel::hook_arguments::NamesApp;
use crate::channel::room_state;
use crate::connection::id::ConnectionId;
use crate::connection::in_flight::Activity;
use crate::protocol::codec::{DecodeError, index_of_kind};
use crate::protocol::received::Received;
use crate::room::membership::{MembershipGuard, NewConnection};
use crate::room::state;
use crate::session::batch::Batched;
use crate::socket::Socket;
use crate::socket::counters::Counters;
use crate::socket::node::Node;
use crate::wire::parser::{Input, Limits, Parser, Role};

/// A socket whose client is the test: it keeps what is sent to it.
///
/// ```
/// # use channel_runtime::{channel, message, testing, Socket};
/// # #[message(type = "chat_message")] pub struct Say { message: String }
/// # #[message(type = "line")] pub struct Line { message: String }
/// # #[channel("/chat/:room")] pub struct Chat { room: String }
/// # #[channel(sends(Line))] impl Chat {
/// #     #[message] fn say(&mut self, say: Say, socket: &Socket<Self>) { socket.room().send(Line { message: say.message }); }
/// # }
/// let socket = testing::socket::<Chat>();
/// let mut channel = Chat { room: "general".into() };
/// channel.say(Say { message: "Hello, world!".into() }, &socket);
/// assert_eq!(socket.sent_texts(), [r#"{"type":"line","message":"Hello, world!"}"#]);
/// ```
///
/// It is the only member of its rooms, and its own room has no path. If the channel's `on_room_open` makes the room's state, there
/// is none until [`with_room_state`](TestSocket::with_room_state) sets it. There is no [app](Socket::app) until
/// [`with_app`](TestSocket::with_app) sets it.
pub fn socket<C: Channel>() -> TestSocket<C> {
    let mut node = Node::new();
    node.add::<C>(
        TypeId::of::<C::Identity>(),
        Counters::of::<C>(),
        || room_state::initial::<C>().map(state::state),
        None,
    );
    let node = Arc::new(node);
    let membership = node.enter(NewConnection {
        id: ConnectionId::next(),
        channel: 0,
        room: "/".into(),
        user: None,
        deflate: None,
        subprotocol: 0,
        error_details: true,
        outbox_bytes: C::BOUNDS.of(&Arc::default()).outbox_bytes,
        activity: Activity::default(),
        pending: None,
        welcome: None,
        positions: None,
        shown: None,
    });
    membership.connection.outbox().welcome_is_over();
    let limits = Limits { message: usize::MAX, fragments: usize::MAX };
    TestSocket {
        socket: Socket::new(node, Arc::clone(&membership.connection)),
        parser: Mutex::new(Parser::new(Role::Client, limits)),
        _membership: membership,
        _app: None,
    }
}

/// A socket in a test, from [`socket`]. It derefs to a [`Socket`].
pub struct TestSocket<C> {
    socket: Socket<C>,
    parser: Mutex<Parser>,
    _membership: MembershipGuard,
    /// Keeps alive what `Socket::app` returns.
    _app: Option<Arc<dyn Any + Send + Sync>>,
}

impl<C: Channel> TestSocket<C> {
    /// In a room with this state.
    #[must_use]
    pub fn with_room_state(self, state: C::RoomState) -> Self {
        self.socket.member().own_room.set_state(state::state(state));
        self
    }

    /// With this app, for handlers that get it from the [socket](Socket::app). Only the first call counts.
    #[must_use]
    pub fn with_app(mut self, app: Arc<C::App>) -> Self
    where
        C: NamesApp,
    {
        self.socket.node().set_app(&app);
        self._app = Some(app);
        self
    }

    /// A message from this client in a batch, for a handler of batches. It has no `ref`: its answer, if any, is [sent](Self::sent).
    pub fn batched<M, R: ?Sized>(&self, message: M) -> Batched<C, M, R> {
        Batched::alone(message, self.socket.clone())
    }

    /// The messages that were sent since the last call, in order. Binary messages of no kind of the channel and the Close are left
    /// out.
    ///
    /// # Panics
    /// If one of them can't be read as its type, and at a raw text: read those by [`sent_texts`](Self::sent_texts).
    #[track_caller]
    pub fn sent(&self) -> Vec<Received<C>> {
        let mut sent = Vec::new();
        // In a closure the panic would name the closure's line.
        for input in self.take() {
            let read = match &input {
                Input::Text(text) => Received::from_text(text),
                Input::Binary(data) if index_of_kind::<C::ToClient>(data).is_some() => {
                    Received::from_binary(data.clone())
                }
                _ => continue,
            };
            match (read, input) {
                (Ok(received), _) => sent.push(received),
                (Err(error @ DecodeError::Malformed { .. }), Input::Text(text)) => {
                    panic!(
                        "`{text}`: {error}
if it is a raw text, read it by `sent_texts`"
                    )
                }
                (Err(error), Input::Text(text)) => panic!("`{text}`: {error}"),
                (Err(error), input) => panic!("{input:?}: {error}"),
            }
        }
        sent
    }

    /// Like [`sent`](Self::sent), as JSON, and raw texts as they are. Binary messages and the Close are left out.
    pub fn sent_texts(&self) -> Vec<String> {
        let texts = self.take().into_iter();
        texts.filter_map(|input| if let Input::Text(text) = input { Some(text) } else { None }).collect()
    }

    fn take(&self) -> VecDeque<Input> {
        let mut inputs = VecDeque::new();
        let mut bytes = self.socket.member().outbox().take();
        self.parser.lock().feed(&mut bytes, &mut inputs).expect("our own frames are well formed");
        inputs
    }
}

impl<C> Deref for TestSocket<C> {
    type Target = Socket<C>;

    fn deref(&self) -> &Socket<C> {
        &self.socket
    }
}

impl<C: Channel> fmt::Debug for TestSocket<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("TestSocket").field(&self.socket).finish()
    }
}
