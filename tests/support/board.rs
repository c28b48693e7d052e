//! What channels of tests have in common: who comes, a room that is declared, and a gate.

use std::fmt;
use std::sync::Arc;

use channel_runtime::{Extract, Handshake, Reject};
use tokio::sync::Semaphore;

/// `?name=ann`
pub struct Name(pub Option<String>);

impl<A: Sync> Extract<A> for Name {
    async fn extract(handshake: &Handshake, _: &A) -> Result<Self, Reject> {
        Ok(Self(handshake.query_param("name")))
    }
}

#[derive(Clone, Debug)]
pub struct Tile(pub u8);

impl fmt::Display for Tile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Permits for those who wait in `on_connect`.
pub type Gate = Arc<Semaphore>;
