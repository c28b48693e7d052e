//! Sending a message to each client of an audience, and counting the outcome.

use std::any::type_name;
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use super::{Audience, topical};
use crate::channel::room::RoomName;
use crate::connection::backpressure::HubBacklog;
use crate::protocol::codec::EncodeError;
use crate::protocol::envelope::{Envelope, Flat};
use crate::protocol::escaped::Escaped;
use crate::room::class::Class;
use crate::room::delivery::Delivery;
use crate::room::live_room::LiveRoom;
use crate::room::lookup::Recipients;
use crate::room::member::Member;
use crate::room::newest::{Key, Stamp};
use crate::room::sent::Sent;
use crate::room::target::Target;
use crate::wire::deflate::PreparedFrame;
use crate::wire::frame::Frame;

impl<C: 'static, K> Audience<C, K> {
    pub(crate) fn delivery(&self) -> Delivery<'_> {
        self.delivery_of(Class::Reliable, None)
    }

    fn delivery_of<'a>(&'a self, class: Class, key: Option<&'a Key>) -> Delivery<'a> {
        let node = self.hub.node();
        Delivery {
            lookup: self.lookup(),
            from: self.from.as_ref(),
            hub_backlog: self.hub_backlog(),
            class,
            key,
            stamp: Stamp::NONE,
            compression: node.compression(),
            compressed: None,
            outgoing: node.registry.outgoing(),
        }
    }

    /// What a hub sends counts against it. `None` for what a connection sends.
    fn hub_backlog(&self) -> Option<&Arc<HubBacklog>> {
        if self.from.is_some() {
            return None;
        }
        self.hub.node().hub_backlog(self.hub.channel())
    }

    /// `make` is called once for each value of `"$room"`, or for each topic.
    pub(super) fn deliver<E: Envelope>(
        &self,
        class: Class,
        key: Option<&Key>,
        mut make: impl FnMut(Option<&str>) -> Result<Frame, EncodeError>,
    ) -> Sent {
        if let Some(from) = &self.from {
            from.outbox().welcome_is_over();
        }
        let delivery = self.delivery_of(class, key);
        let result = match delivery.lookup.resolve() {
            Recipients::OneRoom(room) if const { E::PLACES.has_topics() } && !RoomName::of(room.name()).is_path() => {
                self.deliver_by_topic::<E>(class, make)
            }
            Recipients::OneRoom(room) => {
                make(room_name::<E>(room.name()).as_deref()).map(|frame| delivery.to_room(&room, frame))
            }
            Recipients::Rooms(_) | Recipients::Members if const { E::PLACES.has_topics() } => {
                self.deliver_by_topic::<E>(class, make)
            }
            Recipients::Rooms(names) => delivery.to_rooms(names, |_, name| make(room_name::<E>(name).as_deref())),
            Recipients::Members => {
                make(None).map(|frame| delivery.to_members(&delivery.lookup.members(), frame, |_| true))
            }
            Recipients::AbsentRoom(_) if delivery.outgoing.is_none() => return Sent::default(),
            Recipients::AbsentRoom(name) if const { E::PLACES.has_topics() } && !RoomName::of(name).is_path() => {
                self.deliver_by_topic::<E>(class, make)
            }
            Recipients::AbsentRoom(name) => {
                make(room_name::<E>(name).as_deref()).map(|frame| delivery.to_absent_room(frame))
            }
        };
        self.counted(result, class)
    }

    /// A binary message names no room, so that one frame is for all.
    pub(super) fn deliver_binary(
        &self,
        class: Class,
        key: Option<&Key>,
        mut make: impl FnMut() -> Result<Frame, EncodeError>,
    ) -> Sent {
        let mut made = None;
        self.deliver::<Flat>(class, key, |_| match &made {
            Some(frame) => Ok(Frame::clone(frame)),
            None => make().map(|frame| made.insert(frame).clone()),
        })
    }

    /// To clients that may be in different rooms of the path: each is sent the message on the topic of its own.
    fn deliver_by_topic<E: Envelope>(
        &self,
        class: Class,
        mut make: impl FnMut(Option<&str>) -> Result<Frame, EncodeError>,
    ) -> Result<Sent, EncodeError> {
        let delivery = self.delivery_of(class, None);
        let mut by_topic = BTreeMap::<Cow<'_, str>, Vec<Arc<Member>>>::new();
        let members = delivery.lookup.members();
        for member in &members {
            by_topic.entry(E::topic(member.own_room.name())).or_default().push(Arc::clone(member));
        }
        let for_others = delivery.outgoing.map(|_| make(Some(topical::place()))).transpose()?;
        if let Some(frame) = &for_others
            && delivery.is_too_long(frame.len())
        {
            return Ok(Sent::too_long());
        }
        let mut sent = Sent::default();
        for (topic, members) in by_topic {
            sent.add(delivery.here().to_members(&members, make(Some(&topic))?, |_| true));
        }
        if let Some(frame) = for_others {
            sent.elsewhere = delivery.elsewhere(sent, || topical::around_the_place(&frame));
        }
        Ok(sent)
    }

    /// `make` is called under the room's lock, with the number of members and the value of `"$room"`. `kind` is the message's type.
    pub(super) fn deliver_with<E: Envelope>(
        &self,
        kind: &'static str,
        class: Class,
        key: &Key,
        make: impl FnOnce(usize, Option<&str>) -> Result<Frame, EncodeError>,
    ) -> Sent {
        if let Some(from) = &self.from {
            from.outbox().welcome_is_over();
        }
        let delivery = self.delivery_of(class, Some(key));
        let found = delivery.lookup.one_room();
        let Some(name) = found.as_ref().map(|room| room.name()).or(self.target.room_name()) else {
            return Sent::default();
        };
        // Its members have different topics, and the message is made once.
        if const { E::PLACES.has_topics() } && !RoomName::of(name).is_path() {
            return self.counted(Err(EncodeError::NoPlace { kind }), class);
        }
        let name = room_name::<E>(name);
        let result = match &found {
            Some(room) => delivery.to_room_with(room, |len| make(len, name.as_deref()).map(PreparedFrame::plain)),
            None if delivery.outgoing.is_some() => make(0, name.as_deref()).map(|frame| delivery.to_absent_room(frame)),
            None => return Sent::default(),
        };
        self.counted(result, class)
    }

    pub(super) async fn caught_up(&self) {
        if let Some(from) = &self.from {
            return from.outbox().caught_up(|| !from.backlog.over_high_water()).await;
        }
        // All are looked up first, none while another is waited for.
        let rooms: Vec<Arc<LiveRoom>> = match &self.target {
            Target::Rooms(names) => names.iter().filter_map(|name| self.lookup().room(name)).collect(),
            _ => self.lookup().one_room().as_deref().cloned().into_iter().collect(),
        };
        for backlog in rooms.iter().filter_map(|room| room.hub_backlog()) {
            backlog.caught_up().await;
        }
        // In a cluster, what is for no one room that has members here counts against the channel, if the bus does not keep up.
        let is_of_channel = rooms.is_empty()
            || matches!(self.target, Target::Rooms(_))
            || self.hub_backlog().is_some_and(|hub| !hub.is_of_clients);
        if is_of_channel && self.hub.node().registry.outgoing().is_some() {
            self.hub.ready().await;
        }
    }

    /// Counts the recipients against the budget of the handler's task.
    fn spend(&self, sent: Sent) {
        if let Some(from) = &self.from {
            from.backlog.spend(sent.recipients);
        }
    }

    fn counted(&self, result: Result<Sent, EncodeError>, class: Class) -> Sent {
        match result {
            Ok(sent) => {
                self.spend(sent);
                self.hub.node().counters(self.hub.channel()).send(sent, class);
                sent
            }
            Err(EncodeError::NoPlace { kind }) => {
                let counters = self.hub.node().counters(self.hub.channel());
                counters.unwritten.add(1);
                tracing::debug!(channel = counters.channel, kind, "the envelope has no place for it");
                Sent::unencodable()
            }
            Err(error) => {
                tracing::error!(channel = type_name::<C>(), error = %Escaped(error), "a message could not be sent");
                Sent::unencodable()
            }
        }
    }

    pub(in crate::socket) fn counted_notice(&self, sent: Sent) -> Sent {
        self.spend(sent);
        self.hub.node().counters(self.hub.channel()).refuse(sent);
        sent
    }
}

/// The value of `"$room"`, or the topic.
fn room_name<E: Envelope>(room: &str) -> Option<Cow<'_, str>> {
    if const { E::PLACES.has_topics() } {
        return Some(E::topic(room));
    }
    RoomName::of(room).on_the_wire().map(Cow::Borrowed)
}
