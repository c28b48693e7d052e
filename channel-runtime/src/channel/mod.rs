//! What a channel is, as the macros write it: its path, rooms and users, and what its hooks take and return.

pub(crate) mod app;
pub(crate) mod each_node;
pub(crate) mod fields;
pub(crate) mod fingerprint;
pub(crate) mod history;
pub(crate) mod hook_arguments;
pub(crate) mod hook_returns;
pub(crate) mod identity;
pub(crate) mod initial_state;
pub(crate) mod path;
pub(crate) mod presence;
pub(crate) mod room;
pub(crate) mod room_names;
pub(crate) mod room_state;
pub(crate) mod route;
pub(crate) mod send_check;
pub(crate) mod sends;
pub(crate) mod text;
pub(crate) mod users;

pub use self::route::{Route, ServedBy};
pub use self::sends::{SendsBytes, SendsText, SentBy};
pub use self::text::Text;
use crate::channel::identity::Identity;
use crate::protocol::describe::{AnswerShape, ChannelShape};
use crate::protocol::envelope::Envelope;
use crate::protocol::halves::{Protocol, envelope_shape};
use crate::protocol::message::Messages;
use crate::protocol::subprotocols::Subprotocols;

/// A channel: what its clients may send, what it answers, and which hooks it has. From `#[channel]` on the impl block.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no channel",
    label = "not a channel",
    note = "put `#[channel(\"/path\")]` on `struct {Self}`, and `#[channel]` on `impl {Self} {{ .. }}`"
)]
pub trait Channel: Route + Protocol {
    /// What the hook `identity` returns; [`Anonymous`](crate::Anonymous) if there is no such hook.
    type Identity: Identity;

    /// What the handlers answer, in the order of the messages from clients.
    #[doc(hidden)]
    const ANSWERS: &'static [AnswerShape] = &[];

    #[doc(hidden)]
    const HOOKS: &'static [&'static str] = &[];

    #[doc(hidden)]
    const SENDS_BINARY: bool = false;

    #[doc(hidden)]
    const SENDS_TEXT: bool = false;

    /// Whether the macros found no error; else the description is not complete.
    #[doc(hidden)]
    const IS_WHOLE: bool = true;

    #[doc(hidden)]
    const SHAPE: ChannelShape = ChannelShape {
        name: Self::NAME,
        docs: Self::DOCS,
        pattern: Self::PATH.pattern(),
        params: Self::PARAMS,
        needs: Self::NEEDS,
        envelope: envelope_shape::<Self>(),
        subprotocols: Self::SUBPROTOCOLS,
        rooms: Self::ROOMS,
        history: Self::HISTORY,
        histories: Self::HISTORIES,
        presence: Self::PRESENCE,
        from_client: <Self::FromClient as Messages>::SHAPES,
        answers: Self::ANSWERS,
        timeout_ms: |_| None,
        batched: &[],
        to_client: <Self::ToClient as Messages>::SHAPES,
        accepts_text: Self::TAKES_TEXT,
        sends_text: Self::SENDS_TEXT,
        accepts_binary: Self::TAKES_BINARY,
        sends_binary: Self::SENDS_BINARY,
        hooks: Self::HOOKS,
        is_whole: Self::IS_WHOLE,
    };

    #[doc(hidden)]
    const OPENS_ROOMS: bool = false;

    #[doc(hidden)]
    const CLOSES_ROOMS: bool = false;

    /// If there is no `on_refresh`, `$auth` is an unknown type.
    #[doc(hidden)]
    const REFRESHES: bool = false;

    /// If there is no `on_binary`, a binary message is answered as an invalid one.
    #[doc(hidden)]
    const TAKES_BINARY: bool = false;

    /// If there is an `on_text`, no text of a client is read as a message, and no error frame is sent.
    #[doc(hidden)]
    const TAKES_TEXT: bool = false;

    /// With those of the envelope.
    #[doc(hidden)]
    const KNOWN_SUBPROTOCOLS: Subprotocols =
        Self::SUBPROTOCOLS.foreign(!Self::READS_FLAT, <Self::Envelope as Envelope>::SUBPROTOCOLS);

    /// Whether its clients read the framework's own frames, such as an error without a `ref`.
    #[doc(hidden)]
    const READS_FLAT: bool = !Self::TAKES_TEXT && <Self::Envelope as Envelope>::IS_FLAT;
}
