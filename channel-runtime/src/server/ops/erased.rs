//! A channel without its type: what requests of operators need of it, as function pointers made where the types are known.

use std::any::TypeId;
use std::sync::Arc;

use bytes::Bytes;

use crate::channel::Channel;
use crate::channel::path::{Params, Path};
use crate::connection::user_key::UserKey;
use crate::protocol::codec::{self, Decoded};
use crate::protocol::describe::RoomShape;
use crate::protocol::envelope::Envelope;
use crate::protocol::fault::Fault;
use crate::protocol::kind::kind_of;
use crate::protocol::message::Messages;
use crate::room::exclusions::Exclusions;
use crate::room::sent::Sent;
use crate::room::target::Target;
use crate::socket::audience::Audience;
use crate::socket::hub::Hub;
use crate::socket::node::Node;

#[derive(Clone, Copy)]
pub(crate) struct ErasedChannel {
    pub path: Path,
    pub rooms: &'static [RoomShape],
    index: fn(&Node) -> Option<usize>,
    /// The type of its identities.
    identity: fn() -> TypeId,
    room_at: fn(&Params) -> Option<Arc<str>>,
    user: fn(&str) -> Option<UserKey>,
    send: fn(&Arc<Node>, Target, Exclusions, &Content<'_>) -> Result<Sent, Fault>,
}

/// A message as it was sent here.
pub(crate) enum Content<'a> {
    /// A flat object: the `type`, and the message's fields beside it.
    Json(&'a str),
    /// A binary message, with its kind.
    Binary(Bytes),
}

impl ErasedChannel {
    pub fn of<C: Channel>() -> Self {
        Self {
            path: C::PATH,
            rooms: C::ROOMS,
            index: |node| node.registry.index_of::<C>(),
            identity: TypeId::of::<C::Identity>,
            room_at: |params| C::room_at(params).map(|room| Arc::clone(room.key())),
            user: |name| name.parse::<C::Identity>().ok().map(|user| UserKey::new(&user)),
            send: send::<C>,
        }
    }

    pub fn pattern(&self) -> &'static str {
        self.path.pattern()
    }

    pub fn index(&self, node: &Node) -> usize {
        (self.index)(node).expect("a channel of the table is in its registry")
    }

    pub fn identity(&self) -> TypeId {
        (self.identity)()
    }

    /// The name of the room at this path. `None` if the channel has no such path.
    pub fn room_at(&self, path: &str) -> Option<Arc<str>> {
        (self.room_at)(&self.path.matches(path)?)
    }

    /// `None` if the text names no user, or the channel knows none.
    pub fn user(&self, name: &str) -> Option<UserKey> {
        (self.user)(name)
    }

    /// # Errors
    /// If the message is none that the channel sends.
    pub fn send(
        &self,
        node: &Arc<Node>,
        target: Target,
        exclusions: Exclusions,
        content: &Content<'_>,
    ) -> Result<Sent, Fault> {
        (self.send)(node, target, exclusions, content)
    }
}

fn send<C: Channel>(
    node: &Arc<Node>,
    target: Target,
    exclusions: Exclusions,
    content: &Content<'_>,
) -> Result<Sent, Fault> {
    let message = read::<C>(content)?;
    let hub = Hub::<C>::find(node).expect("a channel of the table is in its registry");
    Ok(Audience::<C>::new(hub, target, None, exclusions).send_one_of(&message))
}

fn read<C: Channel>(content: &Content<'_>) -> Result<C::ToClient, Fault> {
    let message: C::ToClient = match content {
        Content::Json(_) if <C::ToClient as Messages>::TYPES.iter().all(|kind| kind_of(kind).is_some()) => {
            let message = "the channel sends no messages that are JSON".to_owned();
            return Err(Fault::framework(NO_MESSAGES.into(), message));
        }
        Content::Json(text) if <C::Envelope as Envelope>::IS_FLAT => {
            let Decoded { message, reference, .. } = codec::decode(text);
            if reference.is_some() {
                return Err(answers_nothing());
            }
            message?
        }
        Content::Json(text) => codec::decode_bare(text)?,
        Content::Binary(data) => {
            let index = codec::index_of_kind::<C::ToClient>(data);
            let index = index.ok_or_else(|| codec::unknown_kind::<C::ToClient>(data))?;
            codec::decode_binary(index, data.clone())?
        }
    };
    message.check()?;
    Ok(message)
}

/// The code for a channel that sends nothing that could be read here.
pub(crate) const NO_MESSAGES: &str = "no_messages";

fn answers_nothing() -> Fault {
    let message = "invalid message: `ref`: what is published answers no message".to_owned();
    let fault = Fault::framework(Fault::INVALID_PAYLOAD.into(), message);
    fault.with_details(serde_json::json!({ "path": "ref" }))
}
