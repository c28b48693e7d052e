//! The guards of admission control: each gives its place back when it is dropped.

use std::net::IpAddr;
use std::sync::Arc;

use super::counts::{Counts, now};
use crate::connection::user_key::UserKey;
use parking_lot::Mutex;

pub(crate) struct AdmissionGuard {
    counts: Arc<Mutex<Counts>>,
    /// Boxed, because every connection has an admission and most have no other bounds.
    counted: Option<Box<Counted>>,
}

#[derive(Default)]
struct Counted {
    address: Option<IpAddr>,
    user: Option<UserKey>,
}

impl AdmissionGuard {
    pub(super) fn new(counts: &Arc<Mutex<Counts>>, address: Option<IpAddr>) -> Self {
        let counted = address.map(|address| Box::new(Counted { address: Some(address), user: None }));
        Self { counts: Arc::clone(counts), counted }
    }

    pub fn and(mut self, user: Option<Box<UserAdmission>>) -> Self {
        if let Some(user) = user.and_then(|user| user.into_key()) {
            self.counted.get_or_insert_default().user = Some(user);
        }
        self
    }
}

impl Drop for AdmissionGuard {
    fn drop(&mut self) {
        let Counted { address, user } = self.counted.take().map_or_else(Counted::default, |counted| *counted);
        let address = address.map(|address| (address, now()));
        let mut counts = self.counts.lock();
        counts.leave(address);
        if let Some(user) = &user {
            counts.leave_user(user);
        }
    }
}

pub(crate) struct UserAdmission {
    counts: Arc<Mutex<Counts>>,
    user: Option<UserKey>,
}

impl UserAdmission {
    pub(super) fn new(counts: &Arc<Mutex<Counts>>, user: &UserKey) -> Self {
        Self { counts: Arc::clone(counts), user: Some(user.clone()) }
    }

    fn into_key(mut self) -> Option<UserKey> {
        self.user.take()
    }
}

impl Drop for UserAdmission {
    fn drop(&mut self) {
        if let Some(user) = &self.user {
            self.counts.lock().leave_user(user);
        }
    }
}

pub(crate) struct RejectionGuard(Arc<Mutex<Counts>>);

impl RejectionGuard {
    pub(super) fn new(counts: &Arc<Mutex<Counts>>) -> Self {
        Self(Arc::clone(counts))
    }
}

impl Drop for RejectionGuard {
    fn drop(&mut self) {
        self.0.lock().rejections -= 1;
    }
}
