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
//! unread input, handlers, deferred answers, and frames on their way.
//!
//! A handler that waits for something outside, or for ever, fails the test after 10 seconds of tokio's clock, by name. What is
//! not as expected fails at the line of the test that awaits it.
//!
//! # Routes
//!
//! The routes beside the channels are asked in the same kit: [`TestApp::get`], [`TestApp::post`], [`TestApp::request`]. What a
//! route sends to clients has come when its answer is there.
//!
//! ```
//! # use channel_runtime::{channel, channels, message, testing};
//! # use warp::Filter;
//! # #[message(type = "news")] pub struct News { text: String }
//! # #[channel("/desk")] pub struct Desk;
//! # #[channel(sends(News))] impl Desk {}
//! # #[tokio::main(flavor = "current_thread")] async fn main() {
//! let channels = channels![Desk];
//! let desks = channels.of::<Desk>();
//! let publish = warp::path("publish").and(warp::post()).and(warp::body::json()).map(move |text: String| {
//!     desks.all().send(News { text });
//!     "published"
//! });
//! let app = testing::app(channels.app(()).or(publish));
//! let mut client = app.connect::<Desk>("/desk").await.unwrap();
//! let response = app.post("/publish").json(&"rain").await;
//! assert_eq!((response.status.as_u16(), response.text()), (200, "published"));
//! assert_eq!(client.expect::<News>().await.text, "rain");
//! # }
//! ```
//!
//! # Tasks that a handler spawns
//!
//! These are not counted: nobody knows what a task is for. Where the client waits for an answer, let the handler
//! [`defer`](crate::Socket::defer) it and give the task the [`Answer`](crate::Answer): that is counted until it is given. Else let
//! the app keep the task, and the test wait for it:
//!
//! ```
//! # use std::sync::{Arc, Mutex};
//! # use channel_runtime::{Socket, channel, channels, message, testing};
//! # use tokio::task::JoinSet;
//! # #[message(type = "roll")] pub struct Roll {}
//! # #[message(type = "rolled")] pub struct Rolled { points: u8 }
//! #[derive(Default)]
//! pub struct App { tasks: Mutex<JoinSet<()>> }
//!
//! # #[channel("/table", app = App)] pub struct Table;
//! # #[channel(sends(Rolled))]
//! # impl Table {
//! #[message]
//! fn roll(&self, _: Roll, socket: &Socket<Self>, app: &App) {
//!     let socket = socket.clone();
//!     app.tasks.lock().unwrap().spawn(async move {
//!         socket.send(Rolled { points: 4 });
//!     });
//! }
//! # }
//!
//! # #[tokio::main(flavor = "current_thread")] async fn main() {
//! let state = Arc::new(App::default());
//! let app = testing::app(channels![Table].app_arc(state.clone()));
//! let mut client = app.connect::<Table>("/table").await.unwrap();
//! client.send(Roll {});
//! app.settle().await; // the handler has run
//! let tasks = std::mem::take(&mut *state.tasks.lock().unwrap());
//! tasks.join_all().await;
//! assert_eq!(client.expect::<Rolled>().await.points, 4);
//! # }
//! ```

mod client;
mod expectation;
mod expected;
mod frames;
#[cfg(any(test, fuzzing))]
#[doc(hidden)]
pub mod fuzz;
mod http;
mod pipe;
mod request;
mod socket;

use std::fmt;
use std::future::IntoFuture;
use std::marker::PhantomData;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use ::http::{HeaderMap, HeaderName, HeaderValue, Method};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

pub use self::client::Client;
pub use self::expectation::Expectation;
use self::expectation::Failure;
use self::frames::Wire;
pub use self::http::{HttpRequest, HttpResponse};
pub use self::request::Request;
pub use self::socket::{TestSocket, socket};
use crate::channel::Channel;
use crate::connection::in_flight::Activity;
use crate::connection::stream::Transport;
use crate::handshake::Handshake;
use crate::handshake::reject::{BuildError, Reject};
use crate::server::Server;
use crate::server::channels::Table;
use crate::server::filter::canonical;

/// How long a test waits for what is in flight.
const PATIENCE: Duration = Duration::from_secs(10);

/// A server whose clients live in the test; see the [module](self).
///
/// # Panics
/// After [`Server::filter`] or [`Server::service`]: what is mounted is not counted.
#[track_caller]
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
    #[track_caller]
    pub fn settle(&self) -> Expectation<'_, ()> {
        Expectation::new(settle(&self.table().activity))
    }

    /// Asks for what is at this path, which may carry a query, by `GET`: see [`request`](Self::request).
    pub fn get(&self, path: &str) -> HttpRequest<'_, A> {
        self.request(Method::GET, path)
    }

    /// Posts to this path: see [`request`](Self::request).
    pub fn post(&self, path: &str) -> HttpRequest<'_, A> {
        self.request(Method::POST, path)
    }

    /// A request for the routes beside the channels, and for what the channels answer to one that is no handshake. Await it for
    /// the response; it is there when everything that the route caused has settled. Headers and a body can be added before.
    pub fn request(&self, method: Method, path: &str) -> HttpRequest<'_, A> {
        HttpRequest::new(self, method, path)
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

async fn settle(activity: &Activity) -> Result<(), Failure> {
    tokio::time::timeout(PATIENCE, activity.settled()).await.map_err(|_| {
        let in_flight: Vec<_> = activity.in_flight().iter().map(ToString::to_string).collect();
        format!("still in flight after {PATIENCE:?}: {}", in_flight.join(", "))
    })
}

/// # Panics
/// Where it is no header.
#[track_caller]
fn header(name: &str, value: &str) -> (HeaderName, HeaderValue) {
    (name.parse().expect("a header's name"), HeaderValue::from_str(value).expect("a header's value"))
}

/// A handshake in the making: await it for the client, or the `Reject` it was refused with.
#[must_use = "await it"]
pub struct Connect<'a, A, C> {
    app: &'a TestApp<A>,
    handshake: Handshake,
    channel: PhantomData<fn() -> C>,
}

impl<'a, A: Send + Sync + 'static, C: Channel> Connect<'a, A, C> {
    /// With one more header.
    ///
    /// # Panics
    /// Where it is none.
    #[track_caller]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        let (name, value) = header(name, value);
        self.handshake.headers.append(name, value);
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
    #[track_caller]
    pub fn without_waiting(self) -> Expectation<'a, Result<Client<C>, Reject>> {
        Expectation::new(self.enter())
    }

    async fn enter(mut self) -> Result<Result<Client<C>, Reject>, Failure> {
        let table = self.app.table();
        let not_found = || Reject::not_found("no channel has this path");
        let Some(route) = table.find(&self.handshake.path) else { return Ok(Err(not_found())) };
        if route.path() != C::PATH {
            let Handshake { path, .. } = &self.handshake;
            return Err(format!(
                "the path `{path}` is that of the channel at `{}`, and not `{}`",
                route.path(),
                C::PATH
            ));
        }
        self.handshake.resolve_proxies(&table.config.proxies);
        self.handshake.remote_addr = self.handshake.remote_addr.map(canonical);
        let entered = async {
            table.admission.check_origin(&table.config, &self.handshake)?;
            let start = route.start(&self.handshake).await.map_err(|error| match error {
                BuildError::NotFound => not_found(),
                BuildError::Reject(reject) => reject,
            })?;
            let admission = table.admission.admit(&table.config, self.handshake.remote_addr.map(|addr| addr.ip()))?;
            let (near, far) = pipe::pair(table.activity.clone());
            start(Transport::Other(Box::new(far)), Vec::new(), admission, None);
            Ok(Client::new(Wire::new(near, table.activity.clone())))
        };
        Ok(entered.await)
    }
}

impl<'a, A: Send + Sync + 'static, C: Channel> IntoFuture for Connect<'a, A, C> {
    type Output = Result<Client<C>, Reject>;
    type IntoFuture = Expectation<'a, Self::Output>;

    #[track_caller]
    fn into_future(self) -> Self::IntoFuture {
        Expectation::new(async {
            let activity = &self.app.table().activity;
            let entered = self.enter().await?;
            if entered.is_ok() {
                settle(activity).await?;
            }
            Ok(entered)
        })
    }
}

impl<A, C> fmt::Debug for Connect<'_, A, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Connect").field(&self.handshake).finish()
    }
}
