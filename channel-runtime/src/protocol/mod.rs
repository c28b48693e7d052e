//! The wire protocol as types: messages, faults, their JSON codec, their description, and the lock that compares it with a file.

pub(crate) mod address;
pub(crate) mod asks;
pub(crate) mod binary;
pub(crate) mod checks;
pub(crate) mod codec;
pub(crate) mod const_text;
pub(crate) mod declared;
pub(crate) mod delivery;
pub mod describe;
pub mod envelope;
pub(crate) mod escaped;
pub(crate) mod fault;
pub(crate) mod halves;
#[cfg(feature = "server")]
pub(crate) mod history;
pub(crate) mod kind;
#[cfg(feature = "server")]
pub(crate) mod lock;
pub(crate) mod message;
pub(crate) mod question;
pub(crate) mod received;
#[cfg(feature = "server")]
pub(crate) mod subprotocols;
pub(crate) mod unit;
pub(crate) mod validation;
