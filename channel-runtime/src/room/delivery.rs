//! The delivery of a frame to the members of a target in this process, and, if it is sent here, to the other nodes.
//!
//! What another node sends is delivered by the same functions.

#[cfg(all(test, feature = "deflate"))]
mod tests;

use std::collections::HashSet;
use std::sync::Arc;

use crate::connection::backpressure::HubBacklog;
use crate::connection::framework_frames::moving_window;
use crate::connection::outbox::Enqueued;
use crate::connection::user_key::UserKey;
use crate::room::class::{Class, LatestClass};
use crate::room::exclusions::Exclusions;
use crate::room::fan_out::push_each;
use crate::room::live_room::LiveRoom;
use crate::room::lookup::Lookup;
use crate::room::member::Member;
use crate::room::newest::{Key, NewestValue, Stamp};
use crate::room::offer::offer_each;
use crate::room::outgoing::{Body, Outgoing, Sending, To};
use crate::room::pending::close_all;
use crate::room::publisher::Publisher;
use crate::room::reach::Reach;
use crate::room::registry::Registry;
use crate::room::sent::{Elsewhere, Sent};
use crate::room::target::Target;
use crate::wire::close::Close;
use crate::wire::deflate::{Compression, PreparedFrame, Windows};
use crate::wire::frame::{Compressed, Frame};

#[derive(Clone, Copy)]
pub(crate) struct Delivery<'a> {
    pub lookup: Lookup<'a>,
    /// The connection that sends.
    pub from: Option<&'a Arc<Member>>,
    /// The channel's, for what a hub sends.
    pub hub_backlog: Option<&'a Arc<HubBacklog>>,
    pub class: Class,
    /// Of what is `latest`; `None` for all else.
    pub key: Option<&'a Key>,
    /// Of what is `latest`; `NONE` if it is sent now.
    pub stamp: Stamp,
    pub compression: Option<&'a Compression>,
    /// The message as another node has compressed it.
    pub compressed: Option<Compressed<&'a [u8]>>,
    /// `None` for what came from another node.
    pub outgoing: Option<&'a dyn Outgoing>,
}

#[expect(clippy::wrong_self_convention, reason = "it is copied to be changed, and too large to be handed on by value")]
impl<'a> Delivery<'a> {
    /// Without the other nodes.
    pub fn here(self) -> Self {
        Self { outgoing: None, ..self }
    }

    pub fn sending<'b>(&'b self, publisher: Option<&'b Publisher<Member>>) -> Sending<'b> {
        let Lookup { channel, target, exclusions, .. } = self.lookup;
        let Self { class, outgoing, compression, stamp, .. } = *self;
        let newest = self.key.map(|key| NewestValue { key, compression, stamp });
        Sending { channel, to: To::Target(target), exclusions, class, newest, publisher, outgoing }
    }

    /// For the bus. Then nobody gets it.
    pub fn is_too_long(&self, bytes: usize) -> bool {
        let Some(outgoing) = self.outgoing.filter(|outgoing| bytes > outgoing.longest()) else { return false };
        outgoing.count_too_long();
        true
    }

    /// To whomever is found here.
    #[cfg(feature = "cluster")]
    pub fn to_found(&self, frame: Frame) -> Sent {
        match self.lookup.one_room() {
            Some(room) => self.to_room(&room, frame),
            None => self.to_members(&self.lookup.members(), frame, |_| true),
        }
    }

    pub fn to_room(&self, room: &Arc<LiveRoom>, frame: Frame) -> Sent {
        self.to_admitted(room, frame, |_| true)
    }

    fn to_admitted(&self, room: &Arc<LiveRoom>, frame: Frame, admits: impl FnMut(&Member) -> bool) -> Sent {
        if self.lookup.exclusions.only_user.is_some() {
            return self.to_members(&self.lookup.members_of(room), frame, admits);
        }
        if self.is_too_long(frame.len()) {
            return Sent::too_long();
        }
        if let Class::Latest(latest) = self.class {
            return room.send_newest(&frame, latest, &self.sending(self.publisher(room).as_ref()));
        }
        let windows = || room.windows(self.from, self.lookup.exclusions);
        if !room.has_history() || !self.class.is_reliable() {
            return room.send(self.prepared(frame, windows), &self.sending(self.publisher(room).as_ref()), admits);
        }
        let frame = self.to_be_recorded(frame, windows);
        let sent = room.send(frame, &self.sending(self.publisher(room).as_ref()), admits);
        self.lookup.registry.recorded(self.lookup.channel, room);
        sent
    }

    /// Makes the frame under the room's lock, from the number of its members here.
    pub fn to_room_with<E>(
        &self,
        room: &Arc<LiveRoom>,
        make: impl FnOnce(usize) -> Result<PreparedFrame, E>,
    ) -> Result<Sent, E> {
        let publisher = self.publisher(room);
        let sending = self.sending(publisher.as_ref());
        if let Class::Latest(latest) = self.class {
            return room.send_newest_with(latest, &sending, make);
        }
        let sent = room.send_with(&sending, make)?;
        if self.class.is_reliable() {
            self.lookup.registry.recorded(self.lookup.channel, room);
        }
        Ok(sent)
    }

    /// To rooms by their names, each with its frame; a client in several of them gets one. `make` is called for rooms without a
    /// member here, too, if there are other nodes. It is given the room's place among the names.
    pub fn to_rooms<E>(
        self,
        names: &[Arc<str>],
        mut make: impl FnMut(usize, &Arc<str>) -> Result<Frame, E>,
    ) -> Result<Sent, E> {
        let delivery = self.stamped();
        let (mut rooms, mut frames, mut places) = (Vec::new(), Vec::<Frame>::new(), Vec::new());
        for (at, name) in names.iter().enumerate() {
            let room = self.lookup.room(name);
            if room.is_none() && self.outgoing.is_none() {
                continue;
            }
            let frame = make(at, name)?;
            // The rooms of paths are named in no frame: all get the same.
            if frames.last().is_none_or(|last| last[..] != frame[..]) {
                frames.push(frame);
            }
            places.push(frames.len() - 1);
            rooms.push(room);
        }
        if self.is_too_long(frames.iter().map(|frame| frame.len()).sum()) {
            return Ok(Sent::too_long());
        }
        let (mut reached, mut sent) = (HashSet::new(), Sent::default());
        for (room, place) in rooms.iter().zip(&places) {
            if let Some(room) = room {
                sent.add(delivery.here().to_admitted(room, frames[*place].clone(), |member| reached.insert(member.id)));
            }
        }
        sent.add(Sent::only_elsewhere(delivery.sending(self.own().as_ref()).leave(|| Body::Frames { frames, places })));
        Ok(sent)
    }

    /// A newest value for several rooms is sent to all of them at one moment.
    fn stamped(self) -> Self {
        match self.class {
            Class::Latest(_) => Self { stamp: self.sending(None).stamp(), ..self },
            _ => self,
        }
    }

    /// Forgets the newest value of a key in one room, here and on the other nodes. Returns whether there was one here.
    pub fn forget(&self, class: LatestClass, key: &Key) -> bool {
        let Self { compression, stamp, outgoing, .. } = *self;
        let stamp = stamp.or_else(|| outgoing.map_or(Stamp::NONE, Outgoing::stamp));
        let value = NewestValue { key, compression, stamp };
        let sending = self.sending(None);
        let Some(room) = self.lookup.one_room() else {
            let _ = sending.leave(|| Body::Forget { of: class.of, stamp, key: value.own_key() });
            return false;
        };
        room.forget_newest(class, value, &sending)
    }

    /// To each of these members.
    pub fn to_members(&self, members: &[Arc<Member>], frame: Frame, admits: impl FnMut(&Member) -> bool) -> Sent {
        if self.is_too_long(frame.len()) {
            return Sent::too_long();
        }
        let stays = if self.is_found(members.len()) { self.here() } else { *self };
        let frame = stays.prepared(frame, || Windows::of(members.iter().map(|member| member.deflate)));
        let members = members.iter().map(|member| (member.id.serial(), member));
        let pushed = |member: &Arc<Member>, pushed| {
            if pushed == Enqueued::MustFlush {
                member.outbox().wake_owner();
            }
        };
        let exclusions = self.lookup.exclusions;
        let mut sent = match self.class {
            // Of a single client there is no table of newest values.
            class if !class.is_volatile() => push_each(exclusions, members, &frame, admits, pushed),
            _ => offer_each(exclusions, members, &frame, admits, pushed),
        };
        sent.elsewhere = self.elsewhere(sent, || Body::of(&frame));
        sent
    }

    /// To the other nodes alone, where the room may have members.
    pub fn to_absent_room(&self, frame: Frame) -> Sent {
        if self.is_too_long(frame.len()) {
            return Sent::too_long();
        }
        let frame = self.prepared(frame, Windows::default);
        Sent::only_elsewhere(self.elsewhere(Sent::default(), || Body::of(&frame)))
    }

    /// Closes the connection of each client, after what was sent to it before, and those of its users that are pending. Who is moved and
    /// is there already, or on the way, stays.
    pub fn disconnect(&self, close: &Close) -> usize {
        // The pending ones first: otherwise one could join in between and be missed.
        let pending = self.lookup.disconnect_pending(close);
        if sends_away(close) {
            self.lookup.send_away();
        }
        let mut members = self.lookup.members();
        if close.moved_to().is_some() {
            members.retain(|member| !close.spares(member.own_room.name()));
            let window = moving_window(members.len());
            members.iter().for_each(|member| member.outbox().set_return_window(window));
        }
        let closed = close_all(&members, close, &pending);
        let here = Sent { recipients: closed, ..Sent::default() };
        self.elsewhere(here, || Body::Close(close.clone()));
        closed
    }

    /// Makes each client here, and each on the other nodes, a member of a declared room. Returns how many here are members now.
    pub fn join(&self, room: &Arc<str>) -> usize {
        let Lookup { registry, .. } = self.lookup;
        let members = self.lookup.members();
        let joined = members.iter().filter(|member| registry.join(member, room)).count();
        self.elsewhere_too(&members, || Body::Join(Arc::clone(room)));
        joined
    }

    /// Takes each client here, and each on the other nodes, out of a declared room. Returns how many here were members.
    pub fn leave(&self, room: &Arc<str>) -> usize {
        let Lookup { registry, .. } = self.lookup;
        let members = self.lookup.members();
        let left = members.iter().filter(|member| registry.leave(member, room)).count();
        self.elsewhere_too(&members, || Body::Leave(Arc::clone(room)));
        left
    }

    fn elsewhere_too(&self, members: &[Arc<Member>], body: impl FnOnce() -> Body) {
        self.elsewhere(Sent { recipients: members.len(), ..Sent::default() }, body);
    }

    /// Hands what was done here to the other nodes, too.
    pub fn elsewhere(&self, here: Sent, body: impl FnOnce() -> Body) -> Elsewhere {
        if self.is_found(here.recipients) || self.outgoing.is_none() {
            return Elsewhere::Nowhere;
        }
        self.sending(self.own().as_ref()).leave(body)
    }

    /// Whether all that it is for are here: one connection is on one node.
    fn is_found(&self, here: usize) -> bool {
        here > 0 && matches!(self.lookup.target, Target::Connection(_))
    }

    /// Takes no lock, because compression takes time.
    fn prepared(&self, frame: Frame, windows: impl FnOnce() -> Windows) -> PreparedFrame {
        let Some(compression) = self.compression else { return PreparedFrame::plain(frame) };
        if let Some(compressed) = self.compressed {
            return PreparedFrame::received(frame, compressed, windows(), compression);
        }
        let is_read_elsewhere = self.outgoing.is_some_and(Outgoing::reads_compressed);
        let windows = if is_read_elsewhere { windows().and_widest(compression) } else { windows() };
        PreparedFrame::new(frame, windows, compression)
    }

    /// For a room that gives it a number, if it is a text. The number is not known yet, so that it is not in what is compressed.
    fn to_be_recorded(&self, frame: Frame, windows: impl FnOnce() -> Windows) -> PreparedFrame {
        match self.compression {
            Some(compression) if frame.has_place() => PreparedFrame::to_be_numbered(frame, windows(), compression),
            _ => self.prepared(frame, windows),
        }
    }

    /// The sender that is slowed if this room does not keep up.
    fn publisher(&self, room: &LiveRoom) -> Option<Publisher<Member>> {
        if self.class.is_volatile() {
            return None;
        }
        match self.from {
            Some(from) => Some(Publisher::Member(Arc::clone(from))),
            None => {
                let channel = self.hub_backlog?;
                let hub = if channel.is_of_clients { room.hub_backlog_of(channel) } else { channel };
                Some(Publisher::Hub(Arc::clone(hub)))
            }
        }
    }

    /// The sender that is slowed if the bus does not keep up with what is for no one room.
    fn own(&self) -> Option<Publisher<Member>> {
        self.outgoing.filter(|_| !self.class.is_volatile())?;
        match self.from {
            Some(from) => Some(Publisher::Member(Arc::clone(from))),
            None => self.hub_backlog.map(|channel| Publisher::Hub(Arc::clone(channel))),
        }
    }
}

/// On all channels.
pub(crate) fn disconnect_user(registry: &Registry, user: &UserKey, close: &Close) -> usize {
    // The pending ones first: otherwise one could join in between and be missed.
    let pending = registry.pending().close(user, &Reach::default(), &[], close);
    if sends_away(close) {
        registry.send_away(user, &Reach::default(), &Exclusions::default());
    }
    close_all(&registry.user(user), close, &pending)
}

/// Who is moved while its connection is lost comes back to the room that it knows.
fn sends_away(close: &Close) -> bool {
    close.is_for_good() && close.moved_to().is_none()
}
