//! The testing kit: typed clients in the test's own process, without a port and without sleeping.
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
//! It runs the real session, registry and codecs over a stream in memory. All work in progress is counted: unread input, handlers,
//! deferred answers, and frames that wait. So [`Client::expect_nothing`] and [`TestApp::settle`] know when no more can follow.
//!
//! If a handler waits for something outside, or for ever, the test fails after 10 seconds of tokio's clock, and names the handler. A
//! failed expectation panics at the line of the test that awaits it.
//!
//! # Routes
//!
//! The kit also sends requests to the routes beside the channels: [`TestApp::get`], [`TestApp::post`], [`TestApp::request`]. When the
//! response is there, clients have received what the route sent to them.
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
//! These are not counted, because a task may be for anything. If the client waits for an answer, let the handler
//! [`defer`](crate::Socket::defer) it and give the task the [`Answer`](crate::Answer), which is counted until it is given.
//! Otherwise let the app keep the task, and the test wait for it:
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

mod app;
mod asked;
pub(crate) mod bench;
mod client;
#[cfg(feature = "cluster")]
mod cluster;
mod come_back;
mod connect;
mod door;
#[cfg(feature = "cluster")]
pub(crate) mod empty_bus;
mod expectation;
mod expected;
mod frames;
mod framework;
#[cfg(any(test, fuzzing))]
#[doc(hidden)]
pub mod fuzz;
mod http;
mod pipe;
mod positions;
mod present;
mod request;
mod settle;
mod socket;

pub use self::app::{TestApp, app};
pub use self::asked::Asked;
pub use self::client::Client;
#[cfg(feature = "cluster")]
pub use self::cluster::{TestCluster, TestClusterSetup, TestNode, cluster, cluster_with};
pub use self::connect::Connect;
pub use self::expectation::Expectation;
pub use self::framework::{Closing, Hello, Joined};
pub use self::http::{HttpRequest, HttpResponse};
pub use self::present::Present;
pub use self::request::Request;
pub use self::socket::{TestSocket, socket};
#[cfg(feature = "cluster")]
#[doc(hidden)]
pub use crate::cluster::Lie;
#[cfg(feature = "cluster")]
pub use crate::cluster::{SimulatedBus, SimulatedEngine};
