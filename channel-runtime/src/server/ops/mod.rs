//! The operators' port: whether the server lives and is ready, its numbers, and publishing from other programs.
//!
//! Everything is off until it is switched on. `port` does what `endpoints` has read and allowed; `erased` is how a message is
//! decoded by a channel's own types.

pub(crate) mod answer;
mod endpoints;
pub(crate) mod erased;
mod failures;
mod idempotency;
pub(crate) mod listener;
mod mounted;
mod page;
mod port;
mod publications;
mod request;
pub(crate) mod running;
pub(crate) mod token;

use std::fmt;
use std::sync::Arc;

use self::token::{Grant, OpsToken, Scope};

/// What operators and other programs may ask of a server, over HTTP: by default on a port of its own, which clients do not reach.
///
/// ```no_run
/// # use channel_runtime::{channel, channels};
/// use channel_runtime::{Ops, OpsToken};
///
/// # #[channel("/auction/:lot")] pub struct Auction { lot: u64 }
/// # #[channel] impl Auction {}
/// # async fn serve() -> Result<(), Box<dyn std::error::Error>> {
/// let ops = Ops::new().metrics().publish(OpsToken::from_env("PUBLISH_TOKEN")?);
/// channels![Auction].app(()).ops("127.0.0.1:9090", ops).serve("0.0.0.0:3030").await?;
/// # Ok(())
/// # }
/// ```
///
/// | request | answers | if |
/// |---|---|---|
/// | `GET /live` | 200: the runtime runs | always |
/// | `GET /ready` | 200, or 503: not served yet, or stopping | always |
/// | `GET /metrics` | the numbers of [`Health`](crate::Health), for Prometheus | [`metrics`](Self::metrics) |
/// | `POST /v1/publish` | sends a message that the channel [`sends(..)`](macro@crate::channel) | [`publish`](Self::publish) |
/// | `POST /v1/batch` | up to 1000 of these | [`publish`](Self::publish) |
/// | `POST /v1/disconnect` | closes connections | [`disconnect`](Self::disconnect) |
/// | `GET /v1/count` | counts connections | [`read`](Self::read) |
///
/// `docs/operating.md` has the bodies, the statuses and the numbers. All of it needs one node alone; in a cluster, what is published
/// and who is disconnected is so on all nodes, and counts are of the node that is asked.
///
/// A token is taken from the header `Authorization: Bearer ..` alone, compared in constant time, and may be given for several
/// things. To replace one, give the old and the new until all programs have the new. Wrong tokens are answered 401, and 429 after
/// ten a minute from one address; a right token never is.
///
/// There is no TLS on this port. It belongs into an inner network, or below a route of your own: [`filter`](Self::filter).
#[derive(Clone)]
pub struct Ops {
    tokens: Vec<(OpsToken, Scope)>,
    has_metrics: bool,
    more_metrics: Vec<Arc<dyn Fn() -> String + Send + Sync>>,
    body_bytes: usize,
}

impl Ops {
    /// With `/live` and `/ready`, and nothing else.
    pub fn new() -> Self {
        Self { tokens: Vec::new(), has_metrics: false, more_metrics: Vec::new(), body_bytes: 1024 * 1024 }
    }

    /// With `/metrics`, for everybody who reaches the port. The names are those of the table at `Health::record`, and
    /// `channels_published_total`.
    #[must_use]
    pub fn metrics(mut self) -> Self {
        self.has_metrics = true;
        self
    }

    /// With `/metrics`, for this token: where the port is [mounted](Self::filter) in a server that anybody reaches.
    #[must_use]
    pub fn metrics_for(self, token: OpsToken) -> Self {
        self.granted(token, Scope::Metrics)
    }

    /// With what this returns at the end of the page of `/metrics`: the program's own numbers, in Prometheus' text format, as by
    /// `metrics_exporter_prometheus`. It is called for each request, and must not wait.
    ///
    /// ```
    /// # use channel_runtime::Ops;
    /// # struct Prometheus; impl Prometheus { fn render(&self) -> String { String::new() } }
    /// # let prometheus = Prometheus;
    /// let ops = Ops::new().metrics().more_metrics(move || prometheus.render());
    /// # drop(ops);
    /// ```
    ///
    /// Do not also call `Health::record` for the same exporter: all numbers would stand there twice.
    #[must_use]
    pub fn more_metrics(mut self, render: impl Fn() -> String + Send + Sync + 'static) -> Self {
        self.more_metrics.push(Arc::new(render));
        self
    }

    /// With `/v1/publish` and `/v1/batch`, for this token.
    #[must_use]
    pub fn publish(self, token: OpsToken) -> Self {
        self.granted(token, Scope::Publish)
    }

    /// With `/v1/disconnect`, for this token.
    #[must_use]
    pub fn disconnect(self, token: OpsToken) -> Self {
        self.granted(token, Scope::Disconnect)
    }

    /// With `/v1/count`, for this token.
    #[must_use]
    pub fn read(self, token: OpsToken) -> Self {
        self.granted(token, Scope::Read)
    }

    /// The longest body of a request, in bytes: 1 MiB by default. A longer one is answered 413.
    #[must_use]
    pub fn body_bytes(mut self, bytes: usize) -> Self {
        self.body_bytes = bytes;
        self
    }

    fn granted(mut self, token: OpsToken, scope: Scope) -> Self {
        self.tokens.push((token, scope));
        self
    }

    fn grants(&self) -> Vec<Grant> {
        self.tokens.iter().map(|(token, scope)| Grant::of(token, *scope)).collect()
    }

    fn has(&self, scope: Scope) -> bool {
        self.tokens.iter().any(|(_, of)| *of == scope) || scope == Scope::Metrics && self.has_metrics
    }
}

impl Default for Ops {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Ops {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { tokens, has_metrics, body_bytes, .. } = self;
        f.debug_struct("Ops")
            .field("tokens", tokens)
            .field("metrics", has_metrics)
            .field("body_bytes", body_bytes)
            .finish_non_exhaustive()
    }
}
