//! A room: the members of one path, or of a declared kind, and what they share.

use std::any::Any;
use std::cell::Cell;
use std::fmt::{self, Display};
use std::hash::{Hash, Hasher};
use std::marker::PhantomData;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use bytes::Bytes;
use indexmap::IndexMap;
use parking_lot::{Mutex, MutexGuard};

use crate::audience::{Mask, Sent};
use crate::connection::{Connection, ConnectionId};

/// Names a room of channel `C`: its path's, or one of a kind declared with `rooms(..)`.
///
/// `#[channel]` generates a constructor for the path's: `GameChannel::room(&id)`. Two names are equal when they name the
/// same room.
pub struct Room<C> {
    /// An encoded path, which begins with a slash; or a kind, a colon and the key.
    name: Arc<str>,
    channel: PhantomData<fn() -> C>,
}

impl<C> Room<C> {
    pub(crate) fn of_path(path: String) -> Self {
        Self { name: path.into(), channel: PhantomData }
    }

    pub(crate) fn declared(kind: &str, key: &dyn Display) -> Self {
        Self { name: format!("{kind}:{key}").into(), channel: PhantomData }
    }

    /// The encoded path of the path's own room, below the mount point: `/game/42`; nothing for a declared kind's.
    pub fn path(&self) -> Option<&str> {
        self.name.starts_with('/').then_some(&*self.name)
    }

    /// What stands in `"$room"`: the encoded path, or the kind in snake case, a colon and the key.
    pub fn name(&self) -> &str {
        &self.name
    }

    pub(crate) fn key(&self) -> &Arc<str> {
        &self.name
    }
}

impl<C> Clone for Room<C> {
    fn clone(&self) -> Self {
        Self { name: Arc::clone(&self.name), channel: PhantomData }
    }
}

impl<C> fmt::Debug for Room<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Room").field(&self.name).finish()
    }
}

impl<C> Display for Room<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}

impl<C> PartialEq for Room<C> {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl<C> Eq for Room<C> {}

impl<C> Hash for Room<C> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.name.hash(state);
    }
}

/// The members of a room, and its state. Lives as long as the room has members, or somebody still looks at it.
///
/// Two locks: the members' is held while frames are handed to their outboxes, so that all of them get the same order; the
/// state's is held while the user's `with` runs, and may take the members' within.
pub(crate) struct RoomCore {
    name: Arc<str>,
    members: Mutex<IndexMap<ConnectionId, Arc<Connection>>>,
    /// The number of members, changed under their lock; read without it.
    len: AtomicUsize,
    /// Set, under the registry's lock, when the room was taken away because it was empty; it stays empty then.
    gone: AtomicBool,
    state: Mutex<Box<dyn Any + Send>>,
}

impl RoomCore {
    pub fn new(name: Arc<str>, state: Box<dyn Any + Send>) -> Self {
        Self {
            name,
            members: Mutex::default(),
            len: AtomicUsize::new(0),
            gone: AtomicBool::new(false),
            state: Mutex::new(state),
        }
    }

    pub fn name(&self) -> &Arc<str> {
        &self.name
    }

    pub fn len(&self) -> usize {
        self.len.load(Ordering::Acquire)
    }

    pub fn is_gone(&self) -> bool {
        self.gone.load(Ordering::Acquire)
    }

    /// Told under the registry's lock that the room is empty and was taken away.
    pub fn retire(&self) {
        self.gone.store(true, Ordering::Release);
    }

    /// Whether the connection is new here.
    pub fn insert(&self, connection: &Arc<Connection>) -> bool {
        let mut members = self.lock();
        let is_new = members.insert(connection.id, Arc::clone(connection)).is_none();
        self.len.store(members.len(), Ordering::Release);
        is_new
    }

    /// Whether the connection was here.
    pub fn remove(&self, id: ConnectionId) -> bool {
        let mut members = self.lock();
        let was_here = members.swap_remove(&id).is_some();
        self.len.store(members.len(), Ordering::Release);
        if members.len() * 4 < members.capacity() {
            let room = members.len() * 2;
            members.shrink_to(room);
        }
        was_here
    }

    pub fn get(&self, id: ConnectionId) -> Option<Arc<Connection>> {
        self.lock().get(&id).cloned()
    }

    /// All members that `mask` admits.
    pub fn members(&self, mask: &Mask) -> Vec<Arc<Connection>> {
        self.lock().values().filter(|member| mask.admits(member)).cloned().collect()
    }

    pub fn count(&self, mask: &Mask) -> usize {
        self.lock().values().filter(|member| mask.admits(member)).count()
    }

    /// Hands the frame to all members that are admitted.
    pub fn publish(&self, frame: &Bytes, mask: &Mask, admits: impl FnMut(&Connection) -> bool) -> Sent {
        mask.deliver(self.lock().values().map(|member| &**member), frame, admits)
    }

    /// Makes the frame under the members' lock, from their number, and hands it to those that `mask` admits.
    pub fn publish_with<E>(&self, mask: &Mask, make: impl FnOnce(usize) -> Result<Bytes, E>) -> Result<Sent, E> {
        let members = self.lock();
        let frame = {
            let _held = Held::members();
            make(members.len())?
        };
        Ok(mask.deliver(members.values().map(|member| &**member), &frame, |_| true))
    }

    /// Runs `act` on the room's state, alone.
    pub fn with<S: 'static, R>(&self, act: impl FnOnce(&mut S) -> R) -> R {
        // Checked before the lock is taken: a second `with` inside would wait for itself, or for one that waits for it.
        let _held = Held::state();
        let mut state = self.state.lock();
        act(state.downcast_mut().expect("a room is opened with its channel's own `room_state`"))
    }

    fn lock(&self) -> MutexGuard<'_, IndexMap<ConnectionId, Arc<Connection>>> {
        assert_outside_send_with();
        self.members.lock()
    }
}

thread_local! {
    static IN_WITH: Cell<bool> = const { Cell::new(false) };
    static IN_SEND_WITH: Cell<bool> = const { Cell::new(false) };
}

/// The user's code runs under a room's lock on this thread.
struct Held(&'static std::thread::LocalKey<Cell<bool>>);

impl Held {
    fn state() -> Self {
        assert_outside_send_with();
        assert!(!IN_WITH.get(), "`with` inside `with`: take what you need out of the first, then run the second");
        IN_WITH.set(true);
        Self(&IN_WITH)
    }

    fn members() -> Self {
        IN_SEND_WITH.set(true);
        Self(&IN_SEND_WITH)
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.0.set(false);
    }
}

/// Whoever is about to take a lock of the registry or of a room's members: inside `send_with` it would wait for itself.
pub(crate) fn assert_outside_send_with() {
    assert!(
        !IN_SEND_WITH.get(),
        "inside `send_with` the room is locked: use what its closure is given, and send afterwards"
    );
}
