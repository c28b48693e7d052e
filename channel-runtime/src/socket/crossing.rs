//! How notices cross to the other nodes of a cluster: as JSON, if serde writes and reads their type.

use std::fmt;
use std::marker::PhantomData;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::room::lookup::Lookup;
use crate::room::sent::Sent;

/// Whether a notice crosses, and what that takes.
#[derive(Clone, Copy, Debug)]
pub enum Crossing<T> {
    /// Serde writes and reads its type.
    Serde(T),
    /// Serde does not, and its handler does not say that it is for one node.
    No,
    /// It is for its node alone: `#[notice(here)]`.
    Here,
}

/// Writes and reads a notice.
#[derive(Debug)]
pub struct NoticeCodec<N> {
    pub(crate) encode: fn(&N) -> serde_json::Result<Vec<u8>>,
    pub(crate) decode: fn(&[u8]) -> serde_json::Result<N>,
}

/// `CrossingOf::<N>::BY_SERDE`, found as in `describe::probe`.
#[derive(Debug)]
pub struct CrossingOf<N>(PhantomData<N>);

impl<N: Serialize + DeserializeOwned> CrossingOf<N> {
    /// By serde.
    pub const BY_SERDE: Crossing<NoticeCodec<N>> =
        Crossing::Serde(NoticeCodec { encode: serde_json::to_vec, decode: |json| serde_json::from_slice(json) });
}

/// For types that serde does not write and read.
pub trait NotSerde {
    /// The type of the notice.
    type Notice;
    /// It does not cross.
    const BY_SERDE: Crossing<NoticeCodec<Self::Notice>> = Crossing::No;
}

impl<N> NotSerde for CrossingOf<N> {
    type Notice = N;
}

/// Delivers a notice, which another node has sent, to the connections of a target here.
pub(crate) type Relay = fn(Lookup<'_>, &[u8]) -> serde_json::Result<Sent>;

/// A notice of a channel, its type forgotten.
pub struct NoticeEntry {
    /// The name of its handler, by which it is known on the other nodes.
    pub(crate) handler: &'static str,
    /// Its type, as it is written.
    pub(crate) notice: &'static str,
    pub(crate) crossing: Crossing<Relay>,
}

impl fmt::Debug for NoticeEntry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("NoticeEntry").field(&self.handler).finish()
    }
}
