//! What the macros' expansions call: re-exports alone. No part of the public API; it may change in any release.

pub use bytes::Bytes;
pub use serde;

pub use crate::protocol::asks::{AnyAnswer, UnitMessage, read_one_of};
pub use crate::protocol::binary::{
    ByCodec, FromBytes, Missing, NoFromBytes, NoToBytes, TakesBytes, TakesOut, ToBytes, by_codec, from_bytes, to_bytes,
};
pub use crate::protocol::checks::{
    EnvelopeOf, IsEnvelope, IsMessage, Named, NoEnvelope, NoMessage, has_place, hears_auth, is_envelope, no_handler,
    once,
};
pub use crate::protocol::codec::{deserialize, from_byte_fields, serialize, to_byte_fields};
// For the benchmark and clients.
pub use crate::protocol::codec::{Decoded, Head, binary_kind, decode, encode_binary_one_of, encode_one_of};
pub use crate::protocol::const_text::ConstText;
pub use crate::protocol::declared::{declared, transparent};
pub use crate::protocol::describe::parts::MessageShape;
pub use crate::protocol::describe::probe::plain;
pub use crate::protocol::halves::{is_flat, kept, places};
pub use crate::protocol::message::NewestKey;
pub use crate::protocol::unit::{decode_unit, encode_unit};
pub use crate::protocol::validation::check;

/// The description of types.
pub mod shapes {
    pub use crate::protocol::describe::probe::*;
    #[cfg(feature = "server")]
    pub use crate::socket::reply::AnswerOf;
}

#[cfg(feature = "server")]
pub use server::*;

#[cfg(feature = "server")]
mod server {
    pub use crate::channel::app::{App, no_app};
    pub use crate::channel::each_node::each_node;
    pub use crate::channel::fields::{FirstValue, param};
    pub use crate::channel::history::{numbered, snapshot_numbered};
    pub use crate::channel::hook_arguments::{
        HasApp, HasRoomState, NamesApp, OfClose, OfData, OfInvalid, OfReauthorize, OfRefresh, OfRoomClose, OfSnapshot,
        OfText,
    };
    pub use crate::channel::hook_returns::{
        Authorization, BatchReply, CloseReply, End, IntoIdentity, Key, OpenReply, Reauthorized, Refreshed,
        RoomCloseReply, authorized, batch_done, closed, expires, identity, reauthorized, refreshed, room_closed,
        room_opened,
    };
    pub use crate::channel::initial_state::{DefaultOf, InitialState, NO_STATE, NoDefault};
    pub use crate::channel::path::{FromPath, Params, Path, Segment, unambiguous};
    pub use crate::channel::presence::{HasPresence, asked, seen};
    pub use crate::channel::room_names::{RoomKey, declared_room, path_room};
    pub use crate::channel::room_state::made;
    pub use crate::channel::send_check::{NotSend, SendCheck, send};
    pub use crate::channel::sends::{IsText, is_text};
    pub use crate::config::bounds::Bounds;
    pub use crate::connection::inbox::Notice;
    pub use crate::handshake::extracted::{Extracted, NotExtracted};
    pub use crate::handshake::reject::BuildError;
    pub use crate::protocol::codec::DecodeError;
    pub use crate::protocol::history::History;
    pub use crate::protocol::presence::PresenceBounds;
    pub use crate::protocol::subprotocols::Subprotocols;
    pub use crate::room::presence::Shown;
    pub use crate::session::batch::{AnyReply, BatchEntry, InBatches};
    pub use crate::session::clustered::{Clustered, NoChannel, has_cluster};
    pub use crate::session::dispatch::{ConcurrentHandlers, Dispatch};
    pub use crate::session::half_channel::{Halves, Handled, HandledBy, NotHandled, NotTold, both};
    pub use crate::session::handler_options::HandlerOptions;
    pub use crate::session::handling::Handling;
    pub use crate::socket::answer::reply_deferred;
    pub use crate::socket::crossing::{Crossing, CrossingOf, NotSerde, NoticeCodec, NoticeEntry};
    pub use crate::socket::invalid_reply::{invalid, usual};
    pub use crate::socket::presence::shown;
    pub use crate::socket::reply::{
        DataReply, Flow, RawReply, TextReply, fail, reply, reply_data, reply_one_of, reply_raw, reply_text,
    };
    pub use crate::socket::snapshot::{Snapshot, SnapshotReply, snapshot};

    /// The check of a lock and of generated files.
    pub mod lock {
        pub use crate::channel::fingerprint::of_channel;
        #[cfg(feature = "contract")]
        pub use crate::contract::files::GENERATOR;
        pub use crate::protocol::describe::parts::ChannelShape;
        #[cfg(not(feature = "contract"))]
        pub use crate::protocol::lock::GENERATOR;
        pub use crate::protocol::lock::{
            Files, Generated, Kind, Lock, Older, Section, Types, channel, made_of, needs_generator, rest, settle, sum,
        };
    }

    /// Names of other frameworks.
    pub mod foreign {
        pub use crate::socket::foreign::*;
    }

    pub use crate::socket::class::told_apart;
    // For benchmarks and tests.
    #[cfg(feature = "cluster")]
    pub use crate::cluster::Tables;
    pub use crate::socket::node::Census;
    pub use crate::testing::bench::{FrameReader, census, newest_holds, set_clock_ahead};
    #[cfg(feature = "cluster")]
    pub use crate::testing::bench::{Relayed, lane_tables};
    #[cfg(feature = "cluster")]
    pub use crate::testing::empty_bus::join_empty_bus;
}
