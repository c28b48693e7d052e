//! A member of an audience, as a program sees it: which connection, of which user.

use serde::{Deserialize, Serialize};

use crate::connection::id::ConnectionId;
use crate::room::member::Member;

/// One connection of an audience, from [`Audience::members`](crate::Audience::members).
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub struct MemberView {
    /// Serialized as the text that it writes.
    #[serde(with = "as_text")]
    pub id: ConnectionId,
    /// The text that its channel's `identity` writes. `None` if the connection is nobody's.
    pub user: Option<String>,
}

impl MemberView {
    pub(crate) fn of(member: &Member) -> Self {
        Self { id: member.id, user: member.user.as_ref().map(|user| user.name().to_owned()) }
    }
}

mod as_text {
    use serde::de::{Deserialize, Deserializer, Error};
    use serde::ser::Serializer;

    use crate::connection::id::ConnectionId;

    pub(super) fn serialize<S: Serializer>(id: &ConnectionId, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(id)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<ConnectionId, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
    }
}
