//! The example `pooled`, with a Redis of its own: votes are counted, and when Redis dies, hangs and comes back nobody is lost.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use channel_runtime::testing::{self, Client};
use pooled::{Drink, Poll, PollFromClient, Tally, Vote};
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};
use tokio::time::timeout;

#[allow(dead_code, reason = "its `main` is not run here")]
#[path = "../examples/pooled.rs"]
mod pooled;

/// Only a failure takes this long.
const PATIENCE: Duration = Duration::from_secs(20);

/// A Redis on a socket in a directory of its own, where no port can be taken; killed when dropped.
struct Redis {
    process: Child,
}

impl Redis {
    async fn start(place: &Path) -> Self {
        let mut command = Command::new("redis-server");
        command.args(["--port", "0", "--save", "", "--daemonize", "no", "--unixsocket"]).arg(place.join("socket"));
        let mut process = command
            .current_dir(place)
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .expect("redis-server is installed, as tests/run.sh does");
        let mut lines = BufReader::new(process.stdout.take().expect("piped")).lines();
        let ready = async {
            while let Some(line) = lines.next_line().await.expect("text") {
                if line.contains("eady to accept connections") {
                    // Read on, or it would wait for us once the pipe is full.
                    tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
                    return;
                }
            }
            panic!("redis-server ended");
        };
        timeout(PATIENCE, ready).await.expect("Redis starts in time");
        Self { process }
    }

    async fn kill(mut self) {
        self.process.kill().await.expect("it runs");
    }

    /// It keeps its connections and answers nothing.
    async fn hang(&self) {
        let pid = self.process.id().expect("it runs").to_string();
        let stopped = Command::new("kill").args(["-STOP", &pid]).status().await.expect("there is a `kill`");
        assert!(stopped.success());
    }
}

fn tally(coffee: u64, tea: u64) -> Tally {
    let votes = BTreeMap::from([(Drink::Coffee, coffee), (Drink::Tea, tea), (Drink::Water, 0)]);
    Tally { votes, total: coffee + tea }
}

async fn votes(client: &mut Client<Poll>, drink: Drink) {
    client.request(Vote { drink }).success().await;
}

#[tokio::test]
async fn votes_count_while_redis_is_there_and_again_when_it_is_back() {
    let place = TempDir::new().expect("a directory");
    let redis = Redis::start(place.path()).await;
    let server = pooled::server(&format!("redis+unix://{}", place.path().join("socket").display()));
    let app = testing::app(server.expect("an address of a Redis"));

    let mut ann = app.connect::<Poll>("/polls/drinks").await.expect("all may connect");
    assert_eq!(ann.expect::<Tally>().await, tally(0, 0));
    votes(&mut ann, Drink::Coffee).await;
    assert_eq!(ann.expect::<Tally>().await, tally(1, 0));
    let mut bob = app.connect::<Poll>("/polls/drinks").await.expect("all may connect");
    assert_eq!(bob.expect::<Tally>().await, tally(1, 0));
    votes(&mut bob, Drink::Tea).await;
    assert_eq!(ann.expect::<Tally>().await, tally(1, 1));
    // Who was cut off is sent the tally as it is now.
    bob.lose();
    votes(&mut ann, Drink::Tea).await;
    assert_eq!(ann.expect::<Tally>().await, tally(1, 2));
    let mut bob = bob.come_back().await;
    assert_eq!(bob.expect::<Tally>().await, tally(1, 2));
    let mut elsewhere = app.connect::<Poll>("/polls/elsewhere").await.expect("all may connect");
    assert_eq!(elsewhere.expect::<Tally>().await, tally(0, 0));

    redis.kill().await;
    for _ in 0..3 {
        ann.request(Vote { drink: Drink::Tea }).error("poll.unavailable").await;
    }
    let mut late = app.connect::<Poll>("/polls/drinks").await.expect("comes all the same");
    late.expect_nothing().await;

    // It has forgotten all; the server has not been restarted, nor has anybody connected anew.
    let redis = Redis::start(place.path()).await;
    votes(&mut late, Drink::Tea).await;
    for client in [&mut ann, &mut late] {
        assert_eq!(client.expect::<Tally>().await, tally(0, 1));
    }

    redis.hang().await;
    ann.request(PollFromClient::GetTally).error("poll.unavailable").await;
    redis.kill().await;
    let _redis = Redis::start(place.path()).await;
    assert_eq!(ann.request(PollFromClient::GetTally).reply::<Tally>().await, tally(0, 0));
}
