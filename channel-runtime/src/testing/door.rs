//! The way in of one client in a test, as often as it comes back.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use super::expectation::Failure;
use super::frames::Frames;
use super::positions::Positions;
use crate::handshake::reject::Reject;

/// Connects as a client was connected, and gives its positions back.
pub(super) type Door = Arc<dyn Fn(Return) -> Entering + Send + Sync>;

pub(super) struct Return {
    /// Where the client was, or was moved to.
    pub path: String,
    pub positions: Positions,
}

pub(super) type Entering = Pin<Box<dyn Future<Output = Entered> + Send>>;

pub(super) type Entered = Result<Result<Frames, Reject>, Failure>;
