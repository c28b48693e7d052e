//! A room's flusher: the task that writes what was sent to a room to its members' sockets.
//!
//! A send settles the order by pushing to every member's outbox, and has the flusher write what waits there. It runs while
//! there is something to write, and lets others run in between: what is sent meanwhile joins the same write. A client
//! whose socket is full is left to its own task; while one is far behind, whoever floods the room waits for it a moment.

use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::{Handle, RuntimeFlavor};
use tokio::task::yield_now;
use tokio::time::sleep;

use crate::connection::Connection;
use crate::members::Members;
use crate::pace::Paced;

/// How many members are written to before others have their turn: about 70 microseconds' worth.
const MEMBERS_PER_TURN: usize = 32;

/// How many members are fetched from memory together, for their locks and system calls would have each wait for its own.
const MEMBERS_AHEAD: usize = 8;

/// How often, and how long apart, it is looked whether members that were far behind have caught up: half a second in all. What
/// was sent counts as not passed on meanwhile, so that whoever floods the room waits for them; all others go on. A client that
/// takes nothing holds nobody up for longer at each step: its outbox fills, and it is cut.
const LOOKS: usize = 50;
const LOOK_AFTER: Duration = Duration::from_millis(10);

/// What a flusher has to see to.
#[derive(Default)]
pub(crate) struct Due {
    /// Those to whose outboxes something was pushed that nobody else writes.
    pub members: Vec<Arc<Connection>>,
    /// Those who sent it, with how many bytes.
    pub senders: Vec<(Paced, usize)>,
}

impl Due {
    pub fn is_empty(&self) -> bool {
        self.members.is_empty() && self.senders.is_empty()
    }

    /// Has the members' own tasks write and lets the senders go on.
    pub fn abandon(&mut self) {
        self.members.drain(..).for_each(|member| member.outbox.wake_owner());
        self.release();
    }

    /// Lets the senders go on.
    pub fn release(&mut self) {
        for (sender, bytes) in self.senders.drain(..) {
            sender.catch_up(bytes);
        }
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
                tokio::spawn(Wait { room: Arc::clone(&self.room), has_ended: false }.run());
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

/// Waits for laggards beside the flusher, which goes on for all others: lets senders go on when no member is far behind any
/// more, or after a while all the same.
struct Wait {
    room: Arc<Members>,
    has_ended: bool,
}

impl Wait {
    async fn run(mut self) {
        while !self.has_ended {
            for _ in 0..LOOKS {
                sleep(LOOK_AFTER).await;
                if self.room.has_caught_up() {
                    break;
                }
            }
            self.has_ended = !self.room.release_held();
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
