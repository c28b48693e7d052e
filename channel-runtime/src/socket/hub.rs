//! A channel from outside: what routes, jobs and other channels send through.

use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

use crate::channel::Channel;
use crate::socket::Socket;
use crate::socket::node::Node;
use crate::socket::stats::Stats;
use crate::wire::close::ClosedBy;

/// Sends to the clients of channel `C` from anywhere: a route, a job, another channel.
///
/// ```
/// # use channel_runtime::{channel, channels, message};
/// # #[message(type = "notice")] pub struct Notice { text: String }
/// # #[channel("/notifications/:name")] pub struct Notifications { name: String }
/// # #[channel(sends(Notice))] impl Notifications {}
/// # let channels = channels![Notifications];
/// let hub = channels.of::<Notifications>();
/// hub.room(&Notifications::room("news")).send(Notice { text: "hello".into() });
/// hub.all().send(Notice { text: "good night".into() });
/// # channels.app(());
/// ```
///
/// It is cheap to clone, and keeps neither connections nor the app alive.
pub struct Hub<C> {
    node: Arc<Node>,
    channel: usize,
    of: PhantomData<fn() -> C>,
}

impl<C: 'static> Hub<C> {
    pub(crate) fn find(node: &Arc<Node>) -> Option<Self> {
        let channel = node.registry.index_of::<C>()?;
        Some(Self::at(node, channel))
    }

    pub(crate) fn at(node: &Arc<Node>, channel: usize) -> Self {
        Self { node: Arc::clone(node), channel, of: PhantomData }
    }

    /// How many of the channel's connections have ended in this way since the server started: `ClosedBy::SlowClient` are those cut
    /// because they did not read what was sent to them. Counted before `on_close`.
    pub fn ended(&self, by: ClosedBy) -> u64 {
        self.node.counters(self.channel).ended(by)
    }

    /// The channel in numbers. For [`outbox_bytes`](Stats::outbox_bytes) each outbox is read, which takes about 50 ns a connection.
    ///
    /// ```
    /// # use channel_runtime::{channel, channels};
    /// # #[channel("/chat")] pub struct Chat;
    /// # #[channel] impl Chat {}
    /// # let channels = channels![Chat];
    /// let stats = channels.of::<Chat>().stats();
    /// assert_eq!((stats.connections, stats.sent), (0, 0));
    /// # channels.app(());
    /// ```
    pub fn stats(&self) -> Stats {
        Stats::read(&self.node, self.channel)
    }

    /// Waits while the hubs of this channel are far ahead of its rooms, all together: as far and as long as
    /// [`Audience::ready`](crate::Audience::ready) describes for the rooms of an audience. Here one crowded room slows a producer for
    /// all rooms.
    ///
    /// ```
    /// # use channel_runtime::{channel, message, Hub};
    /// # #[message(type = "tick")] pub struct Tick { price: u64 }
    /// # #[channel("/market")] pub struct Market;
    /// # #[channel(sends(Tick))] impl Market {}
    /// async fn produce(hub: Hub<Market>, prices: impl Iterator<Item = u64>) {
    ///     for price in prices {
    ///         hub.room(&Market::room()).send(Tick { price });
    ///         hub.ready().await;
    ///     }
    /// }
    /// ```
    pub async fn ready(&self) {
        if let Some(backlog) = self.node.hub_backlog(self.channel) {
            backlog.caught_up().await;
        }
    }

    pub(crate) fn node(&self) -> &Arc<Node> {
        &self.node
    }

    pub(crate) fn channel(&self) -> usize {
        self.channel
    }
}

impl<C: 'static> Socket<C> {
    /// The hub of this channel.
    pub fn hub(&self) -> Hub<C> {
        Hub::at(&self.node, self.member.channel())
    }

    /// The hub of another channel of the app.
    ///
    /// # Panics
    /// If `channels![..]` does not list it, at the caller's line.
    #[track_caller]
    pub fn hub_of<Other: Channel>(&self) -> Hub<Other> {
        // In a closure the panic would name the closure's line.
        match Hub::find(&self.node) {
            Some(hub) => hub,
            None => panic!("`{}` is not in this app's `channels![..]`", Other::NAME),
        }
    }
}

impl<C> Clone for Hub<C> {
    fn clone(&self) -> Self {
        Self { node: Arc::clone(&self.node), channel: self.channel, of: PhantomData }
    }
}

impl<C: Channel> fmt::Debug for Hub<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hub").field("channel", &C::NAME).finish()
    }
}
