//! What the macros' expansions call. No part of the public API: it may change in any release.

pub use bytes::Bytes;
pub use serde;
use serde::de::{Deserialize, Deserializer, IgnoredAny};
use serde::ser::Serializer;

pub use crate::protocol::checks::{IsMessage, NoMessage, no_handler, once};
pub use crate::protocol::codec::{deserialize, serialize};
// For the benchmark.
pub use crate::protocol::codec::{Decoded, Head, decode, encode_one_of};
pub use crate::protocol::const_text::ConstText;
pub use crate::protocol::validation::check;

/// What every expansion has, near at hand.
pub use crate::protocol::describe::parts::MessageShape;
pub use crate::protocol::describe::probe::plain;

/// What the macros tell of types.
pub mod shapes {
    pub use crate::protocol::describe::probe::*;
    #[cfg(feature = "server")]
    pub use crate::socket::reply::AnswerOf;
}

/// Reads a message without fields: other fields are passed over.
pub fn decode_unit<'de, D: Deserializer<'de>>(fields: D) -> Result<(), D::Error> {
    IgnoredAny::deserialize(fields).map(drop)
}

/// Writes a message without fields.
pub fn encode_unit<S: Serializer>(serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_unit_struct("unit")
}

#[cfg(feature = "server")]
pub use server::*;

#[cfg(feature = "server")]
mod server {
    use std::collections::VecDeque;
    use std::fmt::Display;
    use std::sync::{Arc, LazyLock};
    use std::time::Duration;

    use crate::channel::identity::Identity;
    use crate::channel::{Channel, Route};
    pub use crate::config::bounds::Bounds;
    pub use crate::handshake::reject::BuildError;
    pub use crate::protocol::codec::DecodeError;
    use crate::protocol::fault::Fault;
    pub use crate::session::refresh::{End, Reauthorized, Refreshed, expires, reauthorized, refreshed};
    use crate::socket::deferred::Deferred;
    /// The check of a lock.
    pub mod lock {
        pub use crate::protocol::describe::parts::ChannelShape;
        pub use crate::protocol::lock::{Lock, Section, Types, accept, channel, rest};
    }
    pub use crate::channel::initial_state::{
        DefaultOf, FirstState, NO_STATE, NoDefault, OpenReply, made, room_closed, room_opened,
    };
    pub use crate::session::batch::{Gathering, InBatches, batch_done};
    /// Names of other frameworks.
    pub mod foreign {
        pub use crate::socket::foreign::*;
    }
    pub use crate::channel::holding::{Holding, HoldingMore};
    pub use crate::channel::hook_arguments::{OfClose, OfData, OfInvalid, OfReauthorize, OfRefresh, OfRoomClose};
    pub use crate::channel::path::{FromPath, Params, Path, Segment, unambiguous};
    use crate::channel::room::Room;
    pub use crate::channel::stated::{HasApp, HasRoomState, NamesApp};
    use crate::handshake::reject::Reject;
    pub use crate::room::registry::Census;
    pub use crate::session::concurrent::{Overlap, Overlapped};
    pub use crate::session::guard::Turn;
    pub use crate::session::half_channel::{Halves, Handled, HandledBy, NotHandled, NotTold, both};
    use crate::socket::Socket;
    use crate::socket::hub::Hub;
    pub use crate::socket::notify::Notice;
    pub use crate::socket::reply::{Flow, Handling};
    use crate::socket::reply::{IntoFault, InvalidReply, Reply};
    use crate::wire::parser::{Input, Limits, Parser, Role};

    /// The app as the methods of a channel are lent it.
    pub type App<C> = Arc<<C as Route>::App>;

    /// A server's reading of frames alone, for the benchmark.
    #[derive(Debug)]
    pub struct FrameReader {
        parser: Parser,
        inputs: VecDeque<Input>,
    }

    impl Default for FrameReader {
        fn default() -> Self {
            let limits = Limits { message: 64 * 1024, fragments: 1024 };
            Self { parser: Parser::new(Role::Server, limits), inputs: VecDeque::new() }
        }
    }

    impl FrameReader {
        /// Reads the next bytes of a stream, unmasking them where they stand: how many messages and control frames they complete.
        ///
        /// # Panics
        /// Where no client may send this.
        pub fn read(&mut self, bytes: &mut [u8]) -> usize {
            self.parser.feed(bytes, &mut self.inputs).expect("a valid stream");
            self.inputs.drain(..).count()
        }
    }

    /// The app of the channels without one, which all their connections share.
    pub fn no_app() -> Arc<()> {
        static NONE: LazyLock<Arc<()>> = LazyLock::new(Arc::default);
        Arc::clone(&NONE)
    }

    /// Asserts that a hook's future is `Send`, at the user's own token.
    ///
    /// What comes out is the future itself: to the compiler, an opaque one around it is twice the work. Where it is not `Send`,
    /// the method of ours that awaits it has an error already, and is not told of a second time.
    pub fn send<F: Send>(future: F) -> F {
        future
    }

    /// What the registry of a hub holds, of all its channels. For tests that everything is gone in the end.
    pub fn census<C: Channel>(hub: &Hub<C>) -> Census {
        hub.registry().census()
    }

    /// Sets the clock on the wall of a hub's app ahead of the system's, for tests of authority that ends.
    pub fn set_clock_ahead<C: Channel>(hub: &Hub<C>, ahead: Duration) {
        hub.registry().clock().set_ahead(ahead);
    }

    /// What a `#[state]` field begins with.
    #[diagnostic::on_unimplemented(
        message = "`{Self}` has no `Default`",
        label = "`#[state]` begins with the type's `Default`",
        note = "derive or implement `Default` for `{Self}`, or write the first value: `#[state(value)]`"
    )]
    pub trait FirstValue {
        /// The value.
        fn first_value() -> Self;
    }

    #[diagnostic::do_not_recommend]
    impl<T: Default> FirstValue for T {
        fn first_value() -> Self {
            T::default()
        }
    }

    /// The path parameter at this place.
    pub fn param<T>(read: fn(&str) -> Option<T>, params: &Params, index: usize) -> Result<T, BuildError> {
        params.get(index).and_then(read).ok_or(BuildError::NotFound)
    }

    /// The path's own room for these parameters.
    pub fn path_room<C: Route>(values: &[&dyn Display]) -> Room<C> {
        Room::of_path(C::PATH.render(values))
    }

    /// The room of a declared kind; `kind` is the type's name in snake case.
    pub fn declared_room<C>(kind: &str, key: &dyn Display) -> Room<C> {
        Room::declared(kind, key)
    }

    /// A key of a declared kind of room.
    #[diagnostic::on_unimplemented(
        message = "`{Self}` cannot name a room",
        label = "the key of a room implements `Display`",
        note = "implement `std::fmt::Display` for `{Self}`: its text is the room's name, and different rooms write different texts"
    )]
    pub trait RoomKey {
        /// The key as text.
        fn shown(&self) -> &dyn Display;
    }

    #[diagnostic::do_not_recommend]
    impl<K: Display> RoomKey for K {
        fn shown(&self) -> &dyn Display {
            self
        }
    }

    /// What `authorize` returned.
    pub fn authorized<R: Authorization>(result: R) -> Result<(), Reject> {
        result.into_result()
    }

    /// What `authorize` may return.
    #[diagnostic::on_unimplemented(
        message = "`authorize` cannot return `{Self}`",
        label = "not what `authorize` returns",
        note = "return `Result<(), Reject>`, or another error that is `Into<Reject>`"
    )]
    pub trait Authorization {
        /// With the error as a `Reject`.
        fn into_result(self) -> Result<(), Reject>;
    }

    #[diagnostic::do_not_recommend]
    impl<E: Into<Reject>> Authorization for Result<(), E> {
        fn into_result(self) -> Result<(), Reject> {
            self.map_err(Into::into)
        }
    }

    /// The type of a channel's users. The bound stands on the associated type, so that what can't be one is told once.
    #[diagnostic::on_unimplemented(
        message = "`{Self}` can't be an identity",
        label = "an identity is `Eq + Hash + Clone + Display + FromStr`",
        note = "derive `Clone, PartialEq, Eq, Hash` and implement `Display` and `FromStr` for `{Self}`, or return a `String`"
    )]
    pub trait Key {
        /// The type itself.
        type Key: Identity;
    }

    #[diagnostic::do_not_recommend]
    impl<K: Identity> Key for K {
        type Key = K;
    }

    /// Sends what a handler or a hook returned.
    pub fn reply<C: Channel, R: Reply<C>>(socket: &Socket<C>, reply: R) -> Flow {
        reply.reply(socket)
    }

    /// As [`reply`], for a type of the standard library's, which can be no message.
    pub fn reply_data<C: Channel, R: DataReply<C>>(socket: &Socket<C>, reply: R) -> Flow {
        reply.reply(socket)
    }

    /// As [`reply`], for an answer that comes later, where its own type is what can be wrong.
    pub fn reply_deferred<C: Channel, R: Reply<C>>(socket: &Socket<C>, reply: Deferred<R>) -> Flow {
        reply.reply(socket)
    }

    /// What may be returned; asked of types of the standard library's.
    #[diagnostic::on_unimplemented(
        message = "a handler of `{C}` cannot return `{Self}`",
        label = "data, and no message",
        note = "wrap it, `Success(..)` of type `Success<{Self}>`: the client is sent `{{\"type\":\"success\",\"data\":..}}`",
        note = "or return `()`, or a message that is listed in `sends(..)`, with a field for it"
    )]
    pub trait DataReply<C: Channel>: Reply<C> {}

    #[diagnostic::do_not_recommend]
    impl<C: Channel, R: Reply<C>> DataReply<C> for R {}

    /// Sends the error that a handler or a hook returned. The halves of a `Result` are told apart in the expansion: of one that
    /// is no `Reply` the compiler would not say which half is the reason.
    pub fn fail<C: Channel, E: IntoFault>(socket: &Socket<C>, error: E) -> Flow {
        crate::socket::reply::fault(socket, error.into_fault())
    }

    /// For the generated `..ToClient` enum's `Reply`.
    pub fn reply_one_of<C: Channel<ToClient = T>, T: crate::protocol::message::Messages>(
        socket: &Socket<C>,
        message: &T,
    ) -> Flow {
        socket.answer_one_of(message);
        Flow::Continue
    }

    /// What a client is told without `on_invalid`.
    pub fn usual<C: Channel>(socket: &Socket<C>, error: &DecodeError) -> Fault {
        socket.invalid(error.clone())
    }

    /// Tells the client what `on_invalid` returned.
    pub fn invalid<C: Channel, R: InvalidReply<C>>(socket: &Socket<C>, usual: Fault, result: R) -> Flow {
        result.finish(usual, socket)
    }

    /// What `on_close` returned: an error is logged, for its client is gone.
    pub fn closed<R: CloseReply>(result: R) {
        result.log_failure();
    }

    /// What `on_close` may return.
    #[diagnostic::on_unimplemented(
        message = "`on_close` cannot return `{Self}`",
        label = "not what `on_close` returns",
        note = "return `()`, or `Result<(), E>` with an `E: Display`"
    )]
    pub trait CloseReply {
        /// Logs the error, if there is one.
        fn log_failure(self);
    }

    impl CloseReply for () {
        fn log_failure(self) {}
    }

    impl<E: Display> CloseReply for Result<(), E> {
        fn log_failure(self) {
            if let Err(error) = self {
                tracing::error!(error = %crate::protocol::escaped::Escaped(error), "`on_close` failed");
            }
        }
    }

    /// What `identity` may return: the key, a reference to it, or an `Option` of either.
    pub trait IntoIdentity<K> {
        /// The key, owned.
        fn into_known_user(self) -> Option<K>;
    }

    impl<K> IntoIdentity<K> for K {
        fn into_known_user(self) -> Option<K> {
            Some(self)
        }
    }

    impl<K: Clone> IntoIdentity<K> for &K {
        fn into_known_user(self) -> Option<K> {
            Some(self.clone())
        }
    }

    impl<K> IntoIdentity<K> for Option<K> {
        fn into_known_user(self) -> Option<K> {
            self
        }
    }

    impl<K: Clone> IntoIdentity<K> for Option<&K> {
        fn into_known_user(self) -> Option<K> {
            self.cloned()
        }
    }

    /// What `identity` returned, as the key.
    pub fn identity<K, T: IntoIdentity<K>>(value: T) -> Option<K> {
        value.into_known_user()
    }
}
