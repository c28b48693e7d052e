//! Several nodes of one app in the test's process, over a simulated bus.

use std::fmt;
use std::future::IntoFuture;
use std::ops::{Deref, Index};

use tokio::time::timeout;

use super::app::TestApp;
use super::expectation::{Expectation, Failure};
use super::settle::{PATIENCE, settle};
use crate::cluster::{self, Bus, Cluster, SimulatedBus, SimulatedEngine};
use crate::connection::in_flight::Activity;
use crate::server::Server;
use crate::server::channels::{Channels, StandsFor, Unlinked};

/// So many nodes of an app without an `App`, over a bus in memory. Await it, with a paused clock or without:
///
/// ```
/// # use channel_runtime::{Socket, channel, channels, message, testing};
/// # #[message(type = "say")] pub struct Say { text: String }
/// # #[message(type = "said")] pub struct Said { text: String }
/// # #[channel("/chat/:room")] pub struct Chat { room: String }
/// # #[channel(sends(Said))] impl Chat {
/// #     #[message] fn say(&self, say: Say, socket: &Socket<Self>) { socket.room().send(Said { text: say.text }); }
/// # }
/// # #[tokio::main(flavor = "current_thread")] async fn main() {
/// let two = testing::cluster(2, || channels![Chat; cluster]).await;
/// let mut ann = two[0].connect::<Chat>("/chat/lounge").await.unwrap();
/// let mut bob = two[1].connect::<Chat>("/chat/lounge").await.unwrap();
/// ann.send(Say { text: "hello".into() });
/// assert_eq!(bob.expect::<Said>().await.text, "hello");
///
/// two.bus().cut(1);
/// ann.send(Say { text: "are you there?".into() });
/// bob.expect_nothing().await;
/// # }
/// ```
///
/// With an app: [`cluster_with`]. The work of all nodes is counted together, and so is what is under way between them:
/// [`TestApp::settle`] of one, and what its clients expect, waits for all.
pub fn cluster<A>(nodes: usize, list: impl Fn() -> Channels<A, Unlinked> + Send + Sync + 'static) -> TestClusterSetup<A>
where
    A: Send + Sync + 'static,
    (): StandsFor<A>,
{
    cluster_with(nodes, list, |channels| channels.app(().app()))
}

/// As [`cluster`], for channels with an app: the second closure makes each node's server, which may have a
/// [`Config`](crate::Config) and routes.
///
/// ```
/// # use channel_runtime::{Hub, channel, channels, message, testing};
/// # #[message(type = "news")] pub struct News {}
/// # pub struct App { desks: Hub<Desk> }
/// # #[channel("/desk", app = App)] pub struct Desk;
/// # #[channel(sends(News))] impl Desk {}
/// # #[tokio::main(flavor = "current_thread")] async fn main() {
/// let two = testing::cluster_with(
///     2,
///     || channels![Desk; cluster],
///     |channels| {
///         let desks = channels.of::<Desk>();
///         channels.app(App { desks })
///     },
/// )
/// .await;
/// # let _ = two;
/// # }
/// ```
pub fn cluster_with<A: Send + Sync + 'static>(
    nodes: usize,
    list: impl Fn() -> Channels<A, Unlinked> + Send + Sync + 'static,
    server: impl Fn(Channels<A>) -> Server<A> + Send + Sync + 'static,
) -> TestClusterSetup<A> {
    let recipe = Recipe { list: Box::new(list), server: Box::new(server), settings: Box::new(|cluster| cluster) };
    TestClusterSetup { nodes, seed: 0, recipe }
}

/// Nodes that are about to start; from [`cluster`].
#[must_use = "await it"]
pub struct TestClusterSetup<A> {
    nodes: usize,
    seed: u64,
    recipe: Recipe<A>,
}

/// How each node is made.
struct Recipe<A> {
    list: Box<dyn Fn() -> Channels<A, Unlinked> + Send + Sync>,
    server: Box<dyn Fn(Channels<A>) -> Server<A> + Send + Sync>,
    settings: Box<dyn Fn(Cluster<SimulatedEngine>) -> Cluster<SimulatedEngine> + Send + Sync>,
}

impl<A> TestClusterSetup<A> {
    /// With other settings than the default ones:
    ///
    /// ```
    /// # use channel_runtime::{channel, channels, testing};
    /// # #[channel("/desk")] pub struct Desk;
    /// # #[channel] impl Desk {}
    /// # #[tokio::main(flavor = "current_thread")] async fn main() {
    /// let two = testing::cluster(2, || channels![Desk; cluster]).settings(|bus| bus.queue_bytes(1000)).await;
    /// # let _ = two;
    /// # }
    /// ```
    pub fn settings(
        mut self,
        settings: impl Fn(Cluster<SimulatedEngine>) -> Cluster<SimulatedEngine> + Send + Sync + 'static,
    ) -> Self {
        self.recipe.settings = Box::new(settings);
        self
    }

    /// What happens by chance, from the start on: see [`SimulatedBus::seed`].
    pub fn seed(self, seed: u64) -> Self {
        Self { seed, ..self }
    }
}

impl<A: Send + Sync + 'static> IntoFuture for TestClusterSetup<A> {
    type Output = TestCluster<A>;
    type IntoFuture = Expectation<'static, TestCluster<A>>;

    #[track_caller]
    fn into_future(self) -> Self::IntoFuture {
        let Self { nodes: count, seed, recipe } = self;
        Expectation::new(async move {
            let activity = Activity::counting();
            let bus = SimulatedBus::new(0, activity.clone());
            bus.seed(seed);
            let mut cluster = TestCluster { nodes: Vec::new(), bus, activity, recipe };
            for _ in 0..count {
                cluster.add().await?;
            }
            cluster.all_known().await?;
            Ok(cluster)
        })
    }
}

/// Several nodes of one app, from [`cluster`]: `two[0]` is the first. With it end its nodes.
pub struct TestCluster<A> {
    nodes: Vec<TestNode<A>>,
    bus: SimulatedBus,
    activity: Activity,
    recipe: Recipe<A>,
}

impl<A: Send + Sync + 'static> TestCluster<A> {
    /// The bus between the nodes, whose wires can be cut.
    pub fn bus(&self) -> &SimulatedBus {
        &self.bus
    }

    /// How many nodes have been started.
    pub fn len(&self) -> usize {
        self.nodes.len()
    }

    /// Whether no node has been started.
    pub fn is_empty(&self) -> bool {
        self.nodes.is_empty()
    }

    /// Waits until no work is in progress on any node, and no message is under way between them. What is held by a wire that was
    /// [cut](SimulatedBus::cut) is not waited for.
    ///
    /// # Panics
    /// After 10 seconds, with the work that still is.
    #[track_caller]
    pub fn settle(&self) -> Expectation<'_, ()> {
        Expectation::new(settle(&self.activity))
    }

    /// Starts one more node, and returns its index when all that are connected know it.
    ///
    /// # Panics
    /// If it can't reach the bus.
    #[track_caller]
    pub fn join(&mut self) -> Expectation<'_, usize> {
        Expectation::new(async {
            self.add().await?;
            self.all_known().await?;
            Ok(self.nodes.len() - 1)
        })
    }

    async fn add(&mut self) -> Result<(), Failure> {
        let Recipe { list, server, settings } = &self.recipe;
        let engine = self.bus.engine(self.bus.add_node());
        let over = settings(Cluster::of(engine));
        let channels = list().over(over).await.map_err(|error| error.to_string())?;
        let bus = channels.bus().ok_or("these channels have no bus")?;
        let server = server(channels).counting(self.activity.clone());
        cluster::count(&server.table().node, &self.activity);
        self.nodes.push(TestNode { app: TestApp { server }, bus });
        Ok(())
    }

    /// Waits until each node that is connected knows the others that are.
    async fn all_known(&self) -> Result<(), Failure> {
        let nodes = || self.nodes.iter().enumerate();
        let connected = || nodes().filter(|(index, node)| self.bus.is_whole(*index) && !node.bus.has_left());
        let others = connected().count().saturating_sub(1);
        let known = async {
            for (_, node) in connected() {
                let mut bus = node.bus();
                while bus.nodes().iter().filter(|other| !other.worker).count() < others {
                    bus.changed().await;
                }
            }
        };
        timeout(PATIENCE, known).await.map_err(|_| format!("the nodes do not know each other after {PATIENCE:?}"))
    }
}

impl<A> Index<usize> for TestCluster<A> {
    type Output = TestNode<A>;

    #[track_caller]
    fn index(&self, index: usize) -> &TestNode<A> {
        &self.nodes[index]
    }
}

/// One node of a [`TestCluster`]: all that a [`TestApp`] is, and its view of the bus.
pub struct TestNode<A> {
    app: TestApp<A>,
    bus: Bus,
}

impl<A> TestNode<A> {
    /// The bus as this node sees it, as [`Channels::bus`] returns it.
    pub fn bus(&self) -> Bus {
        self.bus.clone()
    }
}

impl<A> Deref for TestNode<A> {
    type Target = TestApp<A>;

    fn deref(&self) -> &TestApp<A> {
        &self.app
    }
}

impl<A> fmt::Debug for TestClusterSetup<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TestClusterSetup").field("nodes", &self.nodes).finish_non_exhaustive()
    }
}

impl<A> fmt::Debug for TestCluster<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(&self.nodes).finish()
    }
}

impl<A> fmt::Debug for TestNode<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TestNode").field("app", &self.app).field("bus", &self.bus).finish()
    }
}
