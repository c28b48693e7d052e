//! An answer that a member owes its client.

use std::sync::Arc;

use crate::room::member::Member;

pub(crate) struct OwedAnswer(Arc<Member>);

impl OwedAnswer {
    pub fn of(connection: &Arc<Member>) -> Self {
        connection.owed.owe();
        Self(Arc::clone(connection))
    }
}

impl Drop for OwedAnswer {
    fn drop(&mut self) {
        if self.0.owed.settle() {
            self.0.outbox().wake_owner();
        }
    }
}
