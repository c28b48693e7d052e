//! The client against the real server over TCP when something fails: the process is killed, the network is silent, the server is full.

// Public as in a crate that a server and its bots share.
#![allow(missing_docs)]

#[path = "support/proxy.rs"]
mod proxy;
#[path = "support/still.rs"]
mod still;

use std::env;
use std::net::SocketAddr;
use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use channel_client::{Client, Error, Event, Events, Status};
use channel_runtime::{BoundServer, Config, Refusals, Success, channel, channels, message};
use proxy::Proxy;
use still::Still;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, BufReader};
use tokio::process::{Child, Command};
use tokio::time::Instant;

const SECOND: Duration = Duration::from_secs(1);
/// Some turns of the runtime, at a millisecond each.
const TURNS: Duration = Duration::from_millis(100);

#[message(type = "count")]
pub struct Count {}

#[message(type = "hang")]
pub struct Hang {}

#[channel("/desk", app = App)]
pub struct Desk;

#[derive(Default)]
pub struct App {
    entered: AtomicUsize,
    left: AtomicUsize,
}

#[channel]
impl Desk {
    fn on_connect(&self, app: &App) {
        app.entered.fetch_add(1, Ordering::Relaxed);
    }

    #[message]
    fn count(&self, _: Count, app: &App) -> Success<usize> {
        Success(app.entered.load(Ordering::Relaxed))
    }

    #[message]
    async fn hang(&self, _: Hang) {
        std::future::pending().await
    }

    fn on_close(&mut self, app: &App) {
        app.left.fetch_add(1, Ordering::Relaxed);
    }
}

async fn bound(app: &Arc<App>, config: Config) -> BoundServer<App> {
    channels![Desk].app_arc(Arc::clone(app)).config(config).bind("127.0.0.1:0").await.unwrap()
}

/// In this process. Returns its address.
async fn serve(app: &Arc<App>, config: Config) -> SocketAddr {
    let server = bound(app, config).await;
    let addr = server.local_addr();
    tokio::spawn(server.run());
    addr
}

fn client(proxy: &Proxy, random: f64) -> Client<Desk> {
    Client::new("/desk").url(&proxy.url()).random(move || random).open()
}

fn is_open(client: &Client<Desk>) -> bool {
    client.status() == Status::Open
}

fn is_waiting(client: &Client<Desk>) -> bool {
    matches!(client.status(), Status::Waiting { .. })
}

/// How the last connection ended.
fn last_reason(client: &Client<Desk>) -> String {
    let Status::Waiting { last, .. } = client.status() else { panic!("{:?}", client.status()) };
    assert_eq!(last.code, 1006);
    last.reason
}

async fn until(events: &mut Events<Desk>, holds: impl Fn(&Status) -> bool) -> Status {
    loop {
        match events.next().await.expect("the client is closed") {
            Event::Status(status) if holds(&status) => return status,
            _ => {}
        }
    }
}

// Killed and back

/// Set for the process that is a server.
const SERVER: &str = "CHANNEL_CLIENT_TEST_SERVER";

#[tokio::test]
#[ignore = "a process that another test starts, and kills"]
async fn a_server_of_its_own_process() {
    if env::var_os(SERVER).is_none() {
        return;
    }
    println!("listening on {}", serve(&Arc::default(), Config::default()).await);
    // It ends with the test, too.
    tokio::io::stdin().read_to_end(&mut Vec::new()).await.unwrap();
}

/// A server in a process of its own.
async fn spawn() -> (Child, SocketAddr) {
    let mut server = Command::new(env::current_exe().unwrap())
        .args(["--exact", "a_server_of_its_own_process", "--ignored", "--nocapture"])
        .env(SERVER, "1")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(server.stdout.take().unwrap()).lines();
    loop {
        let line = lines.next_line().await.unwrap().expect("the server has ended");
        if let Some((_, addr)) = line.split_once("listening on ") {
            return (server, addr.parse().unwrap());
        }
    }
}

#[tokio::test]
async fn a_server_that_is_killed_is_back_when_another_is_there_and_has_what_waited() {
    let (mut server, addr) = spawn().await;
    let proxy = Proxy::to(addr).await;
    let desk = client(&proxy, 0.02);
    let mut events = desk.events();
    assert_eq!(desk.request(Count {}).await.unwrap(), 1);
    until(&mut events, |status| *status == Status::Open).await;
    let hanging = tokio::spawn(desk.request(Hang {}));
    assert_eq!(desk.request(Count {}).await.unwrap(), 1, "what hangs was sent before");

    // SIGKILL, and waits for its end.
    server.kill().await.unwrap();
    assert!(matches!(hanging.await.unwrap(), Err(Error::Lost)));
    let lost = until(&mut events, |status| matches!(status, Status::Waiting { .. })).await;
    assert!(matches!(&lost, Status::Waiting { attempt: 1, last, .. } if last.code == 1006), "{lost:?}");
    // While nothing listens there it tries in vain.
    until(&mut events, |status| matches!(status, Status::Waiting { attempt: 3, .. })).await;
    let waiting = tokio::spawn(desk.request(Count {}).timeout(Duration::from_secs(100)));

    let (_next, addr) = spawn().await;
    proxy.set_server(Some(addr));
    assert_eq!(waiting.await.unwrap().unwrap(), 1, "the first of another process");
}

// A silent network

#[tokio::test(start_paused = true)]
async fn a_network_that_swallows_everything_is_noticed_by_both_sides_and_a_quiet_one_is_none() {
    let still = Still::new();
    let app = Arc::new(App::default());
    let server = serve(&app, Config::default().ping_interval(SECOND)).await;
    let proxy = Proxy::to(server).await;
    let desk = client(&proxy, 0.5);
    still.until("it is in", || is_open(&desk)).await;
    still.pass(30 * SECOND, || true).await;
    assert!(is_open(&desk) && proxy.handshakes().len() == 1, "nobody has said anything, but for the pings");

    proxy.set_silent(true);
    let silent = Instant::now();
    let lost = tokio::spawn(desk.request(Count {}).timeout(60 * SECOND));
    while is_open(&desk) {
        assert!(silent.elapsed() < 60 * SECOND, "it is not noticed");
        still.step(|| true).await;
    }
    assert_eq!(last_reason(&desk), "the server is silent");
    // The last ping was received up to a second before. After three it asks, and waits ten for an answer.
    let after = silent.elapsed();
    assert!(12 * SECOND - TURNS <= after && after <= 13 * SECOND + TURNS, "{after:?}");
    still.until("the request is lost", || lost.is_finished()).await;
    assert!(matches!(lost.await.unwrap(), Err(Error::Lost)));

    proxy.set_silent(false);
    still.pass(SECOND, || true).await;
    still.until("it is in again", || is_open(&desk)).await;
    assert_eq!(app.entered.load(Ordering::Relaxed), 2);
    // Its own ping was not answered for ten seconds.
    still.until("the server has ended the first", || app.left.load(Ordering::Relaxed) == 1).await;
}

#[tokio::test(start_paused = true)]
async fn a_server_that_accepts_and_is_silent_is_given_up_after_15_s() {
    let still = Still::new();
    let proxy = Proxy::to(serve(&Arc::default(), Config::default()).await).await;
    proxy.set_silent(true);
    let desk = client(&proxy, 0.5);
    still.until("the handshake is on its way", || proxy.handshakes().len() == 1).await;
    let begun = Instant::now();
    while !is_waiting(&desk) {
        assert!(begun.elapsed() < 60 * SECOND, "it is not given up");
        still.step(|| true).await;
    }
    assert_eq!(last_reason(&desk), "no connection in time");
    let after = begun.elapsed();
    assert!(15 * SECOND <= after && after <= 15 * SECOND + TURNS, "{after:?}");
    proxy.set_silent(false);
    still.pass(SECOND, || true).await;
    still.until("it is in", || is_open(&desk)).await;
}

// Refused while full

#[tokio::test(start_paused = true)]
async fn a_full_server_is_tried_again_each_time_as_soon_as_it_said_and_not_before() {
    // The time is in the error before the Close, or in the header of the HTTP answer.
    for refusals in [Refusals::Close, Refusals::Status] {
        let still = Still::new();
        let config = Config::default().connections(1).refusals(refusals).ping_interval(3600 * SECOND);
        let proxy = Proxy::to(serve(&Arc::default(), config).await).await;
        let first = client(&proxy, 0.0);
        still.until("the first is in", || is_open(&first)).await;
        let begun = Instant::now();
        // The random part of its waits is zero.
        let second = client(&proxy, 0.0);
        let is_calm = || match second.status() {
            Status::Connecting { .. } => false,
            Status::Waiting { until, .. } => until > Instant::now(),
            _ => true,
        };
        still.until("it is refused", || is_waiting(&second)).await;
        let Status::Waiting { last, .. } = second.status() else { unreachable!() };
        match refusals {
            Refusals::Close => {
                let fault = last.fault.unwrap();
                assert_eq!((last.code, fault.details["retry_after_ms"].as_u64()), (1013, Some(5000)));
            }
            _ => assert_eq!((last.code, last.status), (1006, Some(503))),
        }
        still.pass(22 * SECOND, is_calm).await;
        let tries: Vec<_> = proxy.handshakes()[1..].iter().map(|(_, at)| *at - begun).collect();
        assert_eq!(tries, [0, 5, 10, 15, 20].map(|at| at * SECOND), "{refusals:?}");

        drop(first);
        still.pass(3 * SECOND, is_calm).await;
        assert!(is_open(&second), "there is a place, and it is time");
    }
}
