//! What another node says, done here: by the functions by which this node's own program does it.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use super::members::Members;
use super::node_id::NodeId;
use super::nodes::Hello;
use super::relay::Relay;
use super::wire::{Address, Content, Question, Record, ValueRef};
use crate::connection::user_key::UserKey;
use crate::protocol::escaped::Escaped;
use crate::room::class::{Class, TypeHash};
use crate::room::delivery::{Delivery, disconnect_user};
use crate::room::lookup::Lookup;
use crate::room::member::Member;
use crate::room::newest::{Key, Stamp};
use crate::room::sent::Sent;
use crate::room::target::Target;
use crate::socket::node::Node;
use crate::wire::close::{Close, ClosedBy};
use crate::wire::frame::{Frame, Opcode, frame};

/// Returns how many clients it was for.
pub(super) fn take(node: &Arc<Node>, relay: &Relay, from: NodeId, record: &Record<'_>) -> usize {
    if let Address::Nodes = record.to {
        about_nodes(relay, from, &record.content);
        return 0;
    }
    let Some(channel) = relay.channel(record.channel) else {
        relay.bus.foreign.add(1);
        return 0;
    };
    let here = Here { node, relay, from, channel };
    // Whether there is such a room here or not.
    let counts = match (record.newest, &record.content) {
        (Some(value), _) => relay.stamps.see(value.micros),
        (None, Content::Forget { stamp, .. }) => relay.stamps.see(stamp.micros),
        _ => true,
    };
    if !counts {
        return here.foreign();
    }
    match (&record.to, &record.content) {
        (Address::User(name), content) => here.to_user(&here.user(name), content),
        // The usual: nothing is allocated before the room is found.
        (
            Address::Room(name),
            Content::Frame { .. }
            | Content::Topical { .. }
            | Content::Forget { .. }
            | Content::Ask { .. }
            | Content::Value { .. },
        ) if node.registry.room(channel, name).is_none() => 0,
        _ => here.to_target(record),
    }
}

fn about_nodes(relay: &Relay, from: NodeId, content: &Content<'_>) {
    match content {
        Content::Hello(json) => match serde_json::from_slice::<Hello>(json) {
            Ok(hello) => {
                // 0 if there was none. It is said each second, and the warning tells of it once.
                let _ = relay.stamps.see(hello.newest);
                if relay.stamps.is_first_far_ahead(hello.newest) {
                    tracing::warn!(node = %from, "a node has seen newest values that are more than an hour ahead of the clock here");
                }
                let heard = relay.nodes.hello(from, hello, relay.age());
                relay.count_lost(from, heard.lost);
                if heard.may_know_more {
                    relay.asks.ask_of(from);
                }
                relay.wake_if(heard.is_news);
            }
            Err(_) => relay.bus.foreign.add(1),
        },
        Content::Bye => {
            relay.questions.leave(from);
            relay.wake_if(relay.nodes.leave(from));
        }
        Content::Answer { id, json } => relay.questions.answer(*id, from, bytes::Bytes::copy_from_slice(json)),
        _ => relay.bus.foreign.add(1),
    }
}

#[derive(Clone, Copy)]
struct Here<'a> {
    node: &'a Arc<Node>,
    relay: &'a Relay,
    from: NodeId,
    channel: usize,
}

impl Here<'_> {
    fn user(self, name: &str) -> UserKey {
        UserKey::of_kind(self.node.registry.identity(self.channel), name)
    }

    /// On all channels.
    fn to_user(self, user: &UserKey, content: &Content<'_>) -> usize {
        let registry = &self.node.registry;
        match content {
            Content::Close { code, reason } => {
                disconnect_user(registry, user, &Close::new(ClosedBy::Server, *code, *reason))
            }
            Content::Question { id, what, .. } => {
                let count = match what {
                    Question::Disconnect { code, reason } => {
                        disconnect_user(registry, user, &Close::new(ClosedBy::Server, Some(*code), *reason))
                    }
                    Question::Len | Question::Members => registry.devices(user),
                };
                self.answer(*id, count);
                count
            }
            _ => self.foreign(),
        }
    }

    fn foreign(self) -> usize {
        self.relay.bus.foreign.add(1);
        0
    }

    fn answer(self, id: u64, answer: impl serde::Serialize) {
        let json = serde_json::to_vec(&answer).expect("numbers and texts are JSON");
        self.relay.answer(self.from, id, json);
    }

    fn target(self, to: &Address<'_>) -> Target {
        match to {
            Address::Room(name) => match self.node.registry.room(self.channel, name) {
                Some(room) => Target::Room(Arc::clone(room.name())),
                None => Target::Room(Arc::from(*name)),
            },
            Address::Rooms(names) => Target::Rooms(names.clone().map(|(name, _)| Arc::from(name)).collect()),
            Address::Users(names) => Target::Users(names.clone().map(|name| self.user(name)).collect()),
            Address::Connection(id) => Target::Connection(*id),
            Address::All | Address::User(_) | Address::Nodes => Target::All,
        }
    }

    fn to_target(self, record: &Record<'_>) -> usize {
        let Self { node, channel, .. } = self;
        let target = self.target(&record.to);
        let exclusions = record.mask.exclusions(node.registry.identity(channel));
        let lookup = Lookup { registry: &node.registry, channel, target: &target, exclusions: &exclusions };
        let compressed = match record.content {
            Content::Frame { compressed, .. } => compressed,
            _ => None,
        };
        let (class, key, stamp) = self.newest(record);
        let delivery = Delivery {
            lookup,
            from: None,
            hub_backlog: None,
            class,
            key: key.as_ref(),
            stamp,
            compression: node.compression(),
            compressed,
            outgoing: None,
        };
        match &record.content {
            Content::Frame { opcode, plain, .. } => self.sent(delivery.to_found(frame(*opcode, plain)), class),
            Content::Frames(frames) => {
                let (Address::Rooms(names), Target::Rooms(rooms)) = (&record.to, &target) else {
                    return self.foreign();
                };
                let frames: Vec<Frame> = frames.clone().map(|(opcode, plain)| frame(opcode, plain)).collect();
                let of_room: Vec<_> = names.clone().map(|(_, body)| frames.get(body)).collect();
                let frame = |at: usize, _: &Arc<str>| of_room[at].cloned().ok_or(());
                delivery.to_rooms(rooms, frame).map_or_else(|()| self.foreign(), |sent| self.sent(sent, class))
            }
            Content::Topical { before, after, has_place } => {
                let topical = Topical { before, after, has_place: *has_place };
                self.sent(self.by_topic(&delivery, topical), class)
            }
            Content::Close { code, reason } => delivery.disconnect(&Close::new(ClosedBy::Server, *code, *reason)),
            Content::Move(path) => delivery.disconnect(&Close::moved(path)),
            Content::Notice { handler, json } => self.notice(lookup, handler, json),
            Content::Join(name) => delivery.join(&Arc::from(*name)),
            Content::Leave(name) => delivery.leave(&Arc::from(*name)),
            Content::Forget { of, stamp, key } => self.forget(delivery, *of, *stamp, key),
            Content::Ask { digest } => {
                if let Some(room) = lookup.one_room() {
                    self.relay.asked_for(self.from, channel, &room, matches!(target, Target::All), *digest);
                }
                0
            }
            Content::Value { opcode, plain, .. } if matches!(class, Class::Latest(_)) => {
                let sent = delivery.to_found(frame(*opcode, plain));
                // It was counted when it was sent.
                self.sent(Sent { recipients: 0, refused: 0, ..sent }, class);
                sent.recipients
            }
            Content::Value { .. } => self.foreign(),
            Content::Question { id, what, .. } => self.ask(&delivery, *id, what),
            Content::Answer { .. } | Content::Hello(_) | Content::Bye => self.foreign(),
        }
    }

    fn sent(self, sent: Sent, class: Class) -> usize {
        self.node.counters(self.channel).send(sent, class);
        sent.recipients
    }

    /// The class, key and stamp of what was sent. A value whose type is not `latest` here, as during a deploy, is for each client.
    fn newest(self, record: &Record<'_>) -> (Class, Option<Key>, Stamp) {
        let known = || {
            let Class::LatestElsewhere(of) = record.class else { return None };
            Some((record.newest?, self.node.counters(self.channel).drops.latest(of)?))
        };
        match known() {
            Some((ValueRef { micros, key }, class)) => {
                let node = if let Content::Value { node, .. } = record.content { node } else { self.from.0 };
                (Class::Latest(class), Some(Key::from(Arc::from(key))), Stamp { micros, node })
            }
            None => (record.class, None, Stamp::NONE),
        }
    }

    fn forget(self, delivery: Delivery<'_>, of: TypeHash, stamp: Stamp, key: &str) -> usize {
        match self.node.counters(self.channel).drops.latest(of) {
            Some(class) => {
                Delivery { stamp, ..delivery }.forget(class, &Key::from(Arc::<str>::from(key)));
                0
            }
            None => self.foreign(),
        }
    }

    fn notice(self, lookup: Lookup<'_>, handler: &str, json: &[u8]) -> usize {
        match self.node.relayed_notice(self.channel, handler, lookup, json) {
            Some(Ok(sent)) => sent.recipients,
            Some(Err(error)) => {
                let channel = self.node.counters(self.channel).channel;
                tracing::warn!(channel, handler, error = %Escaped(error), "another node's notice could not be read");
                self.foreign()
            }
            None => self.foreign(),
        }
    }

    fn ask(self, delivery: &Delivery<'_>, id: u64, what: &Question<&str>) -> usize {
        match what {
            Question::Len => {
                self.answer(id, delivery.lookup.len());
                1
            }
            Question::Disconnect { code, reason } => {
                let closed = delivery.disconnect(&Close::new(ClosedBy::Server, Some(*code), *reason));
                self.answer(id, closed);
                closed
            }
            Question::Members => {
                let members = delivery.lookup.members();
                self.answer(id, Members::of(&members));
                members.len()
            }
        }
    }

    /// Each client hears it on the topic of its own room.
    fn by_topic(self, delivery: &Delivery<'_>, topical: Topical<'_>) -> Sent {
        let envelope = self.node.counters(self.channel).envelope;
        let members = delivery.lookup.members();
        let mut by_topic = BTreeMap::<Cow<'_, str>, Vec<Arc<Member>>>::new();
        for member in &members {
            by_topic.entry(envelope.topic(member.own_room.name())).or_default().push(Arc::clone(member));
        }
        let mut sent = Sent::default();
        for (topic, members) in by_topic {
            sent.add(delivery.to_members(&members, topical.on(&topic), |_| true));
        }
        sent
    }
}

#[derive(Clone, Copy)]
struct Topical<'a> {
    before: &'a str,
    after: &'a str,
    has_place: bool,
}

impl Topical<'_> {
    fn on(self, topic: &str) -> Frame {
        let Self { before, after, has_place } = self;
        let json = serde_json::to_string(topic).expect("a text is JSON");
        // Without the quotes, which stand around the place already.
        let topic = if has_place { &json[1..json.len() - 1] } else { "" };
        frame(Opcode::Text, [before, topic, after].concat().as_bytes())
    }
}
