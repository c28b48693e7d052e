//! The hooks, each of which is known by its name.

use syn::{Attribute, Type};

use super::call::{Call, Owner};

pub struct Hook {
    pub kind: HookKind,
    pub cfgs: Vec<Attribute>,
    pub call: Call,
    /// What `identity` returns, without `Option` and `&`; `None` for all other hooks.
    pub key: Option<Type>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HookKind {
    Authorize,
    Identity,
    Expires,
    Snapshot,
    Presence,
    Connect,
    Refresh,
    Reauthorize,
    Text,
    Binary,
    Ping,
    Pong,
    Invalid,
    Close,
    RoomOpen,
    RoomClose,
}

impl HookKind {
    pub const ALL: [Self; 16] = [
        Self::Authorize,
        Self::Identity,
        Self::Expires,
        Self::Snapshot,
        Self::Presence,
        Self::Connect,
        Self::Refresh,
        Self::Reauthorize,
        Self::Text,
        Self::Binary,
        Self::Ping,
        Self::Pong,
        Self::Invalid,
        Self::Close,
        Self::RoomOpen,
        Self::RoomClose,
    ];

    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }

    pub fn name(self) -> &'static str {
        match self {
            Self::Authorize => "authorize",
            Self::Identity => "identity",
            Self::Expires => "expires_at",
            Self::Snapshot => "snapshot",
            Self::Presence => "presence",
            Self::Connect => "on_connect",
            Self::Refresh => "on_refresh",
            Self::Reauthorize => "on_reauthorize",
            Self::Text => "on_text",
            Self::Binary => "on_binary",
            Self::Ping => "on_ping",
            Self::Pong => "on_pong",
            Self::Invalid => "on_invalid",
            Self::Close => "on_close",
            Self::RoomOpen => "on_room_open",
            Self::RoomClose => "on_room_close",
        }
    }

    pub fn has_datum(self) -> bool {
        !matches!(
            self,
            Self::Authorize
                | Self::Identity
                | Self::Expires
                | Self::Snapshot
                | Self::Presence
                | Self::Connect
                | Self::RoomOpen
        )
    }

    /// The name of its type; `None` if that is the user's own.
    pub fn datum(self) -> Option<&'static str> {
        match self {
            Self::Refresh => Some("Token"),
            Self::Text => Some("Text"),
            Self::Binary | Self::Ping | Self::Pong => Some("Bytes"),
            Self::Invalid => Some("DecodeError"),
            Self::Close => Some("Close"),
            Self::Reauthorize => Some("Room"),
            _ => None,
        }
    }

    pub fn owner(self) -> Owner {
        match self {
            Self::RoomOpen | Self::RoomClose => Owner::Room,
            _ => Owner::Connection,
        }
    }

    pub fn is_before_the_upgrade(self) -> bool {
        matches!(self, Self::Authorize | Self::Identity | Self::Expires | Self::Presence)
    }
}
