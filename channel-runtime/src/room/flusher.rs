//! A room's flusher: the task that writes what was sent to a room to its members' sockets.
//!
//! A send settles the order by pushing to every member's outbox, and has the flusher write what waits there. It runs while
//! there is something to write, and lets others run in between: what is sent meanwhile joins the same write. A client
//! whose socket is full is left to its own task; while many are behind, whoever floods the room waits for them.

use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::{Handle, RuntimeFlavor};
use tokio::task::yield_now;
use tokio::time::{Instant, sleep};

use crate::room::live_room::Members;
use crate::room::member::Connection;
use crate::room::publisher::Paced;

/// How many members are written to before others have their turn: about 70 microseconds' worth.
const MEMBERS_PER_TURN: usize = 32;

/// How many members are fetched from memory together, for their locks and system calls would have each wait for its own.
const MEMBERS_AHEAD: usize = 8;

/// How often it is looked whether senders that are held may go on. What they sent counts as not passed on meanwhile.
pub(crate) const LOOKS_A_SECOND: isize = 100;
pub(crate) const LOOK_AFTER: Duration = Duration::from_millis(10);

/// After so many looks it is tried to write to those who are waited for.
const LOOKS_A_NUDGE: usize = 5;

/// What a flusher has to see to.
#[derive(Default)]
pub(crate) struct Due {
    /// Those to whose outboxes something was pushed that nobody else writes.
    pub members: Vec<Arc<Connection>>,
    /// What those who sent it are charged.
    pub senders: Vec<Charge>,
}

impl Due {
    pub fn is_empty(&self) -> bool {
        self.members.is_empty() && self.senders.is_empty()
    }

    /// Has the members' own tasks write and lets the senders go on.
    pub fn abandon(&mut self) {
        self.members.drain(..).for_each(|member| member.outbox.wake_owner());
        self.senders.drain(..).for_each(Charge::release);
    }
}

/// What a sender is ahead of a room.
pub(crate) struct Charge {
    pub sender: Paced,
    /// As how many bytes it counts.
    charged: usize,
    /// How many bytes it is.
    pub bytes: usize,
}

impl Charge {
    pub fn new(sender: &Paced, charged: usize, bytes: usize) -> Self {
        sender.advance(charged);
        Self { sender: sender.clone(), charged, bytes }
    }

    /// It has sent more.
    pub fn add(&mut self, more: Self) {
        self.charged += more.charged;
        self.bytes += more.bytes;
    }

    /// The room has passed it on.
    pub fn release(self) {
        self.sender.catch_up(self.charged);
    }
}

/// Starts the flusher of a room.
pub(crate) fn start(room: &Arc<Members>, runtime: &Handle) {
    let pass = Pass { room: Arc::clone(room), due: Due::default(), has_ended: false };
    runtime.spawn(pass.run());
}

struct Pass {
    room: Arc<Members>,
    due: Due,
    has_ended: bool,
}

impl Pass {
    async fn run(mut self) {
        while !self.has_ended {
            // The tasks that are ready run first, for they may send more.
            yield_now().await;
            if self.room.len() > MEMBERS_PER_TURN && !is_current_thread() {
                // So do those whose input has come meanwhile: on the multi-thread runtime what has yielded goes before
                // them. Where few are written to, looking for input once more costs more than it spares.
                yield_now().await;
            }
            self.due = self.room.take_due();
            self.write().await;
            let senders = std::mem::take(&mut self.due.senders);
            if self.room.passed_on(senders) {
                wait(&self.room, &Handle::current());
            }
            self.has_ended = self.room.ends_flushing();
        }
    }

    async fn write(&mut self) {
        let members = &mut self.due.members;
        while !members.is_empty() {
            let rest = members.len().saturating_sub(MEMBERS_PER_TURN);
            for few in members[rest..].chunks(MEMBERS_AHEAD) {
                few.iter().for_each(|member| member.outbox.fetch());
                few.iter().for_each(|member| member.outbox.flush());
            }
            members.truncate(rest);
            if !members.is_empty() {
                yield_now().await;
            }
        }
    }
}

fn is_current_thread() -> bool {
    Handle::current().runtime_flavor() == RuntimeFlavor::CurrentThread
}

impl Drop for Pass {
    fn drop(&mut self) {
        if !self.has_ended {
            self.due.abandon();
            self.room.flusher_is_gone();
        }
    }
}

/// Has somebody look whether those that a room holds may go on.
pub(crate) fn wait(room: &Arc<Members>, runtime: &Handle) {
    runtime.spawn(Wait { room: Arc::clone(room), has_ended: false }.run());
}

/// Waits for laggards beside the flusher, which goes on for all others.
struct Wait {
    room: Arc<Members>,
    has_ended: bool,
}

impl Wait {
    async fn run(mut self) {
        let mut looks = 0_usize;
        while !self.has_ended {
            let start = Instant::now();
            sleep(LOOK_AFTER).await;
            // A server that has too much to do itself reads, writes and looks late: that is not its clients' fault.
            let late = start.elapsed().saturating_sub(2 * LOOK_AFTER);
            looks += 1;
            if looks % LOOKS_A_NUDGE == 1 {
                self.room.laggards().iter().for_each(|member| member.outbox.nudge());
            }
            self.has_ended = !self.room.look(late);
        }
    }
}

impl Drop for Wait {
    fn drop(&mut self) {
        if !self.has_ended {
            self.room.stop_waiting();
        }
    }
}
