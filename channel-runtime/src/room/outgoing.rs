//! What leaves this process for the other nodes of a cluster. The folder `cluster/` takes it; `room/` knows no more of it than this.

#![cfg_attr(not(feature = "cluster"), allow(dead_code, reason = "without a cluster nothing leaves"))]

use std::any::Any;
use std::sync::Arc;

use bytes::Bytes;

use crate::connection::user_key::UserKey;
use crate::room::class::{Class, TypeHash};
use crate::room::exclusions::Exclusions;
use crate::room::member::Member;
use crate::room::newest::{NewestValue, Stamp};
use crate::room::publisher::Publisher;
use crate::room::sent::Elsewhere;
use crate::room::target::Target;
use crate::wire::close::Close;
use crate::wire::deflate::PreparedFrame;
use crate::wire::frame::{Compressed, Frame};

pub(crate) trait Outgoing: Any + Send + Sync {
    /// Never waits. If the target is all of one room, with members here, it is called under its members' lock, so that the room's
    /// messages have the same order on all nodes.
    fn append(&self, sending: &Sending<'_>, body: Body) -> Elsewhere;

    /// The most bytes of a body.
    fn longest(&self) -> usize;

    /// Of a newest value that is sent now.
    fn stamp(&self) -> Stamp {
        Stamp::NONE
    }

    /// A room was opened here, of whose newest values other nodes may know. Called under its shard's lock.
    fn room_opened(&self, _channel: usize, _name: &Arc<str>) {}

    /// A body was longer, and nobody gets it.
    fn count_too_long(&self) {}

    /// Whether other nodes have clients that read compressed messages. If so, a message is compressed here, for all of them.
    fn reads_compressed(&self) -> bool {
        false
    }

    /// Whether other nodes are there that serve clients.
    fn others_serve(&self) -> bool {
        false
    }
}

/// A send under way: to whom, from whom, and where it leaves the process.
#[derive(Clone, Copy)]
pub(crate) struct Sending<'a> {
    pub channel: usize,
    pub to: To<'a>,
    pub exclusions: &'a Exclusions,
    pub class: Class,
    /// Of what is `latest`; `None` for all else.
    pub newest: Option<NewestValue<'a>>,
    /// Who is slowed if it is not taken in time. `None` for nobody, as for what is volatile or came from another node.
    pub publisher: Option<&'a Publisher<Member>>,
    /// `None` without a cluster, and for what is for this process alone.
    pub outgoing: Option<&'a dyn Outgoing>,
}

#[derive(Clone, Copy)]
pub(crate) enum To<'a> {
    Target(&'a Target),
    /// A user on all channels.
    User(&'a UserKey),
}

/// What is sent.
#[derive(Debug)]
pub(crate) enum Body {
    /// One frame for all of the target, and as it was compressed for the widest window, if it was.
    Frame {
        plain: Frame,
        compressed: Option<Compressed<Frame>>,
    },
    /// Frames for the target's rooms: those that differ, and for each room the place of its own among them.
    Frames {
        frames: Vec<Frame>,
        places: Vec<usize>,
    },
    /// A text. Between its two parts the receivers' topics are to stand, escaped as in JSON; nothing, if it has no place for one.
    Topical {
        before: Bytes,
        after: Bytes,
        has_place: bool,
    },
    Close(Close),
    Notice {
        handler: &'static str,
        json: Bytes,
    },
    Join(Arc<str>),
    Leave(Arc<str>),
    /// A newest value of this type, if it was sent before.
    Forget {
        of: TypeHash,
        stamp: Stamp,
        key: Arc<str>,
    },
}

impl Body {
    pub fn of(frame: &PreparedFrame) -> Self {
        let (plain, compressed) = frame.forms();
        Self::Frame { plain, compressed }
    }
}

impl Sending<'_> {
    /// Of the newest value that is sent. `NONE` without a cluster.
    pub fn stamp(&self) -> Stamp {
        let known = self.newest.map_or(Stamp::NONE, |value| value.stamp);
        known.or_else(|| self.outgoing.map_or(Stamp::NONE, Outgoing::stamp))
    }

    /// Hands it to the other nodes, if there are any.
    pub fn leave(&self, body: impl FnOnce() -> Body) -> Elsewhere {
        match self.outgoing {
            Some(outgoing) => outgoing.append(self, body()),
            None => Elsewhere::Nowhere,
        }
    }
}
