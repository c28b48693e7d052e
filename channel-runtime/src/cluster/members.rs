//! The members of an audience, as one node answers with them.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::room::member::Member;
use crate::socket::member_view::MemberView;

/// A node names no more. How many there are can be asked by itself.
const MOST: usize = 1000;

#[derive(Serialize, Deserialize)]
pub(super) struct Members {
    pub members: Vec<MemberView>,
    /// How many more there are.
    pub more: usize,
}

impl Members {
    pub fn of(members: &[Arc<Member>]) -> Self {
        let named = members.iter().take(MOST).map(|member| MemberView::of(member)).collect();
        Self { members: named, more: members.len().saturating_sub(MOST) }
    }
}
