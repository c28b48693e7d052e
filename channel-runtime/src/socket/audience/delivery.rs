//! Sending a frame to each client of an audience, and counting the outcome.

use std::any::type_name;
use std::borrow::Cow;
use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use super::Audience;
use super::lookup::Recipients;
use super::target::Target;
use crate::channel::room::RoomName;
use crate::connection::outbox::Enqueued;
use crate::protocol::codec::EncodeError;
use crate::protocol::envelope::Envelope;
use crate::protocol::escaped::Escaped;
use crate::room::fan_out::deliver;
use crate::room::live_room::LiveRoom;
use crate::room::member::Member;
use crate::room::publisher::Publisher;
use crate::room::sent::Sent;
use crate::wire::deflate::{PreparedFrame, Windows};
use crate::wire::frame::Frame;

impl<C: 'static, K> Audience<C, K> {
    /// `make` is called once for each value of `"$room"`, or for each topic.
    pub(super) fn deliver<E: Envelope>(
        &self,
        mut make: impl FnMut(Option<&str>) -> Result<Frame, EncodeError>,
    ) -> Sent {
        if let Some(from) = &self.from {
            from.outbox().welcome_is_over();
        }
        let result = match self.lookup().resolve() {
            Recipients::OneRoom(room) if const { E::PLACES.has_topics() } && !RoomName::of(room.name()).is_path() => {
                self.deliver_by_topic::<E>(make)
            }
            Recipients::OneRoom(room) => {
                make(room_name::<E>(&room).as_deref()).map(|frame| self.send_to(&room, frame, |_| true))
            }
            Recipients::Rooms(_) | Recipients::Members if const { E::PLACES.has_topics() } => {
                self.deliver_by_topic::<E>(make)
            }
            Recipients::Rooms(names) => self.deliver_to_rooms::<E>(names, make),
            Recipients::Members => make(None).map(|frame| self.send_each(&self.lookup().members(), frame, |_| true)),
            Recipients::Nobody => return Sent::default(),
        };
        self.counted(result)
    }

    /// A client in several of the rooms receives one frame.
    fn deliver_to_rooms<E: Envelope>(
        &self,
        names: &[Arc<str>],
        mut make: impl FnMut(Option<&str>) -> Result<Frame, EncodeError>,
    ) -> Result<Sent, EncodeError> {
        let mut reached = HashSet::new();
        let mut sent = Sent::default();
        for room in names.iter().filter_map(|name| self.lookup().room(name)) {
            let frame = make(room_name::<E>(&room).as_deref())?;
            sent.add(self.send_to(&room, frame, |member| reached.insert(member.id)));
        }
        Ok(sent)
    }

    /// To clients that may be in different rooms of the path: each is sent the message on the topic of its own.
    fn deliver_by_topic<E: Envelope>(
        &self,
        mut make: impl FnMut(Option<&str>) -> Result<Frame, EncodeError>,
    ) -> Result<Sent, EncodeError> {
        let mut by_topic = BTreeMap::<Cow<'_, str>, Vec<Arc<Member>>>::new();
        let members = self.lookup().members();
        for member in &members {
            by_topic.entry(E::topic(member.own_room.name())).or_default().push(Arc::clone(member));
        }
        let mut sent = Sent::default();
        for (topic, members) in by_topic {
            sent.add(self.send_each(&members, make(Some(&topic))?, |_| true));
        }
        Ok(sent)
    }

    /// `make` is called under the room's lock, with the number of members and the value of `"$room"`. `kind` is the message's type.
    pub(super) fn deliver_with<E: Envelope>(
        &self,
        kind: &'static str,
        make: impl FnOnce(usize, Option<&str>) -> Result<Frame, EncodeError>,
    ) -> Sent {
        if let Some(from) = &self.from {
            from.outbox().welcome_is_over();
        }
        let Some(room) = self.lookup().one_room() else { return Sent::default() };
        // Its members have different topics, and the message is made once.
        if const { E::PLACES.has_topics() } && !RoomName::of(room.name()).is_path() {
            return self.counted(Err(EncodeError::NoPlace { kind }));
        }
        let name = room_name::<E>(&room);
        let make = |len| make(len, name.as_deref()).map(PreparedFrame::plain);
        self.counted(room.send_with(self.publisher(&room).as_ref(), &self.exclusions, make))
    }

    fn send_to(&self, room: &Arc<LiveRoom>, frame: Frame, admits: impl FnMut(&Member) -> bool) -> Sent {
        if self.exclusions.only_user.is_some() {
            return self.send_each(&self.lookup().members_of(room), frame, admits);
        }
        let frame = self.prepared(frame, || room.windows(self.from.as_ref(), &self.exclusions));
        room.send(&frame, self.publisher(room).as_ref(), &self.exclusions, admits)
    }

    fn send_each(&self, members: &[Arc<Member>], frame: Frame, admits: impl FnMut(&Member) -> bool) -> Sent {
        let windows = || Windows::of(members.iter().map(|member| member.deflate));
        deliver(
            &self.exclusions,
            members.iter().map(|member| (member.id.serial(), member)),
            &self.prepared(frame, windows),
            admits,
            |member, pushed| {
                if pushed == Enqueued::MustFlush {
                    member.outbox().wake_owner();
                }
            },
        )
    }

    /// Takes no lock, because compression takes time.
    fn prepared(&self, frame: Frame, windows: impl FnOnce() -> Windows) -> PreparedFrame {
        match self.hub.node().compression() {
            Some(compression) => PreparedFrame::new(frame, windows(), compression),
            None => PreparedFrame::plain(frame),
        }
    }

    /// The sender that is slowed if this room does not keep up.
    fn publisher(&self, room: &LiveRoom) -> Option<Publisher<Member>> {
        match &self.from {
            Some(from) => Some(Publisher::Member(Arc::clone(from))),
            None => {
                let channel = self.hub.node().hub_backlog(self.hub.channel())?;
                Some(Publisher::Hub(Arc::clone(room.hub_backlog_of(channel))))
            }
        }
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
    }

    /// Counts the recipients against the budget of the handler's task.
    fn spend(&self, sent: Sent) {
        if let Some(from) = &self.from {
            from.backlog.spend(sent.recipients);
        }
    }

    fn counted(&self, result: Result<Sent, EncodeError>) -> Sent {
        match result {
            Ok(sent) => {
                self.spend(sent);
                self.hub.node().counters(self.hub.channel()).send(sent);
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
fn room_name<E: Envelope>(room: &LiveRoom) -> Option<Cow<'_, str>> {
    if const { E::PLACES.has_topics() } {
        return Some(E::topic(room.name()));
    }
    RoomName::of(room.name()).on_the_wire().map(Cow::Borrowed)
}
