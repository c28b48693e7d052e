//! What a client's handles, its requests and its task have together.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::mem;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::{Notify, watch};
use tokio::time::Instant;

use super::answerer::Answerer;
use super::subscribers::Subscribers;
use crate::engine::Engine;

pub(super) struct Shared {
    state: Mutex<State>,
    /// Makes the `$id`s of this client's messages different from those of all others. A client without an identity is known by it.
    pub own: u128,
    /// The task looks at the state.
    pub wake: Notify,
    /// The number of the last task that has ended, and closed its connections.
    pub finished: watch::Sender<u64>,
}

pub(super) struct State {
    pub engine: Engine,
    pub subscribers: Subscribers,
    /// What answers the server's questions, by their types.
    pub answerers: HashMap<String, Answerer>,
    /// Whether a task runs the connection.
    pub is_driven: bool,
    /// The number of the last task.
    pub run: u64,
}

impl State {
    /// No task runs the connection any more. What is not delivered yet, with the streams, is returned: a client that is opened again
    /// has others.
    pub fn end(&mut self) -> Subscribers {
        self.is_driven = false;
        self.engine.no_token();
        mem::take(&mut self.subscribers)
    }
}

impl Shared {
    pub fn new(engine: Engine) -> Self {
        let state =
            State { engine, subscribers: Subscribers::default(), answerers: HashMap::new(), is_driven: false, run: 0 };
        // The operating system's: who guessed it would be told the answers of another guest.
        let secret = RandomState::new();
        let own = u128::from(secret.hash_one(0_u8)) << 64 | u128::from(secret.hash_one(1_u8));
        Self { state: Mutex::new(state), own, wake: Notify::new(), finished: watch::Sender::new(0) }
    }

    /// No code of the user's runs under it, except the random numbers of tests.
    pub fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The task of this number has ended.
    pub fn finish(&self, run: u64) {
        self.finished.send_if_modified(|finished| {
            let is_later = *finished < run;
            *finished = run.max(*finished);
            is_later
        });
    }

    /// Changes the engine, and has the task do what follows.
    pub fn with<T>(&self, act: impl FnOnce(&mut Engine, Instant) -> T) -> T {
        let done = act(&mut self.lock().engine, Instant::now());
        self.wake.notify_one();
        done
    }
}
