//! The testing kit: typed clients in the test's own process, with no port and no sleep.
//!
//! ```
//! use channel_runtime::{channel, channels, message, testing};
//!
//! #[message(type = "ping")]
//! pub struct Ping {}
//!
//! #[message(type = "pong")]
//! pub struct Pong {}
//!
//! #[channel("/echo/:room")]
//! pub struct Echo { room: String }
//!
//! #[channel(sends(Pong))]
//! impl Echo {
//!     #[message]
//!     fn ping(&self, _: Ping) -> Pong {
//!         Pong {}
//!     }
//! }
//!
//! # #[tokio::main(flavor = "current_thread")] async fn main() {
//! let app = testing::app(channels![Echo].app(()));
//! let mut client = app.connect::<Echo>("/echo/general").await.unwrap();
//! client.send(Ping {});
//! let Pong {} = client.expect().await;
//! client.expect_nothing().await;
//! # }
//! ```
//!
//! It runs the real session, registry and codecs above a stream in memory. Everything in flight is counted, so that
//! [`Client::expect_nothing`] and [`TestApp::settle`] know when nothing more can come, instead of waiting for a while:
//! unread input, handlers, deferred answers, and frames on their way. What a handler spawns by itself is not counted.
//!
//! A handler that waits for something outside, or for ever, fails the test after 10 seconds of tokio's clock, by name.

mod client;
mod expected;
mod pipe;
mod request;
mod socket;
mod wire;

use std::fmt;
use std::future::{Future, IntoFuture};
use std::marker::PhantomData;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use http::{HeaderMap, HeaderName, HeaderValue};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

pub use self::client::Client;
pub use self::request::Request;
pub use self::socket::{TestSocket, socket};
use self::wire::Wire;
use crate::activity::Activity;
use crate::channel::Channel;
use crate::channels::Table;
use crate::handshake::Handshake;
use crate::reject::{Refusal, Reject};
use crate::serve::Server;
use crate::wire::transport::Transport;

/// How long a test waits for what is in flight.
const PATIENCE: Duration = Duration::from_secs(10);

/// A server whose clients live in the test; see the [module](self).
pub fn app<A: Send + Sync + 'static>(server: Server<A>) -> TestApp<A> {
    TestApp { server: server.counting() }
}

/// A server in a test, from [`app`].
pub struct TestApp<A> {
    server: Server<A>,
}

impl<A: Send + Sync + 'static> TestApp<A> {
    /// A client of channel `C` at this path, which may carry a query.
    ///
    /// Await it; it is there when everything that its coming caused has settled. Headers and query parameters can be added
    /// before: see [`Connect`].
    ///
    /// # Panics
    /// When awaited, where the path is another channel's.
    pub fn connect<C: Channel>(&self, path: &str) -> Connect<'_, A, C> {
        let (path, query) = path.split_once('?').unwrap_or((path, ""));
        Connect { app: self, handshake: Handshake::new(path, query, HeaderMap::new()), channel: PhantomData }
    }

    /// Waits until nothing is in flight.
    ///
    /// # Panics
    /// After 10 seconds, with what still is.
    pub async fn settle(&self) {
        settle(&self.table().activity).await;
    }

    /// Stops the server, as [`Server::drain`] does.
    pub async fn drain(&self) {
        self.server.drain().await;
    }

    fn table(&self) -> &Arc<Table<A>> {
        self.server.table()
    }
}

impl<A> fmt::Debug for TestApp<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("TestApp").field(&self.server).finish()
    }
}

async fn settle(activity: &Activity) {
    if tokio::time::timeout(PATIENCE, activity.settled()).await.is_err() {
        let in_flight: Vec<_> = activity.in_flight().iter().map(ToString::to_string).collect();
        panic!("still in flight after {PATIENCE:?}: {}", in_flight.join(", "));
    }
}

/// A handshake in the making: await it for the client, or the `Reject` it was refused with.
#[must_use = "await it"]
pub struct Connect<'a, A, C> {
    app: &'a TestApp<A>,
    handshake: Handshake,
    channel: PhantomData<fn() -> C>,
}

impl<A: Send + Sync + 'static, C: Channel> Connect<'_, A, C> {
    /// With one more header.
    ///
    /// # Panics
    /// Where it is none.
    pub fn header(mut self, name: &str, value: &str) -> Self {
        let name: HeaderName = name.parse().expect("a header's name");
        self.handshake.headers.append(name, HeaderValue::from_str(value).expect("a header's value"));
        self
    }

    /// With one more query parameter.
    pub fn query(mut self, name: &str, value: &str) -> Self {
        let query = &mut self.handshake.query;
        if !query.is_empty() {
            query.push('&');
        }
        query.extend(utf8_percent_encode(name, NON_ALPHANUMERIC));
        query.push('=');
        query.extend(utf8_percent_encode(value, NON_ALPHANUMERIC));
        self
    }

    /// From this address; else it is not known.
    pub fn remote_addr(mut self, addr: SocketAddr) -> Self {
        self.handshake.remote_addr = Some(addr);
        self
    }

    /// The client as soon as it is a member, while its `on_connect` may still run.
    ///
    /// # Errors
    /// What the handshake was refused with; 404 where no channel has the path.
    ///
    /// # Panics
    /// Where the path is another channel's.
    pub async fn without_waiting(mut self) -> Result<Client<C>, Reject> {
        let table = self.app.table();
        let not_found = || Reject::not_found("no channel has this path");
        let route = table.find(&self.handshake.path).ok_or_else(not_found)?;
        assert_eq!(route.path(), C::PATH, "the path `{}` is another channel's", self.handshake.path);
        table.config.proxies.believe(&mut self.handshake);
        table.door.check_origin(&table.config, &self.handshake)?;
        let start = route.start(&self.handshake).await.map_err(|refusal| match refusal {
            Refusal::NotFound => not_found(),
            Refusal::Reject(reject) => reject,
        })?;
        let admission = table.door.admit(&table.config, self.handshake.remote_addr.map(|addr| addr.ip()))?;
        let (near, far) = pipe::pair(table.activity.clone());
        start(Transport::Other(Box::new(far)), Vec::new(), admission, None);
        Ok(Client::new(Wire::new(near, table.activity.clone())))
    }
}

impl<'a, A: Send + Sync + 'static, C: Channel> IntoFuture for Connect<'a, A, C> {
    type Output = Result<Client<C>, Reject>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send + 'a>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async move {
            let app = self.app;
            let client = self.without_waiting().await?;
            app.settle().await;
            Ok(client)
        })
    }
}

impl<A, C> fmt::Debug for Connect<'_, A, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Connect").field(&self.handshake).finish()
    }
}
