//! Memberships: how a connection enters the registry, joins declared rooms, and is removed from all of them.

use std::mem;
use std::sync::Arc;

use tokio::runtime::Handle;

use super::registry::Registry;
use super::sharded_map::shrink;
use crate::connection::backpressure::SendBacklog;
use crate::connection::framework_frames::{Welcome, return_window};
use crate::connection::id::ConnectionId;
use crate::connection::in_flight::Activity;
use crate::connection::inbox::Inbox;
use crate::connection::liveness::Liveness;
use crate::connection::lock_order::Ranked;
use crate::connection::outbox::Outbox;
use crate::connection::owed_count::OwedCount;
use crate::connection::user_key::UserKey;
use crate::room::entering::most_replayed;
use crate::room::joined::Told;
use crate::room::live_room::LiveRoom;
use crate::room::log::Newcomer;
use crate::room::member::{Apart, DeclaredRooms, Member};
use crate::room::pending::PendingConnection;
use crate::room::position::Positions;
use crate::room::presence::Shown;
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
    pub welcome: Option<Welcome>,
    /// What its client has had. `None` if it does not say.
    pub positions: Option<Box<Positions>>,
    /// What is seen of it by those who are told who is present.
    pub shown: Option<Shown>,
}

impl NewConnection {
    /// `has_state`: whether there is a state to tell, if it begins anew. `None` if that is not known yet.
    fn newcomer(&self, has_state: Option<bool>) -> Newcomer<'_> {
        Newcomer {
            id: self.id,
            user: self.user.as_ref(),
            position: self.positions.as_ref().and_then(|positions| positions.own.as_ref()),
            most_bytes: most_replayed(self.outbox_bytes),
            has_state,
        }
    }
}

impl NewConnection {
    /// For the benchmark and tests: nobody's, on the first channel, without compression.
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
            positions: None,
            shown: None,
        }
    }
}

/// A room that is opened for somebody who enters. Dropped if what it would be told can't be made, because that panics.
struct Unentered<'a> {
    registry: &'a Registry,
    channel: usize,
    room: &'a Arc<LiveRoom>,
}

impl Drop for Unentered<'_> {
    fn drop(&mut self) {
        self.registry.close_unless_kept(self.channel, self.room);
    }
}

pub(crate) struct MembershipGuard {
    pub registry: Arc<Registry>,
    pub connection: Arc<Member>,
}

impl Registry {
    /// Makes a connection a member of its channel, of its path's room and of its user.
    pub fn enter(self: &Arc<Self>, new: NewConnection) -> MembershipGuard {
        let entry = &self.channels[new.channel];
        let (room, first) = (Arc::clone(&new.room), self.first(&new));
        let mut waiting = Some((new, first));
        let entered = entry.open(&room, entry.make_state, |room| enter_room(&mut waiting, room, None));
        self.list(entered.expect("it has no state that is told").0)
    }

    /// As [`enter`](Self::enter), under the lock of the room's state, of which `make` makes what a client that begins anew is told, and
    /// `tell` sends it with its number: so whatever changes the state is sent to it, too, or is in what it is told.
    pub fn enter_and_tell<S: Send + 'static>(
        self: &Arc<Self>,
        new: NewConnection,
        make_state: impl Fn() -> Option<S>,
        make: impl Fn(&S) -> Option<Frame>,
        tell: impl Fn(&Member, Frame, Option<u64>),
    ) -> MembershipGuard {
        let channel = new.channel;
        let entry = &self.channels[channel];
        let first = self.first(&new);
        let (name, mut waiting) = (Arc::clone(&new.room), Some((new, first)));
        loop {
            // It may be removed before it is entered: then another one has its name.
            let room = entry.open(&name, entry.make_state, Arc::clone);
            let mut listed = None;
            let unentered = Unentered { registry: self, channel, room: &room };
            let found = room.with(&make_state, |state: &mut S| {
                let mut made = None;
                loop {
                    // If there is nothing to tell, it enters as into a room without a snapshot.
                    let has_state = made.as_ref().map(Option::is_some);
                    match entry.if_still(&room, || enter_room(&mut waiting, &room, has_state)) {
                        None => return,
                        Some(None) => made = Some(make(state)),
                        Some(Some((connection, number))) => {
                            let guard = listed.insert(self.list(connection));
                            if guard.connection.told.get().fresh().is_some()
                                && let Some(frame) = made.unwrap_or_else(|| make(state))
                            {
                                tell(&guard.connection, frame, number);
                            }
                            return;
                        }
                    }
                }
            });
            found.expect("a channel with a snapshot has a state");
            mem::forget(unentered);
            if let Some(guard) = listed {
                return guard;
            }
        }
    }

    fn first(self: &Arc<Self>, new: &NewConnection) -> First {
        let has_history = self.channels[new.channel].has_history;
        if has_history {
            self.watch_history();
        }
        let window = return_window(self.len());
        match new.welcome {
            None => First::Nothing,
            Some(welcome) if has_history => First::Welcome(welcome, window),
            // Under no lock.
            Some(welcome) => First::Frame(welcome.frame(new.id, None), window),
        }
    }

    fn list(self: &Arc<Self>, connection: Arc<Member>) -> MembershipGuard {
        self.channels[connection.channel()].all.insert(&connection);
        if let Some(user) = &connection.user {
            self.users.shard(user).entry(user.clone()).or_default().insert(connection.id, Arc::clone(&connection));
        }
        MembershipGuard { registry: Arc::clone(self), connection }
    }

    /// Does nothing if the connection has ended, or is in too many rooms. Returns whether it is a member now.
    pub fn join(&self, connection: &Arc<Member>, name: &Arc<str>) -> bool {
        let mut joined = connection.apart.joined.lock();
        let Some(joined) = joined.apart_mut() else { return false };
        if !joined.rooms.iter().any(|room| room.name() == name) {
            if joined.rooms.len() >= MOST_JOINED {
                return false;
            }
            let position = joined.positions.take_of(name);
            let room = self.channels[connection.channel()].open(
                name,
                || None,
                |room| {
                    room.join(connection, position.as_ref());
                    Arc::clone(room)
                },
            );
            joined.rooms.push(room);
        }
        true
    }

    pub fn leave(&self, connection: &Member, name: &str) -> bool {
        let mut joined = connection.apart.joined.lock();
        let Some(at) = joined.rooms().iter().position(|room| &**room.name() == name) else { return false };
        let Some(room) = joined.apart_mut().map(|apart| apart.rooms.swap_remove(at)) else { return false };
        self.remove(&room, connection);
        true
    }

    fn remove(&self, room: &Arc<LiveRoom>, connection: &Member) {
        let channel = connection.channel();
        self.channels[channel].remove(room, connection.id, || self.keep(channel, room));
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

/// What a client hears before anything else, and within how many milliseconds it comes back when it is closed.
enum First {
    Nothing,
    Frame(Frame, u32),
    /// It says where the client is in its room's history.
    Welcome(Welcome, u32),
}

/// With the number of the snapshot that it is to be told. `None` if it begins anew, and it is not known yet whether there is a state to
/// tell: then it still waits. Called under the lock of the room's shard.
fn enter_room(
    waiting: &mut Option<(NewConnection, First)>,
    room: &Arc<LiveRoom>,
    has_state: Option<bool>,
) -> Option<(Arc<Member>, Option<u64>)> {
    let mut entrance = room.entrance();
    let entered = match (&mut entrance, &*waiting) {
        (Some(entrance), Some((new, _))) if entrance.has_history() => Some(entrance.decide(new.newcomer(has_state))?),
        _ => None,
    };
    let (new, first) = waiting.take().expect("it enters once");
    let NewConnection {
        id,
        channel,
        room: _,
        user,
        deflate,
        subprotocol,
        error_details,
        outbox_bytes,
        activity,
        pending,
        welcome: _,
        positions,
        shown,
    } = new;
    let runtime = Handle::try_current().ok();
    let mut positions = positions.map_or_else(Positions::default, |positions| *positions);
    positions.own = None;
    let make = |inbox| {
        let joined = Ranked::new(DeclaredRooms::with(positions));
        Arc::new(Member {
            id,
            told: Told::default(),
            channel: u16::try_from(channel).expect("an app has fewer channels"),
            deflate,
            subprotocol,
            error_details,
            user,
            own_room: Arc::clone(room),
            outbox: Outbox::new(outbox_bytes, activity),
            backlog: SendBacklog::new(outbox_bytes),
            owed: OwedCount::default(),
            runtime_id: runtime.as_ref().map(Handle::id),
            apart: Box::new(Apart { liveness: Liveness::default(), inbox, runtime, joined }),
        })
    };
    // With the notices that it got while pending, before it can be found in the room.
    let connection = match pending {
        Some(pending) => pending.connect(make),
        None => make(Inbox::default()),
    };
    let welcome = match first {
        First::Nothing => None,
        First::Frame(frame, window) => {
            connection.outbox.welcome(frame, window);
            None
        }
        First::Welcome(welcome, window) => Some((welcome, window)),
    };
    let snapshot = match entrance {
        Some(entrance) => entrance.enter(&connection, welcome, entered.as_ref(), shown),
        None => {
            if let Some((welcome, window)) = welcome {
                connection.outbox.welcome(welcome.frame(id, None), window);
            }
            room.insert(&connection);
            None
        }
    };
    Some((connection, snapshot))
}

impl MembershipGuard {
    /// Does nothing the second time.
    pub fn end(&self) {
        let connection = &self.connection;
        let entry = &self.registry.channels[connection.channel()];
        let Some(joined) = connection.apart.joined.lock().leave() else { return };
        for room in joined {
            self.registry.remove(&room, connection);
        }
        connection.own_room.leave_presence(connection);
        self.registry.remove(&connection.own_room, connection);
        connection.own_room.attend_presence();
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
