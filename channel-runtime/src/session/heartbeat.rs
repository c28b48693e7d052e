//! The heartbeat: one task an app that, each tick, pings silent clients, and closes those that do not answer or take what waits.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::task::yield_now;
use tokio::time::{MissedTickBehavior, interval};

use crate::config::Config;
use crate::connection::framework_frames::return_window;
use crate::connection::liveness::{Beat, Check};
use crate::connection::shutdown::Shutdown;
use crate::room::registry::Registry;
use crate::socket::node::Node;
use crate::socket::replies::Replies;

const CONNECTIONS_PER_TURN: usize = 256;

#[derive(Default)]
pub(crate) struct Heartbeat {
    is_running: AtomicBool,
}

impl Heartbeat {
    fn begin(&self) -> bool {
        !self.is_running.swap(true, Ordering::SeqCst)
    }

    fn ends(&self, registry: &Registry) -> bool {
        let is_empty = || registry.len() == 0;
        if !is_empty() {
            return false;
        }
        self.stop();
        // A connection that was opened before the flag was cleared has relied on it.
        is_empty() || !self.begin()
    }

    fn stop(&self) {
        self.is_running.store(false, Ordering::SeqCst);
    }
}

pub(crate) fn watch(heartbeat: &Arc<Heartbeat>, node: &Node, config: &Config) {
    if heartbeat.begin() {
        let watch = Watch {
            heartbeat: Arc::clone(heartbeat),
            registry: Arc::clone(&node.registry),
            replies: Arc::clone(&node.replies),
            shutdown: Arc::clone(&node.shutdown),
            has_ended: false,
        };
        tokio::spawn(watch.run(Beat::new(config.ping_interval, config.pong_timeout, config.idle_timeout)));
    }
}

struct Watch {
    heartbeat: Arc<Heartbeat>,
    registry: Arc<Registry>,
    replies: Arc<Replies>,
    shutdown: Arc<Shutdown>,
    has_ended: bool,
}

impl Watch {
    async fn run(mut self, beat: Beat) {
        let mut ticks = interval(beat.tick);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        while !self.heartbeat.ends(&self.registry) {
            ticks.tick().await;
            self.replies.expire();
            for channel in 0..self.registry.channels() {
                self.sweep(channel, &beat).await;
            }
        }
        self.has_ended = true;
    }

    async fn sweep(&self, channel: usize, beat: &Beat) {
        let everybody = self.registry.all(channel);
        let window = return_window(self.registry.len());
        let mut next = 0;
        while next < everybody.len() {
            let turn = next..next + CONNECTIONS_PER_TURN;
            let is_draining = self.shutdown.is_draining();
            let found = everybody.examine(turn.clone(), |connection| {
                // A drain's window counts those that it closes first, too.
                if !is_draining {
                    connection.outbox().set_return_window(window);
                }
                let check = connection.apart.liveness.tick(beat, connection.id.spread(), connection.outbox());
                (check != Check::Alive).then_some(check)
            });
            for (connection, check) in found {
                connection.apart.liveness.apply(check, beat, connection.outbox());
            }
            next = turn.end;
            yield_now().await;
        }
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        // Its runtime has ended before the connections; those on another one start the next watch.
        if !self.has_ended {
            self.heartbeat.stop();
        }
    }
}
