//! What a client's own task does when the client takes more again: it pulls the newest values that the client has not had, and who is
//! present if it was not told each change.

use std::sync::Arc;

use crate::room::live_room::LiveRoom;
use crate::room::member::Member;
use crate::room::registry::Registry;

impl Registry {
    /// Of all rooms that the client is in. Its outbox is empty, and written afterwards by the caller.
    #[cold]
    pub fn pull_newest(&self, member: &Arc<Member>) {
        let mut rooms = vec![Arc::clone(&member.own_room), Arc::clone(self.all(member.channel()))];
        rooms.extend(member.apart.joined.lock().rooms().iter().cloned());
        // Another one is the first each time, so that none waits for ever behind one that always has something new.
        let first = member.outbox().handed() as usize % rooms.len();
        rooms.rotate_left(first);
        // Once, so that it holds up nothing.
        member.own_room.pull_presence(member);
        rooms.iter().for_each(|room| room.pull_newest(member));
    }
}

impl LiveRoom {
    fn pull_newest(&self, member: &Arc<Member>) {
        let inner = &mut *self.lock();
        if let Some(newest) = &mut inner.newest
            && inner.members.get(member.id).is_some()
        {
            // The caller writes, whoever is told to.
            newest.tables.iter_mut().for_each(|table| _ = table.catch_up(&**member));
        }
    }
}
