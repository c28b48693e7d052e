//! What a client's handles, its requests and its task have together.

use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::{Notify, watch};
use tokio::time::Instant;

use super::subscribers::Subscribers;
use crate::engine::Engine;

pub(super) struct Shared {
    state: Mutex<State>,
    /// The task looks at the state.
    pub wake: Notify,
    /// The number of the last task that has ended, and closed its connections.
    pub finished: watch::Sender<u64>,
}

pub(super) struct State {
    pub engine: Engine,
    pub subscribers: Subscribers,
    /// Whether a task runs the connection.
    pub is_driven: bool,
    /// The number of the last task.
    pub run: u64,
}

impl Shared {
    pub fn new(engine: Engine) -> Self {
        let state = State { engine, subscribers: Subscribers::default(), is_driven: false, run: 0 };
        Self { state: Mutex::new(state), wake: Notify::new(), finished: watch::Sender::new(0) }
    }

    /// No code of the user's runs under it.
    pub fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes the engine, and has the task do what follows.
    pub fn with<T>(&self, act: impl FnOnce(&mut Engine, Instant) -> T) -> T {
        let done = act(&mut self.lock().engine, Instant::now());
        self.wake.notify_one();
        done
    }
}
