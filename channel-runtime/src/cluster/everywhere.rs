//! Questions about clients on all nodes, which wait for the others' answers.

use std::fmt;

use serde::de::DeserializeOwned;

use super::asking::{Answers, ask};
use super::members::Members;
use super::node_id::NodeId;
use super::relay::Relay;
use super::wire::Question;
use crate::channel::Channel;
use crate::room::exclusions::Exclusions;
use crate::room::outgoing::Sending;
use crate::socket::audience::Audience;
use crate::socket::member_view::MemberView;
use crate::socket::user::User;
use crate::wire::close::{Close, CloseCode, ClosedBy};

/// What all nodes have answered, and which have not.
///
/// It is never all or nothing: what came is in `value`, and who is missing is named.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Everywhere<T> {
    /// From this node and all that have answered.
    pub value: T,
    /// The nodes that have not answered within [`query_timeout`](crate::Cluster::query_timeout).
    pub missing: Vec<NodeId>,
    /// Whether the bus was there. If not, there may be nodes that this one does not know of.
    pub bus_is_up: bool,
}

impl<T> Everywhere<T> {
    /// Whether every node has answered.
    pub fn is_complete(&self) -> bool {
        self.missing.is_empty() && self.bus_is_up
    }

    fn here(value: T) -> Self {
        Self { value, missing: Vec::new(), bus_is_up: true }
    }

    fn with<A: DeserializeOwned>(here: T, answers: Answers, mut add: impl FnMut(&mut T, A)) -> Self {
        let Answers { answers, missing, bus_is_up } = answers;
        let mut all = Self { value: here, missing, bus_is_up };
        for (node, answer) in answers {
            match serde_json::from_slice(&answer) {
                Ok(answer) => add(&mut all.value, answer),
                Err(error) => {
                    tracing::warn!(%node, %error, "another node's answer could not be read");
                    all.missing.push(node);
                }
            }
        }
        all
    }

    async fn ask<A: DeserializeOwned>(
        relay: &Relay,
        sending: &Sending<'_>,
        here: T,
        what: Question,
        add: impl FnMut(&mut T, A),
    ) -> Self {
        let all = Self::with(here, ask(relay, sending, what).await, add);
        if !all.is_complete() {
            relay.bus.incomplete.add(1);
        }
        all
    }
}

/// The clients of an audience, on all nodes.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct MembersEverywhere {
    /// All of this node, and of each other the first 1,000.
    pub members: Vec<MemberView>,
    /// How many more there are.
    pub more: usize,
}

/// An audience on all nodes; from [`Audience::everywhere`].
pub struct AudienceEverywhere<C, K> {
    audience: Audience<C, K>,
}

impl<C: 'static, K> Audience<C, K> {
    /// The same clients on all nodes, for what needs their answers. Without a cluster, this node is all there is.
    ///
    /// ```
    /// # use channel_runtime::{channel, Hub};
    /// # #[channel("/chat/:room")] pub struct Chat { room: String }
    /// # #[channel] impl Chat {}
    /// # async fn show(hub: Hub<Chat>) {
    /// let members = hub.room(&Chat::room("lobby")).everywhere().len().await;
    /// println!("{} in the lobby, {} nodes did not answer", members.value, members.missing.len());
    /// # }
    /// ```
    pub fn everywhere(&self) -> AudienceEverywhere<C, K> {
        AudienceEverywhere { audience: self.clone() }
    }
}

impl<C: 'static, K> AudienceEverywhere<C, K> {
    /// How many clients it has now.
    pub async fn len(&self) -> Everywhere<usize> {
        let here = self.audience.len();
        self.ask(here, Question::Len, |value, there: usize| *value += there).await
    }

    /// Whether it has no clients now, as far as was answered.
    pub async fn is_empty(&self) -> Everywhere<bool> {
        let Everywhere { value, missing, bus_is_up } = self.len().await;
        Everywhere { value: value == 0, missing, bus_is_up }
    }

    /// Its clients: at most 1,000 of each other node. In no order.
    pub async fn members(&self) -> Everywhere<MembersEverywhere> {
        let here = MembersEverywhere { members: self.audience.members(), more: 0 };
        self.ask(here, Question::Members, |value, there: Members| {
            value.members.extend(there.members);
            value.more += there.more;
        })
        .await
    }

    /// As [`Audience::disconnect`], and waits until each node says that it has done so.
    pub async fn disconnect(&self, code: CloseCode, reason: &str) -> Everywhere<usize> {
        let close = Close::new(ClosedBy::Server, Some(code), reason);
        let here = self.audience.delivery().here().disconnect(&close);
        let question = Question::Disconnect { code, reason: reason.into() };
        self.ask(here, question, |value, there: usize| *value += there).await
    }

    async fn ask<T, A: DeserializeOwned>(&self, here: T, what: Question, add: impl FnMut(&mut T, A)) -> Everywhere<T> {
        let delivery = self.audience.delivery();
        let Some(relay) = Relay::of(self.audience.node()) else { return Everywhere::here(here) };
        Everywhere::ask(relay, &delivery.sending(None), here, what, add).await
    }
}

impl<C: Channel, K> fmt::Debug for AudienceEverywhere<C, K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("AudienceEverywhere").field(&self.audience).finish()
    }
}

/// A user on all channels and all nodes; from [`User::everywhere`].
#[derive(Clone, Debug)]
pub struct UserEverywhere {
    user: User,
}

impl User {
    /// The user on all nodes, for what needs their answers. Without a cluster, this node is all there is.
    pub fn everywhere(&self) -> UserEverywhere {
        UserEverywhere { user: self.clone() }
    }
}

impl UserEverywhere {
    /// How many connections the user has now.
    pub async fn len(&self) -> Everywhere<usize> {
        self.ask(self.user.len(), Question::Len).await
    }

    /// Whether the user has no connection now, as far as was answered.
    pub async fn is_empty(&self) -> Everywhere<bool> {
        let Everywhere { value, missing, bus_is_up } = self.len().await;
        Everywhere { value: value == 0, missing, bus_is_up }
    }

    /// As [`User::disconnect`], and waits until each node says that it has done so: a ban that knows that it was heard.
    pub async fn disconnect(&self, code: CloseCode, reason: &str) -> Everywhere<usize> {
        let here = self.user.disconnect_here(&Close::new(ClosedBy::Server, Some(code), reason));
        self.ask(here, Question::Disconnect { code, reason: reason.into() }).await
    }

    async fn ask(&self, here: usize, what: Question) -> Everywhere<usize> {
        let exclusions = Exclusions::default();
        let asked = Relay::of(self.user.node()).zip(self.user.sending(&exclusions));
        let Some((relay, sending)) = asked else { return Everywhere::here(here) };
        Everywhere::ask(relay, &sending, here, what, |value, there: usize| *value += there).await
    }
}
