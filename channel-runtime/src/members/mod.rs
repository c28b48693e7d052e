//! Who is in a room, what they share, and how what is published reaches them.

use std::any::Any;
use std::cell::Cell;
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use indexmap::IndexMap;
use parking_lot::{Mutex, MutexGuard};
use tokio::runtime::Handle;

use crate::connection::{Connection, ConnectionId};
use crate::flusher::{self, Due};
use crate::mask::Mask;
use crate::outbox::Pushed;
use crate::pace::Paced;
use crate::place::Host;
use crate::sent::Sent;
use crate::wire::deflate::{Tally, Variants, Windows};

/// The state of a room, its type forgotten.
pub(crate) type State = Box<dyn Any + Send>;

/// The members of a room, and its state. Lives as long as the room has members, or somebody still looks at it.
///
/// Two locks: the members' is held while frames are handed to their outboxes, so that all of them get the same order; the
/// state's is held while the user's `with` runs, and may take the members' within.
pub(crate) struct Members {
    name: Arc<str>,
    inner: Mutex<Inner>,
    /// The number of members, changed under their lock; read without it.
    len: AtomicUsize,
    /// What the members read.
    tally: Tally,
    /// Set, under the registry's lock, when the room was taken away because it was empty; it stays empty then.
    gone: AtomicBool,
    /// Sessions that have begun here and not ended, `on_close` included.
    visits: AtomicUsize,
    /// Made when the room opens; nothing once the last session has ended.
    state: Mutex<Option<State>>,
    /// Who closes it, where its channel's rooms are places: then it may be empty.
    host: Option<Arc<dyn Host>>,
}

impl Members {
    pub fn new(name: Arc<str>, state: Option<State>) -> Self {
        Self {
            name,
            inner: Mutex::default(),
            len: AtomicUsize::new(0),
            tally: Tally::default(),
            gone: AtomicBool::new(false),
            visits: AtomicUsize::new(0),
            state: Mutex::new(state),
            host: None,
        }
    }

    /// With somebody who closes it.
    pub fn hosted(mut self, host: Arc<dyn Host>) -> Self {
        self.host = Some(host);
        self
    }

    /// Whether it is there without members too.
    pub fn is_hosted(&self) -> bool {
        self.host.is_some()
    }

    /// Sessions that have begun here and not ended.
    pub fn visits(&self) -> usize {
        self.visits.load(Ordering::Acquire)
    }

    /// The state of a room that closes.
    pub fn take_state(&self) -> Option<State> {
        self.state.lock().take()
    }

    /// Gives the room another state.
    pub fn set_state(&self, state: State) {
        let before = self.state.lock().replace(state);
        // Not under the lock: it is the user's code.
        drop(before);
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
        let members = &mut self.lock().members;
        let is_new = members.insert(connection.id, Arc::clone(connection)).is_none();
        if is_new {
            self.tally.add(connection.deflate);
        }
        self.len.store(members.len(), Ordering::Release);
        is_new
    }

    /// Whether the connection was here.
    pub fn remove(&self, id: ConnectionId) -> bool {
        let inner = &mut *self.lock();
        inner.laggards.swap_remove(&id);
        let members = &mut inner.members;
        let left = members.swap_remove(&id);
        if let Some(left) = &left {
            self.tally.remove(left.deflate);
        }
        self.len.store(members.len(), Ordering::Release);
        if members.len() * 4 < members.capacity() {
            let room = members.len() * 2;
            members.shrink_to(room);
        }
        left.is_some()
    }

    pub fn get(&self, id: ConnectionId) -> Option<Arc<Connection>> {
        self.lock().members.get(&id).cloned()
    }

    /// All members that `mask` admits.
    pub fn members(&self, mask: &Mask) -> Vec<Arc<Connection>> {
        self.lock().members.values().filter(|member| mask.admits(member)).cloned().collect()
    }

    /// The members at these places for whom `find` finds something.
    pub fn examine<T>(
        &self,
        places: Range<usize>,
        find: impl Fn(&Connection) -> Option<T>,
    ) -> Vec<(Arc<Connection>, T)> {
        let members = &self.lock().members;
        let examined = members.values().skip(places.start).take(places.len());
        examined.filter_map(|member| Some((Arc::clone(member), find(member)?))).collect()
    }

    /// How many bytes wait for its members. A few are looked at, then others may send.
    pub fn outbox_bytes(&self) -> usize {
        const AT_ONCE: usize = 256;
        let few = |from: usize| self.examine(from..from + AT_ONCE, |member| Some(member.outbox.bytes()));
        let waiting = (0..self.len()).step_by(AT_ONCE).flat_map(few);
        waiting.map(|(_, bytes)| bytes).sum()
    }

    pub fn count(&self, mask: &Mask) -> usize {
        self.lock().members.values().filter(|member| mask.admits(member)).count()
    }

    /// What a message to those that `mask` admits is compressed for, as far as can be told without the lock.
    pub fn windows(&self, from: Option<&Arc<Connection>>, mask: &Mask) -> Windows {
        self.tally.windows(from.filter(|from| !mask.admits(from)).and_then(|from| from.deflate))
    }

    /// Hands the frame to all members that are admitted.
    pub fn send(
        self: &Arc<Self>,
        frame: &Variants,
        from: Option<&Paced>,
        mask: &Mask,
        admits: impl FnMut(&Connection) -> bool,
    ) -> Sent {
        let (sent, flusher) = self.lock().deliver(frame, from, mask, admits);
        self.start(flusher);
        sent
    }

    /// Makes the frame under the members' lock, from their number, and hands it to those that `mask` admits.
    pub fn send_with<E>(
        self: &Arc<Self>,
        from: Option<&Paced>,
        mask: &Mask,
        make: impl FnOnce(usize) -> Result<Variants, E>,
    ) -> Result<Sent, E> {
        let mut inner = self.lock();
        let frame = {
            let _held = Held::members();
            make(inner.members.len())?
        };
        let (sent, flusher) = inner.deliver(&frame, from, mask, |_| true);
        drop(inner);
        self.start(flusher);
        Ok(sent)
    }

    /// Not under the lock: a runtime that is shutting down drops the flusher at once, and that takes the lock.
    fn start(self: &Arc<Self>, flusher: Option<Handle>) {
        if let Some(runtime) = flusher {
            flusher::start(self, &runtime);
        }
    }

    /// For the flusher: what it has to see to.
    pub fn take_due(&self) -> Due {
        std::mem::take(&mut self.lock().due)
    }

    /// For the flusher: whether it ends, for there is nothing more to see to.
    pub fn ends_flushing(&self) -> bool {
        let mut inner = self.lock();
        inner.is_flushing = !inner.due.is_empty();
        !inner.is_flushing
    }

    /// For the flusher: what these sent has been passed on. They go on, unless a member is far behind: then they are held, and
    /// it is told where somebody has to begin to wait for that member.
    pub fn passed_on(&self, senders: Vec<(Paced, usize)>) -> bool {
        let inner = &mut *self.lock();
        inner.laggards.retain(|_, member| member.outbox.is_far_behind());
        inner.held.senders.extend(senders);
        if inner.laggards.is_empty() && !inner.is_waiting {
            inner.held.release();
            return false;
        }
        !std::mem::replace(&mut inner.is_waiting, true)
    }

    /// Whether no member is far behind any more.
    pub fn has_caught_up(&self) -> bool {
        let mut inner = self.lock();
        inner.laggards.retain(|_, member| member.outbox.is_far_behind());
        inner.laggards.is_empty()
    }

    /// Lets those who are held go on. Whether it has to be waited for more of them: there was somebody.
    pub fn release_held(&self) -> bool {
        let mut inner = self.lock();
        inner.is_waiting = !inner.held.is_empty();
        inner.held.release();
        inner.is_waiting
    }

    /// Nobody waits for laggards any more.
    pub fn stop_waiting(&self) {
        let mut inner = self.lock();
        inner.is_waiting = false;
        inner.held.release();
    }

    /// The flusher was dropped, with its runtime or by a panic: the members' own tasks write.
    pub fn flusher_is_gone(&self) {
        let mut inner = self.lock();
        inner.is_flushing = false;
        std::mem::take(&mut inner.due).abandon();
    }

    /// Counts a session that has entered, until it is dropped.
    pub fn visit(self: &Arc<Self>) -> Visit {
        self.visits.fetch_add(1, Ordering::AcqRel);
        Visit(Arc::clone(self))
    }

    /// Drops the state of a room that is gone, though somebody may still look at it.
    fn forget_state(&self) {
        // Not dropped under the lock: it is the user's code.
        drop(self.take_state());
    }

    /// Runs `act` on the room's state, alone; on that of `make`, where there is none any more.
    pub fn with<S: Send + 'static, R>(
        &self,
        make: impl FnOnce() -> Option<S>,
        act: impl FnOnce(&mut S) -> R,
    ) -> Option<R> {
        // Checked before the lock is taken: a second `with` inside would wait for itself, or for one that waits for it.
        let _held = Held::state();
        let mut state = self.state.lock();
        if state.is_none() {
            *state = make().map(|state| Box::new(state) as State);
        }
        let state = state.as_mut()?;
        Some(act(state.downcast_mut().expect("a room is opened with its channel's own `room_state`")))
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        assert_outside_send_with();
        self.inner.lock()
    }
}

/// A session in a room's path. The last one to end drops the room's state, whoever still holds the room, or has its host look.
pub(crate) struct Visit(Arc<Members>);

impl Drop for Visit {
    fn drop(&mut self) {
        if self.0.visits.fetch_sub(1, Ordering::AcqRel) == 1 {
            match &self.0.host {
                Some(host) => Arc::clone(host).look(),
                None if self.0.is_gone() => self.0.forget_state(),
                None => {}
            }
        }
    }
}

#[derive(Default)]
struct Inner {
    members: IndexMap<ConnectionId, Arc<Connection>>,
    /// What the flusher has to see to.
    due: Due,
    /// Members that were far behind, some of which may have caught up since.
    laggards: IndexMap<ConnectionId, Arc<Connection>>,
    /// Senders that wait for those.
    held: Due,
    /// Somebody looks whether `held` can be released.
    is_waiting: bool,
    /// The room's flusher runs, and will look at `due` before it ends.
    is_flushing: bool,
}

impl Inner {
    /// Pushes the frame to everybody it is for; and tells on which runtime a flusher has to be started, if one has.
    fn deliver(
        &mut self,
        frame: &Variants,
        from: Option<&Paced>,
        mask: &Mask,
        admits: impl FnMut(&Connection) -> bool,
    ) -> (Sent, Option<Handle>) {
        let Self { members, due, laggards, .. } = self;
        let sent =
            mask.deliver(
                members.iter().map(|(id, member)| (*id, member)),
                frame,
                admits,
                |member, pushed| match pushed {
                    Pushed::Promised => due.members.push(Arc::clone(member)),
                    Pushed::FarBehind => drop(laggards.entry(member.id).or_insert_with(|| Arc::clone(member))),
                    Pushed::Waits | Pushed::Refused => {}
                },
            );
        let mut flusher = None;
        // Where all members are blocked nothing can be written, but their senders have to be slowed.
        if !self.is_flushing && (!self.due.members.is_empty() || (from.is_some() && !self.laggards.is_empty())) {
            // A member's own runtime, not the sender's, which may be any thread's and not run any more.
            flusher =
                self.due.members.first().or(self.laggards.values().next()).and_then(|member| member.runtime.clone());
            self.is_flushing = flusher.is_some();
            if flusher.is_none() {
                self.due.abandon();
            }
        }
        if let Some(from) = from.filter(|_| self.is_flushing) {
            from.advance(frame.len());
            match self.due.senders.last_mut() {
                Some((last, bytes)) if last.is(from) => *bytes += frame.len(),
                _ => self.due.senders.push((from.clone(), frame.len())),
            }
        }
        (sent, flusher)
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

#[cfg(all(test, feature = "deflate"))]
mod tests {
    use crate::counts::Counts;
    use http::header::{HeaderMap, SEC_WEBSOCKET_EXTENSIONS};

    use super::*;
    use crate::activity::Activity;
    use crate::registry::{Membership, Newcomer, Registry};
    use crate::wire::deflate::{COMPRESSED, Compression, negotiate};
    use crate::wire::frame::{Opcode, frame};

    /// A member whose client has offered this.
    fn member(registry: &Arc<Registry>, offer: &str) -> Membership {
        let mut headers = HeaderMap::new();
        headers.insert(SEC_WEBSOCKET_EXTENSIONS, offer.parse().unwrap());
        let deflate = negotiate(&headers, &Compression::default()).map(|(agreed, _)| agreed);
        let activity = Activity::default();
        let newcomer = Newcomer {
            channel: 0,
            room: "/".into(),
            user: None,
            deflate,
            error_details: true,
            outbox_bytes: 1 << 20,
            activity,
        };
        let member = registry.enter(newcomer);
        member.connection.outbox.welcome_is_over();
        member
    }

    #[test]
    fn a_broadcast_is_compressed_once_for_all_who_share_a_window_and_for_nobody_else() {
        const SMALL: &str = "permessage-deflate; server_max_window_bits=9";
        let mut registry = Registry::new();
        registry.add::<()>(Counts::new("", &[]), || None);
        let registry = Arc::new(registry);
        let offers = ["", "permessage-deflate", SMALL, "permessage-deflate", "", SMALL];
        let mut members = Vec::from(offers.map(|offer| member(&registry, offer)));
        let room = registry.room(0, "/").unwrap();
        let plain = frame(Opcode::Text, "again and again ".repeat(3000).as_bytes());
        let send = |mask: &Mask, from: Option<&Arc<Connection>>| {
            let before = COMPRESSED.get();
            let frame = Variants::new(plain.clone(), room.windows(from, mask), &Compression::default());
            let _: Sent = room.send(&frame, None, mask, |_| true);
            COMPRESSED.get() - before
        };
        assert_eq!(send(&Mask::default(), None), 2);
        let heard: Vec<Vec<u8>> = members.iter().map(|member| member.connection.outbox.take()).collect();
        assert!(heard[0] == plain[..] && heard[4] == plain[..]);
        assert!(heard[1] == heard[3] && heard[2] == heard[5] && heard[1] != heard[2]);
        assert!([1, 2].iter().all(|at| heard[*at][0] == 0xC1 && heard[*at].len() < plain.len() / 2));

        // One window is only the sender's, who does not hear it; and then nobody's.
        members.truncate(3);
        members.remove(1);
        let sender = Arc::clone(&members[1].connection);
        assert_eq!(send(&Mask::others(sender.id), Some(&sender)), 0);
        assert_eq!(send(&Mask::from(sender.id), Some(&sender)), 1);
        members.truncate(1);
        assert_eq!(send(&Mask::default(), None), 0);
    }
}
