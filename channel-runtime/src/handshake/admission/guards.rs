//! The guards of those who were let in, or are told why not: each gives its place back when it is dropped.

use std::net::IpAddr;
use std::sync::Arc;

use super::Door;
use crate::room::registry::UserKey;

/// One who was let in, until dropped.
pub(crate) struct Admission {
    door: Arc<Door>,
    /// Boxed, for every connection has an admission and most have no other bounds.
    counted: Option<Box<Counted>>,
}

/// What a connection is counted by beside all others.
#[derive(Default)]
struct Counted {
    address: Option<IpAddr>,
    user: Option<UserKey>,
}

impl Admission {
    pub(super) fn new(door: &Arc<Door>, address: Option<IpAddr>) -> Self {
        let counted = address.map(|address| Box::new(Counted { address: Some(address), user: None }));
        Self { door: Arc::clone(door), counted }
    }

    /// With that of its user.
    pub fn and(mut self, user: Option<Box<UserAdmission>>) -> Self {
        if let Some(user) = user.and_then(|user| user.into_key()) {
            self.counted.get_or_insert_default().user = Some(user);
        }
        self
    }
}

impl Drop for Admission {
    fn drop(&mut self) {
        let Counted { address, user } = self.counted.take().map_or_else(Counted::default, |counted| *counted);
        let mut state = self.door.0.lock();
        state.leave(address);
        if let Some(user) = &user {
            state.leave_user(user);
        }
    }
}

/// One whose user may have one more, until dropped or [joined](Admission::and) with its admission.
pub(crate) struct UserAdmission {
    door: Arc<Door>,
    /// `None` once somebody else sees to it.
    user: Option<UserKey>,
}

impl UserAdmission {
    pub(super) fn new(door: &Arc<Door>, user: &UserKey) -> Self {
        Self { door: Arc::clone(door), user: Some(user.clone()) }
    }

    fn into_key(mut self) -> Option<UserKey> {
        self.user.take()
    }
}

impl Drop for UserAdmission {
    fn drop(&mut self) {
        if let Some(user) = &self.user {
            self.door.0.lock().leave_user(user);
        }
    }
}

/// One who is told why it was not, until dropped.
pub(crate) struct TurnedAway(Arc<Door>);

impl TurnedAway {
    pub(super) fn new(door: &Arc<Door>) -> Self {
        Self(Arc::clone(door))
    }
}

impl Drop for TurnedAway {
    fn drop(&mut self) {
        self.0.0.lock().turned_away -= 1;
    }
}
