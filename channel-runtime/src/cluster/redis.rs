//! The engine for Redis: PUBLISH on one connection, SUBSCRIBE on another, so that RESP2 is enough.
//!
//! Both connections are of one link: whichever is lost, the link ends.

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use futures_util::StreamExt as _;
use redis::aio::{MultiplexedConnection, PubSub, PubSubStream};
use redis::{AsyncConnectionConfig, ConnectionInfo, IntoConnectionInfo as _, RedisConnectionInfo};
use tokio::sync::watch;
use tokio_rustls::rustls::ClientConfig;

use self::stream::{Gate, Stream};
use super::bus_tls::BusTls;
use super::engine::{Boxed, Engine, EngineError, Inbound, Link, Publisher, Subject, Subjects};
use super::settings::Cluster;

mod stream;
#[cfg(test)]
mod tests;

/// Redis itself takes 512 MiB. But it cuts a subscriber for which more than 32 MiB wait (`client-output-buffer-limit pubsub`), so a
/// parcel has to leave room for others.
const LONGEST: usize = 8 << 20;

/// A cluster over [Redis](https://redis.io) or Valkey: [`Redis::at`](Redis#method.at) says where.
///
/// One server, with or without replicas; 7.0 is tested. Redis Cluster and Sentinel are not known here. Nothing is stored, and any database number
/// will do. A node publishes and subscribes to the channels `ch:<name>:l:0` and `ch:<name>:n:*`, and needs the permission for both
/// (`&ch:<name>:*`). Whoever may publish there may say anything to any client, so these are a server's credentials.
pub type Redis = Cluster<RedisEngine>;

#[doc(hidden)]
#[derive(Clone)]
pub struct RedisEngine {
    server: String,
    /// Before what the address says: a user, where one was named, and a password.
    login: Option<(Option<String>, String)>,
    tls: Option<BusTls>,
}

impl Cluster<RedisEngine> {
    /// The server: `redis://host:port`, `rediss://host:port` where it must be TLS, or `unix:///path`; `redis://` and `:6379` may be left
    /// out. A user and password may stand in it: `redis://user:password@host`, `redis://:password@host`.
    ///
    /// ```
    /// use channel_runtime::Redis;
    ///
    /// let bus = Redis::at("redis://bus:6379").name("shop").user_and_password("shop", "secret");
    /// ```
    pub fn at(server: impl Into<String>) -> Self {
        Self::of(RedisEngine { server: server.into(), login: None, tls: None })
    }

    /// A user of the server's access control list, and its password.
    pub fn user_and_password(mut self, user: impl Into<String>, password: impl Into<String>) -> Self {
        self.engine.login = Some((Some(user.into()), password.into()));
        self
    }

    /// The password of the server (`requirepass`), which is that of its user `default`.
    pub fn password(mut self, password: impl Into<String>) -> Self {
        self.engine.login = Some((None, password.into()));
        self
    }

    /// Connects by TLS alone, and as [`BusTls`] says. Without it TLS is used for `rediss://`, and trusts the certificates of the system.
    pub fn tls(mut self, tls: BusTls) -> Self {
        self.engine.tls = Some(tls);
        self
    }
}

impl Engine for RedisEngine {
    fn check(&self) -> Boxed<'_, Result<(), EngineError>> {
        Box::pin(async {
            self.address()?;
            self.secured().await.map(drop)
        })
    }

    fn connect<'a>(&'a self, subjects: &'a Subjects) -> Boxed<'a, Result<Link, EngineError>> {
        Box::pin(async move {
            let info = self.address()?;
            let secured = self.secured().await?;
            let linked = self.link(&info, secured.map(Arc::new), subjects).await;
            linked.map_err(|error| EngineError::new(format!("{}: {error}", info.addr())))
        })
    }
}

impl RedisEngine {
    fn address(&self) -> Result<ConnectionInfo, EngineError> {
        let wrong =
            |error: &dyn fmt::Display| EngineError::new(format!("the address of a Redis server is wrong: {error}"));
        if self.server.contains('#') {
            return Err(wrong(&"it ends with `#`, and what follows"));
        }
        // TLS is not the client's part here, so it is given the address that is without.
        let plain = match self.server.split_once("://") {
            Some(("rediss", place)) => format!("redis://{place}"),
            Some(("valkeys", place)) => format!("valkey://{place}"),
            Some(_) => self.server.clone(),
            None => format!("redis://{}", self.server),
        };
        plain.into_connection_info().map_err(|error| wrong(&error))
    }

    /// `None` for a connection in the clear.
    async fn secured(&self) -> Result<Option<ClientConfig>, EngineError> {
        let asked = self.server.starts_with("rediss://") || self.server.starts_with("valkeys://");
        let tls = match &self.tls {
            None if !asked => return Ok(None),
            tls => tls.clone().unwrap_or_default(),
        };
        // Reads files.
        let read = tokio::task::spawn_blocking(move || tls.config()).await.map_err(EngineError::new)?;
        read.map(Some).map_err(EngineError::new)
    }

    /// User and password.
    fn login(&self, info: &RedisConnectionInfo) -> Option<(Option<String>, String)> {
        let in_address = || Some((info.username().map(str::to_owned), info.password()?.to_owned()));
        self.login.clone().or_else(in_address)
    }

    async fn link(
        &self,
        info: &ConnectionInfo,
        secured: Option<Arc<ClientConfig>>,
        subjects: &Subjects,
    ) -> Result<Link, EngineError> {
        let lost = Arc::new(watch::Sender::new(false));
        let gate = Arc::new(Gate::default());
        let login = self.login(info.redis_settings());
        // All that the client would say first is said already.
        let said = RedisConnectionInfo::default().set_skip_set_lib_name();
        let connect = async |gate: Option<&Arc<Gate>>| {
            let mut stream = Stream::connect(info.addr(), secured.clone(), gate.cloned(), Arc::clone(&lost)).await?;
            if let Some((user, password)) = &login {
                stream.log_in(user.as_deref(), password).await?;
            }
            Ok::<_, EngineError>(stream)
        };

        let (lane, own) = (format!("ch:{}:l:0", subjects.name), format!("ch:{}:n:{}", subjects.name, subjects.node));
        let mut heard = PubSub::new(&said, connect(Some(&gate)).await?).await.map_err(EngineError::new)?;
        heard.subscribe(&[&lane, &own]).await.map_err(EngineError::new)?;

        // No time of its own: the lane's holds.
        let config = AsyncConnectionConfig::new().set_response_timeout(None);
        let published = MultiplexedConnection::new_with_config(&said, connect(None).await?, config).await;
        let (connection, driver) = published.map_err(EngineError::new)?;
        let driver = tokio::spawn(driver).abort_handle();

        let mut publisher =
            Published { lane, nodes: format!("ch:{}:n:", subjects.name), connection, driver, lost: lost.subscribe() };
        let mut inbound = Heard { stream: heard.into_on_message(), gate, early: Vec::new(), lost: lost.subscribe() };
        // Whether the one connection hears what the other says.
        publisher.publish(Subject::Node(&subjects.node), Bytes::new()).await?;
        let mut early = Vec::new();
        loop {
            match inbound.next().await? {
                probe if probe.is_empty() => break,
                parcel => early.push(parcel),
            }
        }
        early.reverse();
        inbound.early = early;
        Ok(Link { publisher: Box::new(publisher), inbound: Box::new(inbound), longest: LONGEST })
    }
}

impl fmt::Debug for RedisEngine {
    /// Without secrets, which may stand in the address.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let place = self.address().map(|info| info.addr().to_string());
        f.debug_struct("RedisEngine").field("server", &place.ok()).field("tls", &self.tls).finish_non_exhaustive()
    }
}

struct Published {
    lane: String,
    /// A node's channel without its number.
    nodes: String,
    connection: MultiplexedConnection,
    driver: tokio::task::AbortHandle,
    lost: watch::Receiver<bool>,
}

impl Publisher for Published {
    /// Returns when Redis has answered, so that never more than this one parcel is out of the lane's hands.
    fn publish<'a>(&'a mut self, subject: Subject<'a>, parcel: Bytes) -> Boxed<'a, Result<(), EngineError>> {
        Box::pin(async move {
            let mut command = redis::cmd("PUBLISH");
            match subject {
                Subject::Lane => command.arg(&self.lane),
                Subject::Node(node) => command.arg(format!("{}{node}", self.nodes)),
            };
            command.arg(&*parcel);
            tokio::select! {
                biased;
                _ = self.lost.wait_for(|lost| *lost) => Err(ended()),
                published = command.query_async::<()>(&mut self.connection) => published.map_err(EngineError::new),
            }
        })
    }
}

impl Drop for Published {
    /// It would wait for an answer that a server which hangs still owes.
    fn drop(&mut self) {
        self.driver.abort();
    }
}

struct Heard {
    stream: PubSubStream,
    gate: Arc<Gate>,
    /// What came before the connection was known to be complete, the first at the end.
    early: Vec<Bytes>,
    lost: watch::Receiver<bool>,
}

impl Inbound for Heard {
    fn next(&mut self) -> Boxed<'_, Result<Bytes, EngineError>> {
        Box::pin(async move {
            if let Some(parcel) = self.early.pop() {
                return Ok(parcel);
            }
            let message = tokio::select! {
                // What was received before the connection was lost.
                biased;
                message = self.gate.waits_for(self.stream.next()) => message.ok_or_else(ended)?,
                _ = self.lost.wait_for(|lost| *lost) => return Err(ended()),
            };
            Ok(Bytes::copy_from_slice(message.get_payload_bytes()))
        })
    }
}

fn ended() -> EngineError {
    EngineError::new("the connection to the Redis server was lost")
}
