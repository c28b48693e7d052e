//! Memberships: how a connection enters the registry, joins declared rooms, and is removed from all of them.

use std::sync::Arc;

use tokio::runtime::Handle;

use super::registry::Registry;
use super::sharded_map::shrink;
use crate::connection::backpressure::SendBacklog;
use crate::connection::framework_frames::return_window;
use crate::connection::id::ConnectionId;
use crate::connection::in_flight::Activity;
use crate::connection::inbox::Inbox;
use crate::connection::liveness::Liveness;
use crate::connection::lock_order::Ranked;
use crate::connection::outbox::Outbox;
use crate::connection::owed_count::OwedCount;
use crate::connection::user_key::UserKey;
use crate::room::member::{Apart, Member};
use crate::room::pending::PendingConnection;
use crate::wire::deflate::Agreed;
use crate::wire::frame::Frame;

const MOST_JOINED: usize = 1024;

pub(crate) struct NewConnection {
    pub id: ConnectionId,
    pub channel: usize,
    pub room: Arc<str>,
    pub user: Option<UserKey>,
    pub deflate: Option<Agreed>,
    pub subprotocol: u8,
    pub error_details: bool,
    pub outbox_bytes: usize,
    pub activity: Activity,
    pub pending: Option<Arc<PendingConnection>>,
    /// What a knowing client hears first. `None` if it hears none of the framework's own frames.
    pub welcome: Option<Frame>,
}

#[cfg(all(test, any(feature = "cluster", feature = "deflate")))]
impl NewConnection {
    /// Nobody's, on the first channel, without compression.
    pub fn into_room(room: &str) -> Self {
        Self {
            id: ConnectionId::next(),
            channel: 0,
            room: room.into(),
            user: None,
            deflate: None,
            subprotocol: 0,
            error_details: true,
            outbox_bytes: 1 << 20,
            activity: Activity::default(),
            pending: None,
            welcome: None,
        }
    }
}

pub(crate) struct MembershipGuard {
    pub registry: Arc<Registry>,
    pub connection: Arc<Member>,
}

impl Registry {
    /// Makes a connection a member of its channel, of its path's room and of its user.
    pub fn enter(self: &Arc<Self>, new: NewConnection) -> MembershipGuard {
        let NewConnection {
            id,
            channel,
            room,
            user,
            deflate,
            subprotocol,
            error_details,
            outbox_bytes,
            activity,
            pending,
            welcome,
        } = new;
        let entry = &self.channels[channel];
        let window = if welcome.is_some() { return_window(self.len()) } else { 0 };
        let connection = entry.open(&room, entry.make_state, |own_room| {
            let runtime = Handle::try_current().ok();
            let make = |inbox| {
                let member = Arc::new(Member {
                    id,
                    channel: u32::try_from(channel).expect("an app has fewer channels"),
                    deflate,
                    subprotocol,
                    error_details,
                    user,
                    own_room: Arc::clone(own_room),
                    outbox: Outbox::new(outbox_bytes, activity),
                    backlog: SendBacklog::new(outbox_bytes),
                    owed: OwedCount::default(),
                    runtime_id: runtime.as_ref().map(Handle::id),
                    apart: Box::new(Apart { liveness: Liveness::default(), inbox, runtime, joined: Ranked::default() }),
                });
                if let Some(welcome) = welcome {
                    member.outbox.welcome(welcome, window);
                }
                member
            };
            // With the notices that it got while pending, before it can be found in the room.
            let connection = match pending {
                Some(pending) => pending.connect(make),
                None => make(Inbox::default()),
            };
            own_room.insert(&connection);
            connection
        });
        entry.all.insert(&connection);
        if let Some(user) = &connection.user {
            self.users.shard(user).entry(user.clone()).or_default().insert(connection.id, Arc::clone(&connection));
        }
        MembershipGuard { registry: Arc::clone(self), connection }
    }

    /// Does nothing if the connection has ended, or is in too many rooms. Returns whether it is a member now.
    pub fn join(&self, connection: &Arc<Member>, name: &Arc<str>) -> bool {
        let mut joined = connection.apart.joined.lock();
        let Some(joined) = joined.rooms_mut() else { return false };
        if !joined.iter().any(|room| room.name() == name) {
            if joined.len() >= MOST_JOINED {
                return false;
            }
            let room = self.channels[connection.channel()].open(
                name,
                || None,
                |room| {
                    room.insert(connection);
                    Arc::clone(room)
                },
            );
            joined.push(room);
        }
        true
    }

    pub fn leave(&self, connection: &Member, name: &str) -> bool {
        let mut joined = connection.apart.joined.lock();
        let Some(at) = joined.rooms().iter().position(|room| &**room.name() == name) else { return false };
        let Some(room) = joined.rooms_mut().map(|rooms| rooms.swap_remove(at)) else { return false };
        self.channels[connection.channel()].remove(&room, connection.id);
        true
    }

    fn leave_user(&self, user: &UserKey, id: ConnectionId) {
        let mut users = self.users.shard(user);
        let Some(devices) = users.get_mut(user) else { return };
        devices.remove(id);
        if devices.is_empty() {
            users.remove(user);
            shrink(&mut users);
        }
    }
}

impl MembershipGuard {
    /// Does nothing the second time.
    pub fn end(&self) {
        let connection = &self.connection;
        let entry = &self.registry.channels[connection.channel()];
        let Some(joined) = connection.apart.joined.lock().leave() else { return };
        for room in joined {
            entry.remove(&room, connection.id);
        }
        entry.remove(&connection.own_room, connection.id);
        entry.all.remove(connection.id);
        if let Some(user) = &connection.user {
            self.registry.leave_user(user, connection.id);
        }
    }
}

impl Drop for MembershipGuard {
    fn drop(&mut self) {
        self.end();
    }
}
