//! A server whose clients live in the test.

use std::fmt;
use std::sync::Arc;

use super::expectation::Expectation;
use super::settle::settle;
use crate::connection::in_flight::Activity;
use crate::server::Server;
use crate::server::table::RouteTable;

/// A server whose clients live in the test; see the [module](crate::testing).
///
/// # Panics
/// After [`Server::filter`] or [`Server::service`], because the work of a mounted server is not counted.
#[track_caller]
pub fn app<A: Send + Sync + 'static>(server: Server<A>) -> TestApp<A> {
    let server = server.counting(Activity::counting());
    server.table().keep_rooms();
    TestApp { server }
}

/// A server in a test, from [`app`].
pub struct TestApp<A> {
    pub(super) server: Server<A>,
}

impl<A: Send + Sync + 'static> TestApp<A> {
    /// Waits until no work is in progress.
    ///
    /// # Panics
    /// After 10 seconds, with the work that still is.
    #[track_caller]
    pub fn settle(&self) -> Expectation<'_, ()> {
        Expectation::new(settle(&self.table().activity))
    }

    /// Stops the server, as [`Server::drain`] does.
    pub async fn drain(&self) {
        self.server.drain().await;
    }

    pub(super) fn table(&self) -> &Arc<RouteTable<A>> {
        self.server.table()
    }
}

impl<A> fmt::Debug for TestApp<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("TestApp").field(&self.server).finish()
    }
}
