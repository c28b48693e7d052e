//! A handshake in a test, from a path and its headers to a client.

use std::fmt;
use std::future::IntoFuture;
use std::marker::PhantomData;
use std::net::SocketAddr;
use std::sync::Arc;

use ::http::HeaderMap;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use super::app::TestApp;
use super::client::Client;
use super::door::{Door, Entered, Return};
use super::expectation::{Expectation, Failure};
use super::frames::Frames;
use super::http::header;
use super::pipe;
use super::positions::Positions;
use super::settle::settle;
use crate::channel::Channel;
use crate::channel::history::is_kept;
use crate::connection::close;
use crate::connection::in_flight::Work;
use crate::connection::stream::Transport;
use crate::handshake::Handshake;
use crate::handshake::hello::Hello;
use crate::handshake::reject::{BuildError, Reject};
use crate::handshake::subprotocols::{Negotiated, agree, hello, not_agreed};
use crate::protocol::message::Messages as _;
use crate::protocol::subprotocols::Subprotocols;
use crate::server::peer::canonical;
use crate::server::table::RouteTable;
use crate::session::rejection::not_acceptable;
use crate::wire::close::CloseCode;

impl<A: Send + Sync + 'static> TestApp<A> {
    /// Connects a client of channel `C` at this path, which may have a query.
    ///
    /// Await it: the client is there when all work that its connection caused has ended. For headers, a query and subprotocols, see
    /// [`Connect`].
    ///
    /// # Panics
    /// When awaited, if the path is another channel's.
    pub fn connect<C: Channel>(&self, path: &str) -> Connect<'_, A, C> {
        let (path, query) = path.split_once('?').unwrap_or((path, ""));
        let handshake = Handshake::new(path, query, HeaderMap::new());
        let entrance =
            Entrance { table: Arc::clone(self.table()), handshake, resuming: Positions::default(), offers: false };
        Connect { app: self, entrance, channel: PhantomData }
    }
}

/// A handshake that is being prepared: await it for the client, or for the `Reject` that it was refused with.
#[must_use = "await it"]
pub struct Connect<'a, A, C> {
    app: &'a TestApp<A>,
    entrance: Entrance<A>,
    channel: PhantomData<fn() -> C>,
}

/// What a client connects with.
struct Entrance<A> {
    table: Arc<RouteTable<A>>,
    /// As often as it comes back.
    handshake: Handshake,
    /// Of before, behind its query. When it comes back it says those that it has then.
    resuming: Positions,
    offers: bool,
}

impl<'a, A: Send + Sync + 'static, C: Channel> Connect<'a, A, C> {
    /// With one more header.
    ///
    /// # Panics
    /// If it is no valid header.
    #[track_caller]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        let (name, value) = header(name, value);
        self.entrance.handshake.headers.append(name, value);
        self
    }

    /// Offers these subprotocols, one or a list such as `"kv.v2, kv.v1"`, and is treated as a server treats a client: none in
    /// common is refused as the channel says. A test that does not call this offers nothing and connects all the same, without a
    /// subprotocol; `offering("")` is a client that offers nothing, and may be refused for it. A channel with
    /// `subprotocols(.., close = 4406)` refuses by a Close: then there is a client, and [`Client::expect_close`] is what it receives.
    ///
    /// ```
    /// # use channel_runtime::{CloseCode, channel, channels, testing};
    /// #[channel("/kv/:id", subprotocols("kv.v1", "kv.v2"))]
    /// pub struct Store { id: String }
    ///
    /// # #[channel] impl Store {}
    /// # #[tokio::main(flavor = "current_thread")] async fn main() {
    /// let app = testing::app(channels![Store].app(()));
    /// app.connect::<Store>("/kv/7").await.unwrap();
    /// app.connect::<Store>("/kv/7").offering("kv.v2").await.unwrap();
    /// let refused = app.connect::<Store>("/kv/7").offering("soap").await.unwrap_err();
    /// assert_eq!(refused.message, "offer one of the subprotocols `kv.v1`, `kv.v2`");
    /// # }
    /// ```
    ///
    /// # Panics
    /// If it is no valid value of a header.
    #[track_caller]
    pub fn offering(mut self, subprotocols: &str) -> Self {
        self.entrance.offers = true;
        self.header("sec-websocket-protocol", subprotocols)
    }

    /// A client that hears the framework's own frames, as generated clients do, and as every client of a channel with a history, a presence
    /// or questions that offers nothing else: it offers `channels.1.json` and `channels.hello`. Those
    /// frames are no messages: [`Client::hello`], [`Client::joined`] and [`Client::closing`] return them. A client that offers
    /// `channels.hello.<fingerprint>` by [`offering`](Self::offering) hears them too.
    ///
    /// ```
    /// # use channel_runtime::{Config, channel, channels, testing};
    /// # use std::time::Duration;
    /// #[channel("/desk")]
    /// pub struct Desk;
    ///
    /// # #[channel] impl Desk {}
    /// # #[tokio::main(flavor = "current_thread")] async fn main() {
    /// let app = testing::app(channels![Desk].app(()));
    /// let mut client = app.connect::<Desk>("/desk").knowing().await.unwrap();
    /// assert_eq!(client.hello().await.max_bytes, 64 * 1024);
    /// app.drain().await;
    /// assert_eq!(client.closing().await.retry_window, Duration::from_secs(1));
    /// # }
    /// ```
    pub fn knowing(self) -> Self {
        self.offering("channels.1.json, channels.hello")
    }

    /// With one more query parameter.
    pub fn query(mut self, name: &str, value: &str) -> Self {
        let query = &mut self.entrance.handshake.query;
        if !query.is_empty() {
            query.push('&');
        }
        query.extend(utf8_percent_encode(name, NON_ALPHANUMERIC));
        query.push('=');
        query.extend(utf8_percent_encode(value, NON_ALPHANUMERIC));
        self
    }

    /// This client loses its connection, and comes back here instead: to another app or node, with what it says of the histories of its
    /// rooms when it [comes back](Client::come_back).
    ///
    /// ```
    /// # use channel_runtime::{Fresh, channel, channels, testing};
    /// #[channel("/chat", history)]
    /// pub struct Chat;
    ///
    /// # #[channel] impl Chat {}
    /// # #[tokio::main(flavor = "current_thread")] async fn main() {
    /// let (one, other) = (testing::app(channels![Chat].app(())), testing::app(channels![Chat].app(())));
    /// let ann = one.connect::<Chat>("/chat").await.unwrap();
    /// let mut ann = other.connect::<Chat>("/chat").resuming(ann).await.unwrap();
    /// assert_eq!(ann.joined().await.fresh(), Some(Fresh::Replaced));
    /// # }
    /// ```
    pub fn resuming(mut self, mut client: Client<C>) -> Self {
        client.frames.lose();
        self.entrance.resuming = client.frames.positions().clone();
        self
    }

    /// From this address. Without it the address is not known.
    pub fn remote_addr(mut self, addr: SocketAddr) -> Self {
        self.entrance.handshake.remote_addr = Some(addr);
        self
    }

    /// The client as soon as it is a member, while its `on_connect` may still run.
    ///
    /// # Errors
    /// What the handshake was refused with; 404 if no channel has the path.
    ///
    /// # Panics
    /// If the path is another channel's.
    #[track_caller]
    pub fn without_waiting(self) -> Expectation<'a, Result<Client<C>, Reject>> {
        Expectation::new(self.entrance.client())
    }
}

impl<A: Send + Sync + 'static> Entrance<A> {
    /// As often as the client comes back.
    fn door<C: Channel>(&self) -> Door {
        let Self { table, handshake, resuming: _, offers } = self;
        let (table, handshake, offers) = (Arc::clone(table), handshake.clone(), *offers);
        Arc::new(move |Return { path, positions }| {
            let (table, mut handshake) = (Arc::clone(&table), handshake.clone());
            handshake.path = path;
            Box::pin(Self { table, handshake, resuming: positions, offers }.enter::<C>())
        })
    }

    async fn client<C: Channel>(self) -> Result<Result<Client<C>, Reject>, Failure> {
        let (path, door) = (self.handshake.path.clone(), self.door::<C>());
        Ok(self.enter::<C>().await?.map(|frames| Client::new(frames, &path, door)))
    }

    async fn enter<C: Channel>(mut self) -> Entered {
        let table = Arc::clone(&self.table);
        self.handshake.query.push_str(&self.resuming.query());
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
            let negotiated = self.negotiate(route.subprotocols())?;
            table.admission.check_origin(&table.config, &self.handshake)?;
            self.handshake.hello = hello(&self.handshake.headers, route.subprotocols(), negotiated)?;
            if (is_kept::<C>() || C::PRESENCE.is_some() || asks::<C>()) && !self.offers {
                self.handshake.hello = Some(Hello { fingerprint: None });
            }
            match negotiated {
                Negotiated::Agreed(agreed) => self.handshake.subprotocol = agreed,
                Negotiated::Closed(code) => return Ok(self.closed_with::<C>(code)),
                Negotiated::Refused => return Err(not_agreed(route.subprotocols())),
            }
            let start = route.start(&self.handshake).await.map_err(|error| match error {
                BuildError::NotFound => not_found(),
                BuildError::Reject(reject) => reject,
            })?;
            let admission = table.admission.admit(&table.config, self.handshake.remote_addr.map(|addr| addr.ip()))?;
            let (client, server) = pipe::pair(table.activity.clone());
            start(Transport::Other(Box::new(server)), Vec::new(), admission, None);
            let frames = Frames::new(client, table.activity.clone()).knowing(self.handshake.hello.is_some());
            Ok(frames.at(self.resuming.clone()))
        };
        Ok(entered.await)
    }

    /// The client of a connection that is closed at once.
    fn closed_with<C: Channel>(&self, code: CloseCode) -> Frames {
        let table = &self.table;
        let (client, server) = pipe::pair(table.activity.clone());
        let busy = table.activity.begin(Work::Session { channel: C::NAME, what: "subprotocols" });
        let patience = table.config.close_timeout;
        tokio::spawn(async move {
            let (mut stream, socket) = Transport::Other(Box::new(server)).split();
            close::reject_client(&mut stream, socket, &not_acceptable(code), patience).await;
            drop(busy);
        });
        Frames::new(client, table.activity.clone())
    }

    /// # Errors
    /// As on a server, if the test offers subprotocols.
    fn negotiate(&self, known: &Subprotocols) -> Result<Negotiated, Reject> {
        match agree(&self.handshake.headers, known) {
            Err(_) | Ok(Negotiated::Closed(_) | Negotiated::Refused) if !self.offers => Ok(Negotiated::Agreed(None)),
            negotiated => negotiated,
        }
    }
}

impl<'a, A: Send + Sync + 'static, C: Channel> IntoFuture for Connect<'a, A, C> {
    type Output = Result<Client<C>, Reject>;
    type IntoFuture = Expectation<'a, Self::Output>;

    #[track_caller]
    fn into_future(self) -> Self::IntoFuture {
        Expectation::new(async {
            let activity = &self.app.table().activity;
            let entered = self.entrance.client().await?;
            if entered.is_ok() {
                settle(activity).await?;
            }
            Ok(entered)
        })
    }
}

impl<A, C> fmt::Debug for Connect<'_, A, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Connect").field(&self.entrance.handshake).finish()
    }
}

/// Whether a client of the channel may be asked, in the default envelope.
fn asks<C: Channel>() -> bool {
    C::READS_FLAT && C::ToClient::SHAPES.iter().any(|message| message.answer.is_some())
}
