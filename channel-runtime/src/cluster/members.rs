//! The members of an audience, as one node answers with them.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::room::member::Member;
use crate::socket::member_view::MemberView;

/// A node names no more. How many there are can be asked by itself.
const MOST: usize = 1000;

/// Nor more bytes of users' names, because an answer has to fit into one message of the bus.
const MOST_BYTES: usize = 256 * 1024;

#[derive(Serialize, Deserialize)]
pub(super) struct Members {
    pub members: Vec<MemberView>,
    /// How many more there are.
    pub more: usize,
}

impl Members {
    pub fn of(members: &[Arc<Member>]) -> Self {
        let mut bytes = 0;
        let fits = |member: &&Arc<Member>| {
            bytes += member.user.as_ref().map_or(0, |user| user.name().len());
            bytes <= MOST_BYTES
        };
        let named: Vec<_> = members.iter().take(MOST).take_while(fits).map(|member| MemberView::of(member)).collect();
        Self { more: members.len() - named.len(), members: named }
    }
}
