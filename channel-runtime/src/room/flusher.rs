//! A room's flusher: the task that writes what was sent to the members' sockets. A client whose socket is full is left to its own.

use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::{Handle, RuntimeFlavor};
use tokio::task::yield_now;
use tokio::time::{Instant, sleep};

use crate::room::crowd::LOOK_AFTER;
use crate::room::flush_queue::{FlushWork, Tasks};
use crate::room::live_room::{Inner, LiveRoom};
use crate::room::member::Member;
use crate::room::publisher::Charge;

/// How many members are written to before the flusher yields: about 70 microseconds' worth.
const MEMBERS_PER_TURN: usize = 32;

/// How many members are fetched from memory together, so that the fetches overlap despite locks and system calls.
const MEMBERS_AHEAD: usize = 8;

const LOOKS_A_NUDGE: usize = 5;

impl LiveRoom {
    /// Not under the lock: a runtime that is shutting down drops a task at once, and the task's drop takes the lock.
    pub(super) fn start(self: &Arc<Self>, tasks: Tasks) {
        if let Some(runtime) = tasks.flusher {
            start(self, &runtime);
        }
        if let Some(runtime) = tasks.wait {
            wait(self, &runtime);
        }
    }

    pub(super) fn settle(&self, senders: Vec<Charge<Member>>) -> bool {
        let Inner { members, flushing, .. } = &mut *self.lock();
        flushing.settle(senders, members.len())
    }

    pub(super) fn look(&self, late: Duration) -> bool {
        let Inner { members, flushing, .. } = &mut *self.lock();
        flushing.look(members.len(), late)
    }

    fn slow_members(&self) -> Vec<Arc<Member>> {
        self.lock().flushing.slow_members()
    }
}

pub(crate) fn start(room: &Arc<LiveRoom>, runtime: &Handle) {
    let pass = Pass { room: Arc::clone(room), due: FlushWork::default(), has_ended: false };
    runtime.spawn(pass.run());
}

struct Pass {
    room: Arc<LiveRoom>,
    due: FlushWork<Member>,
    has_ended: bool,
}

impl Pass {
    async fn run(mut self) {
        while !self.has_ended {
            // The tasks that are ready run first, because they may send more.
            yield_now().await;
            if self.room.len() > MEMBERS_PER_TURN && !is_current_thread() {
                // So do those with new input: the multi-thread runtime polls for it later. For few members that costs too much.
                yield_now().await;
            }
            // The last work's list is freed after the lock.
            let due = self.room.lock().flushing.take_due();
            self.due = due;
            self.write().await;
            let senders = std::mem::take(&mut self.due.senders);
            if self.room.settle(senders) {
                wait(&self.room, &Handle::current());
            }
            self.has_ended = self.room.lock().flushing.ends();
        }
    }

    async fn write(&mut self) {
        let members = &mut self.due.members;
        while !members.is_empty() {
            let rest = members.len().saturating_sub(MEMBERS_PER_TURN);
            for few in members[rest..].chunks(MEMBERS_AHEAD) {
                few.iter().for_each(|member| member.outbox().fetch());
                few.iter().for_each(|member| member.outbox().flush());
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
            self.room.lock().flushing.flusher_is_gone();
        }
    }
}

pub(crate) fn wait(room: &Arc<LiveRoom>, runtime: &Handle) {
    runtime.spawn(Wait { room: Arc::clone(room), has_ended: false }.run());
}

struct Wait {
    room: Arc<LiveRoom>,
    has_ended: bool,
}

impl Wait {
    async fn run(mut self) {
        let mut looks = 0_usize;
        while !self.has_ended {
            let start = Instant::now();
            sleep(LOOK_AFTER).await;
            // If the server is overloaded, that is not its clients' fault.
            let late = start.elapsed().saturating_sub(2 * LOOK_AFTER);
            looks += 1;
            if looks % LOOKS_A_NUDGE == 1 {
                self.room.slow_members().iter().for_each(|member| member.outbox().nudge());
            }
            self.has_ended = !self.room.look(late);
        }
    }
}

impl Drop for Wait {
    fn drop(&mut self) {
        if !self.has_ended {
            self.room.lock().flushing.stop_waiting();
        }
    }
}
