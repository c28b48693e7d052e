//! The engine for NATS: core publish and subscribe, one connection at a time.
//!
//! `async-nats` would connect again by itself, and drop what is in its buffers meanwhile without a word. Here it may not: a connection
//! that is lost ends, and the lane decides what follows.

use std::collections::VecDeque;
use std::fmt;
use std::fs;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use async_nats::{Client, ConnectOptions, Event, PublishErrorKind, ReconnectToServer, ServerAddr};
use bytes::Bytes;
use nkeys::KeyPair;
use percent_encoding::percent_decode_str;
use tokio::sync::watch;

use self::unread::Unread;
use super::bus_tls::BusTls;
use super::engine::{Boxed, Engine, EngineError, Inbound, Link, Publisher, Subject, Subjects};
use super::settings::Cluster;

mod unread;

/// Parcels that the client has read and `unread` has not taken: many times what is read in one turn. It would drop what is beyond.
const UNREAD: usize = 16 << 10;
/// Parcels that wait for the client's task. Each is waited for, so there is never more than one.
const UNWRITTEN: usize = 16;
/// For one server of several: the next one is tried afterwards.
const PATIENCE: Duration = Duration::from_secs(2);
/// A server that answers nothing is given up after three of these.
const PING: Duration = Duration::from_secs(5);
/// Nobody listens at this port, and it is refused at once.
const NOWHERE: &str = "nats://127.0.0.1:0";

/// A cluster over [NATS](https://nats.io): [`Nats::at`](Nats#method.at) says where.
///
/// Core NATS is enough, without `JetStream`; servers of 2.9 and 2.15 are tested. A node publishes and subscribes to `ch.<name>.l.0` and
/// `ch.<name>.n.*`, and needs the permission for both. Whoever may publish there may say anything to any client, so these are
/// a server's credentials.
pub type Nats = Cluster<NatsEngine>;

#[doc(hidden)]
#[derive(Clone)]
pub struct NatsEngine {
    servers: String,
    login: Login,
    tls: Option<BusTls>,
    /// Which server is tried first: another one each time, so that one that hangs does not keep from the others.
    turn: Arc<AtomicUsize>,
}

#[derive(Clone)]
enum Login {
    /// As the address says.
    Address,
    Credentials(PathBuf),
    Password(String, String),
    Token(String),
    Nkey(String),
}

impl Cluster<NatsEngine> {
    /// The servers of one NATS cluster, separated by commas. List all that a node may connect to: those that a server tells of are not
    /// used. Each node begins at one of them, and goes to the next when it is lost.
    ///
    /// An address is `nats://host:port`, or `tls://host:port` where it must be TLS; `nats://` and `:4222` may be left out. A user and
    /// password may stand in it, or a token: `nats://user:password@host`, `nats://token@host`.
    ///
    /// ```
    /// use channel_runtime::Nats;
    ///
    /// let bus = Nats::at("nats://bus-a:4222,nats://bus-b:4222").name("shop").credentials("/run/secrets/shop.creds");
    /// ```
    pub fn at(servers: impl Into<String>) -> Self {
        let (login, tls, turn) = (Login::Address, None, Arc::default());
        Self::of(NatsEngine { servers: servers.into(), login, tls, turn })
    }

    /// A `.creds` file: the user's JWT and the seed of its key, as `nsc` writes them. It is read at each connect.
    pub fn credentials(self, file: impl Into<PathBuf>) -> Self {
        self.login(Login::Credentials(file.into()))
    }

    /// A user and password, for all servers.
    pub fn user_and_password(self, user: impl Into<String>, password: impl Into<String>) -> Self {
        self.login(Login::Password(user.into(), password.into()))
    }

    /// A token, for all servers.
    pub fn token(self, token: impl Into<String>) -> Self {
        self.login(Login::Token(token.into()))
    }

    /// The seed of a user's key (`SU..`), which signs what the server asks to be signed, and is not sent.
    pub fn nkey(self, seed: impl Into<String>) -> Self {
        self.login(Login::Nkey(seed.into()))
    }

    /// Connects by TLS alone, and as [`BusTls`] says. Without it TLS is used where the address or the server asks for it, and trusts the
    /// certificates of the system.
    pub fn tls(mut self, tls: BusTls) -> Self {
        self.engine.tls = Some(tls);
        self
    }

    fn login(mut self, login: Login) -> Self {
        self.engine.login = login;
        self
    }
}

impl Engine for NatsEngine {
    fn check(&self) -> Boxed<'_, Result<(), EngineError>> {
        Box::pin(async {
            self.servers()?;
            self.options().await.map(drop)
        })
    }

    fn connect<'a>(&'a self, subjects: &'a Subjects) -> Boxed<'a, Result<Link, EngineError>> {
        Box::pin(async move {
            let servers = self.servers()?;
            let options = self.options().await?;
            // Nodes that start together begin at different servers.
            let node: usize = subjects.node.bytes().map(usize::from).sum();
            let first = self.turn.fetch_add(1, Ordering::Relaxed).wrapping_add(node) % servers.len();
            let mut refused = Vec::new();
            for server in servers.iter().cycle().skip(first).take(servers.len()) {
                match link(server, self.login_at(server, options.clone())?, subjects).await {
                    Ok(link) => return Ok(link),
                    Err(error) => refused.push(format!("{}:{}: {error}", server.host(), server.port())),
                }
            }
            Err(EngineError::new(refused.join("; ")))
        })
    }
}

impl NatsEngine {
    /// One at least.
    fn servers(&self) -> Result<Vec<ServerAddr>, EngineError> {
        let parse = |server: &str| {
            let wrong =
                |error: &dyn fmt::Display| EngineError::new(format!("an address of a NATS server is wrong: {error}"));
            let server: ServerAddr = server.trim().parse().map_err(|error| wrong(&error))?;
            match server.host() {
                "" => Err(wrong(&"it has no host")),
                _ if server.is_websocket() => Err(wrong(&"it is `nats://` or `tls://`")),
                _ => Ok(server),
            }
        };
        self.servers.split(',').map(parse).collect()
    }

    /// What is the same for all servers.
    async fn options(&self) -> Result<ConnectOptions, EngineError> {
        let engine = self.clone();
        tokio::task::spawn_blocking(move || engine.read_options()).await.map_err(EngineError::new)?
    }

    /// Reads files, which blocks.
    fn read_options(&self) -> Result<ConnectOptions, EngineError> {
        let options = ConnectOptions::new()
            .name("channel-runtime")
            .ignore_discovered_servers()
            .connection_timeout(PATIENCE)
            .ping_interval(PING)
            .subscription_capacity(UNREAD)
            .client_capacity(UNWRITTEN)
            .require_tls(self.tls.is_some())
            .tls_client_config(self.tls.clone().unwrap_or_default().config().map_err(EngineError::new)?);
        Ok(match &self.login {
            Login::Address => options,
            Login::Password(user, password) => options.user_and_password(user.clone(), password.clone()),
            Login::Token(token) => options.token(token.clone()),
            Login::Nkey(seed) => {
                let wrong = |error| EngineError::new(format!("the seed of a NATS user's key is wrong: {error}"));
                KeyPair::from_seed(seed).map_err(wrong)?;
                options.nkey(seed.clone())
            }
            Login::Credentials(file) => {
                let wrong = |error| EngineError::new(format!("{}: {error}", file.display()));
                options.credentials(&fs::read_to_string(file).map_err(wrong)?).map_err(wrong)?
            }
        })
    }

    /// With what stands in the address, which `async-nats` does not read.
    fn login_at(&self, server: &ServerAddr, options: ConnectOptions) -> Result<ConnectOptions, EngineError> {
        let text = |part: &str| match percent_decode_str(part).decode_utf8() {
            Ok(text) => Ok(text.into_owned()),
            Err(_) => Err(EngineError::new("user and password of an address are UTF-8")),
        };
        Ok(match (&self.login, server.username(), server.password()) {
            (Login::Address, Some(user), Some(password)) => options.user_and_password(text(user)?, text(password)?),
            (Login::Address, Some(token), None) => options.token(text(token)?),
            _ => options,
        })
    }
}

impl fmt::Debug for NatsEngine {
    /// Without secrets, which may stand in addresses.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let servers = self.servers().unwrap_or_default();
        let places: Vec<_> = servers.iter().map(|server| format!("{}:{}", server.host(), server.port())).collect();
        f.debug_struct("NatsEngine").field("servers", &places).field("tls", &self.tls).finish_non_exhaustive()
    }
}

async fn link(server: &ServerAddr, options: ConnectOptions, subjects: &Subjects) -> Result<Link, EngineError> {
    let (words, mut words_of_server) = watch::channel(None);
    let options = options.max_reconnects(1).reconnect_to_server_callback(|servers, _| async move {
        // Once, at the only one there is.
        servers.into_iter().next().map(|server| ReconnectToServer { addr: server.addr, delay: Some(Duration::ZERO) })
    });
    let options = options.event_callback(move |event| {
        if let Event::ServerError(error) = event {
            tracing::warn!("the NATS server says: {error}");
            words.send_replace(Some(error.to_string()));
        }
        std::future::ready(())
    });
    let client = options.connect(server).await.map_err(EngineError::new)?;
    // From here on it can't connect again: it finds nobody, and ends.
    client.set_server_pool(NOWHERE).await.map_err(EngineError::new)?;

    let lane = format!("ch.{}.l.0", subjects.name);
    let nodes = format!("ch.{}.n.", subjects.name);
    let own = format!("{nodes}{}", subjects.node);
    let heard = client.subscribe(lane.clone()).await.map_err(EngineError::new)?;
    let heard_alone = client.subscribe(own.clone()).await.map_err(EngineError::new)?;
    let unread = Unread::of(heard, heard_alone);
    let mut inbound = Heard { early: VecDeque::new(), unread, words: words_of_server.clone() };
    // A server works through what one connection says in order. Once this is heard it has both subscriptions.
    client.publish(own, Bytes::new()).await.map_err(EngineError::new)?;
    loop {
        tokio::select! {
            heard = inbound.unread.next() => match heard {
                Some(probe) if probe.is_empty() => break,
                Some(parcel) => inbound.early.push_back(parcel),
                None => return Err(ended(&mut inbound.words).await),
            },
            // Such as a permission that is missing: the probe would be waited for in vain.
            Ok(()) = words_of_server.changed() => return Err(said(&words_of_server)),
        }
    }
    if client.statistics().connects.load(Ordering::Relaxed) > 1 {
        return Err(EngineError::new("the connection was lost as it began"));
    }
    let longest = client.max_payload();
    let publisher = Published { lane: lane.into(), nodes, client, words: words_of_server };
    Ok(Link { publisher: Box::new(publisher), inbound: Box::new(inbound), longest })
}

struct Published {
    lane: async_nats::Subject,
    /// A node's subject without its number.
    nodes: String,
    client: Client,
    words: watch::Receiver<Option<String>>,
}

impl Publisher for Published {
    fn publish<'a>(&'a mut self, subject: Subject<'a>, parcel: Bytes) -> Boxed<'a, Result<(), EngineError>> {
        Box::pin(async move {
            let subject = match subject {
                Subject::Lane => self.lane.clone(),
                Subject::Node(node) => format!("{}{node}", self.nodes).into(),
            };
            if let Err(error) = self.client.publish(subject, parcel).await
                && error.kind() != PublishErrorKind::Send
            {
                return Err(EngineError::new(error));
            }
            match self.client.flush().await {
                Ok(()) => Ok(()),
                Err(_) => Err(ended(&mut self.words).await),
            }
        })
    }
}

struct Heard {
    /// What came before the connection was known to be complete.
    early: VecDeque<Bytes>,
    unread: Unread,
    words: watch::Receiver<Option<String>>,
}

impl Inbound for Heard {
    fn next(&mut self) -> Boxed<'_, Result<Bytes, EngineError>> {
        Box::pin(async move {
            if let Some(parcel) = self.early.pop_front() {
                return Ok(parcel);
            }
            match self.unread.next().await {
                Some(parcel) => Ok(parcel),
                None => Err(ended(&mut self.words).await),
            }
        })
    }

    fn has_dropped(&mut self) -> bool {
        self.unread.has_dropped()
    }
}

/// Why a connection ended, once it has.
async fn ended(words: &mut watch::Receiver<Option<String>>) -> EngineError {
    // The last words may still be on their way from the client's tasks, which end with the connection.
    while words.changed().await.is_ok() {}
    said(words)
}

fn said(words: &watch::Receiver<Option<String>>) -> EngineError {
    EngineError::new(words.borrow().clone().unwrap_or_else(|| "the connection to the NATS server was lost".to_owned()))
}

#[cfg(test)]
mod tests;
