//! What is said of a client before it connects.

use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

use channel_runtime::envelope::Flat;
use channel_runtime::{Address, Protocol};
use tokio::time::Instant;

use super::driver::Wiring;
use super::handle::Client;
use super::token::{self, IntoToken, TokenSource};
use super::url::ServerUrl;
use super::wire;
use crate::engine::{Engine, Greeting, Settings, Why};
use crate::transport::{Transport, WebSockets};

/// So many requests wait for a connection or for their rate, at most.
const QUEUE: usize = 256;

/// A client that is not open yet, from [`Client::new`].
#[must_use = "`open()` connects"]
pub struct Connect<C> {
    /// `None` for a room that is not a path's.
    path: Option<String>,
    server: String,
    query: Vec<(String, String)>,
    token: Option<TokenSource>,
    fixed_token: Option<String>,
    position: Option<String>,
    greet: Arc<dyn Fn() -> Vec<Greeting> + Send + Sync>,
    random: Box<dyn FnMut() -> f64 + Send>,
    transport: Arc<dyn Transport>,
    channel: PhantomData<fn() -> C>,
}

impl<C: Protocol<Envelope = Flat>> Client<C> {
    /// A client that connects to this room of a path, such as `Game::room(&id)`, or to a path as text, such as `"/game/7"`.
    #[allow(clippy::new_ret_no_self)] // It is complete when it is open.
    pub fn new(address: impl Address<C>) -> Connect<C> {
        Connect::new(&address)
    }
}

impl<C: Protocol<Envelope = Flat>> Connect<C> {
    fn new(address: &impl Address<C>) -> Self {
        Self {
            path: address.path().map(str::to_owned),
            server: String::new(),
            query: Vec::new(),
            token: None,
            fixed_token: None,
            position: None,
            greet: Arc::new(Vec::new),
            random: Box::new(fastrand::f64),
            transport: Arc::new(WebSockets::new()),
            channel: PhantomData,
        }
    }

    /// Where the server is: `wss://play.example`, or with a path below which its channels are mounted.
    pub fn url(mut self, server: &str) -> Self {
        server.clone_into(&mut self.server);
        self
    }

    /// One more parameter in the query of each handshake.
    pub fn query(mut self, name: &str, value: &str) -> Self {
        self.query.push((name.to_owned(), value.to_owned()));
        self
    }

    /// The client's token, for extractors such as `Auth`. The function is called for the first connection, and again only if the
    /// server says that the token expires, or refuses it; it is not called again before its future has ended. A token that is refused
    /// is asked for anew once, and the client closes if the next one is refused, too.
    ///
    /// ```
    /// # use channel_client::{Connect, Why};
    /// # use channel_runtime::{Protocol, envelope::Flat};
    /// # async fn fetch(_: Why) -> Result<String, std::io::Error> { Ok(String::new()) }
    /// # fn example<C: Protocol<Envelope = Flat>>(client: Connect<C>) -> Connect<C> {
    /// client.token(|why| async move { fetch(why).await })
    /// # }
    /// ```
    pub fn token<F, T>(mut self, fetch: impl Fn(Why) -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = T> + Send + 'static,
        T: IntoToken,
    {
        self.token = Some(token::source(fetch));
        self
    }

    /// A token that never changes. If the server refuses it, the client closes. Beside [`token`](Self::token) it is the first one, and the
    /// function is asked for the next.
    pub fn fixed_token(mut self, token: &str) -> Self {
        self.fixed_token = Some(token.to_owned());
        self
    }

    /// What is sent first on each connection, before the requests that wait: for a server that has to be told again who or where the
    /// client is. What can't be written as JSON, and a binary message, is left out, and logged.
    pub fn greet(mut self, greeting: impl Fn() -> Vec<C::FromClient> + Send + Sync + 'static) -> Self {
        self.greet = Arc::new(move || greeting().iter().filter_map(wire::greeting).collect());
        self
    }

    /// The position of the path's room that came with what the program knows of it already, such as a page: the first
    /// [`Event::Joined`](crate::Event::Joined) says whether all that was sent since then follows.
    pub fn at(mut self, position: &str) -> Self {
        self.position = Some(position.to_owned());
        self
    }

    /// Another way to connect than by WebSockets over TCP.
    pub fn transport(mut self, transport: impl Transport) -> Self {
        self.transport = Arc::new(transport);
        self
    }

    /// Where the random part of the waits is from, each a number from 0 up to 1: for tests that are the same each time.
    pub fn random(mut self, random: impl FnMut() -> f64 + Send + 'static) -> Self {
        self.random = Box::new(random);
        self
    }

    /// Connects, and connects again whenever the connection ends: see [`Status`](crate::Status). It returns at once, so that the
    /// streams of [`Client::events`] miss nothing.
    ///
    /// # Panics
    /// If the server's address or the path is none, and outside a runtime of tokio.
    #[track_caller]
    pub fn open(self) -> Client<C> {
        let Some(path) = self.path else { panic!("a client connects to a room of a path, and not to a declared one") };
        let address = ServerUrl::new(&self.server, &path, &self.query).unwrap_or_else(|wrong| panic!("{wrong}"));
        let settings = Settings {
            fingerprint: C::fingerprint(),
            asks_for_tokens: self.token.is_some(),
            token: self.fixed_token,
            position: self.position,
            queue: QUEUE,
            silence: None,
            random: self.random,
        };
        let engine = Engine::new(settings, Instant::now());
        let wiring = Wiring { address, transport: self.transport, token: self.token, greet: self.greet };
        Client::start(engine, wiring)
    }
}

impl<C> fmt::Debug for Connect<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connect").field("server", &self.server).field("path", &self.path).finish_non_exhaustive()
    }
}
