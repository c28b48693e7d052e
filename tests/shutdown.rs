//! How a server stops: every client is told, every connection ends as it should, and nothing holds it up for ever.

mod support;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use channel_runtime::{
    Batched, Close, CloseCode, ClosedBy, Config, Extract, Handshake, Hub, Reject, Room, channel, channels, message,
};
use support::memory::{Client, Served, serve};
use support::wire::{Fixture, Wire, bare, echo};
use support::{Frame, request, start, text, upgrade, within};
use tokio::net::TcpStream;
use tokio::sync::{Notify, mpsc, oneshot};
use warp::Filter;

const FAREWELL: (u16, &str) = (1001, "the server goes away");

/// No time: what can't end by itself is cancelled.
fn impatient() -> Config {
    Config::default().shutdown_timeout(Duration::from_millis(1))
}

#[tokio::test]
async fn clients_are_told_1001_after_all_that_was_sent_before() {
    let mut fixture = Fixture::new().await;
    let mut raws = Vec::new();
    for room in ["a", "a", "b"] {
        raws.push(fixture.raw(room).await);
    }
    for n in 0..100 {
        fixture.hub.all().send_bytes(Bytes::from(vec![n; 1000]));
    }
    let stopped = fixture.begin_to_stop();
    for raw in &mut raws {
        for n in 0..100 {
            raw.expect(Frame::binary(&[n; 1000])).await;
        }
        raw.expect_close(FAREWELL.0, FAREWELL.1).await;
    }
    drop(raws);
    within(stopped).await.unwrap();
    for _ in 0..3 {
        let end = fixture.end().await;
        assert_eq!((end.close.by, end.close.code), (ClosedBy::Server, Some(CloseCode::GOING_AWAY)));
    }
    assert_eq!(fixture.hub.all().len(), 0);
    fixture.assert_all_ended();
}

#[tokio::test]
async fn newcomers_are_refused() {
    let mut fixture = Fixture::new().await;
    let addr = fixture.server.addr;
    let mut waiting = fixture.raw("slow_to_close").await;
    let mut alive = fixture.server.connect().await;
    assert_eq!(alive.request(&request("/", &[])).await.status, 404);
    let stopped = fixture.begin_to_stop();
    waiting.expect(Frame::close(FAREWELL.0, FAREWELL.1)).await;
    drop(waiting);
    // An `on_close` runs, and who is connected is still answered: that no channel takes newcomers.
    fixture.end().await;
    let response = alive.request(&upgrade("/wire/r")).await;
    assert_eq!((response.status, response.header("retry-after")), (503, Some("1")));
    within(TcpStream::connect(addr)).await.unwrap_err();
    fixture.open_gate();
    within(stopped).await.unwrap();
    alive.expect_gone().await;
    fixture.assert_all_ended();
}

#[tokio::test]
async fn a_handler_that_ends_in_time_is_not_cut_off() {
    let mut fixture = Fixture::new().await;
    let mut raw = fixture.raw("r").await;
    raw.write([text(&bare("wait_for_the_end")), text(&echo("never handled"))].concat()).await;
    fixture.expect_told("waits").await;
    let stopped = fixture.begin_to_stop();
    fixture.expect_told("told of the end").await;
    raw.expect(Frame::text(&echo("waited for the end"))).await;
    raw.expect_close(FAREWELL.0, FAREWELL.1).await;
    drop(raw);
    within(stopped).await.unwrap();
    assert_eq!(fixture.end().await.close.code, Some(CloseCode::GOING_AWAY));
    fixture.assert_all_ended();
}

#[tokio::test]
async fn a_handler_that_hangs_is_cancelled_and_its_on_close_runs() {
    let mut fixture = Fixture::with(impatient()).await;
    let mut raw = fixture.raw("r").await;
    raw.write(text(&bare("hang"))).await;
    fixture.expect_told("hangs").await;
    let stopped = fixture.begin_to_stop();
    raw.expect(Frame::close(FAREWELL.0, FAREWELL.1)).await;
    drop(raw);
    fixture.expect_told("the handler was cancelled").await;
    let end = fixture.end().await;
    assert_eq!((end.close.by, end.close.code), (ClosedBy::Server, Some(CloseCode::GOING_AWAY)));
    within(stopped).await.unwrap();
    fixture.assert_all_ended();
}

#[tokio::test]
async fn an_on_connect_that_hangs_is_cancelled_and_its_on_close_runs() {
    let mut fixture = Fixture::with(impatient()).await;
    let raw = fixture.server.raw("/wire/slow_to_connect").await;
    fixture.expect_told("on_connect waits").await;
    let stopped = fixture.begin_to_stop();
    assert_eq!(fixture.end().await.close.code, Some(CloseCode::GOING_AWAY));
    drop(raw);
    within(stopped).await.unwrap();
    fixture.assert_all_ended();
}

#[tokio::test]
async fn an_on_close_that_hangs_is_cancelled_too() {
    let mut fixture = Fixture::with(impatient()).await;
    // One hangs since before the stop, one because of it.
    drop(fixture.raw("hangs_on_close").await);
    assert_eq!(fixture.end().await.close.by, ClosedBy::Lost);
    let raw = fixture.raw("hangs_on_close").await;
    let stopped = fixture.begin_to_stop();
    assert_eq!(fixture.end().await.close.by, ClosedBy::Server);
    drop(raw);
    within(stopped).await.unwrap();
    fixture.assert_all_ended();
}

#[tokio::test]
async fn a_client_that_takes_nothing_does_not_hold_the_stop() {
    let config = impatient().close_timeout(Duration::from_millis(1)).outbox_bytes(usize::MAX);
    let mut fixture = Fixture::with(config).await;
    let raw = fixture.raw("r").await;
    for _ in 0..64 {
        fixture.hub.room(&Wire::room("r")).send_bytes(Bytes::from(vec![0; 1 << 20]));
    }
    let stopped = fixture.begin_to_stop();
    within(stopped).await.unwrap();
    assert_eq!(fixture.end().await.close.code, Some(CloseCode::GOING_AWAY));
    fixture.assert_all_ended();
    drop(raw);
}

#[tokio::test]
async fn a_request_beside_the_channels_is_answered_to_its_end() {
    let (answer, answered) = oneshot::channel::<&'static str>();
    let (asked, asking) = oneshot::channel();
    let once = Arc::new(Mutex::new(Some((asked, answered))));
    let slow = warp::path("slow").and_then(move || {
        let (asked, answered) = once.lock().unwrap().take().unwrap();
        async move {
            asked.send(()).unwrap();
            Ok::<_, warp::Rejection>(answered.await.unwrap())
        }
    });
    let channels = channels![Quiet];
    let mut server = start(channels.app(()).or(slow)).await;
    let mut raw = server.connect().await;
    raw.write(request("/slow", &[])).await;
    within(asking).await.unwrap();
    let stopped = server.begin_to_stop();
    answer.send("at last").unwrap();
    let response = raw.response().await;
    assert_eq!((response.status, response.body.as_str()), (200, "at last"));
    raw.expect_end().await;
    within(stopped).await.unwrap();
}

#[tokio::test]
async fn idle_connections_do_not_hold_the_stop() {
    let mut fixture = Fixture::new().await;
    let silent = fixture.server.connect().await;
    let mut alive = fixture.server.connect().await;
    assert_eq!(alive.request(&request("/", &[])).await.status, 404);
    // The server has accepted both, for it takes them in their order.
    let stopped = fixture.begin_to_stop();
    within(stopped).await.unwrap();
    for mut idle in [silent, alive] {
        idle.expect_end().await;
    }
}

#[tokio::test]
async fn who_is_at_the_door_when_the_server_stops_stays_outside() {
    let (asked, mut asking) = mpsc::unbounded_channel();
    let door = Arc::new(Door { asked, opens: Notify::new() });
    let channels = channels![Quiet, Guarded];
    let mut server = start(channels.app_arc(Arc::clone(&door))).await;
    let mut inside = server.raw("/quiet").await;
    let mut outside = server.connect().await;
    outside.write(upgrade("/guarded")).await;
    within(asking.recv()).await.unwrap();
    let stopped = server.begin_to_stop();
    // Once those inside know, the server has begun to stop; the one at the door passes its guard after that.
    inside.expect_close(FAREWELL.0, FAREWELL.1).await;
    drop(inside);
    door.opens.notify_one();
    assert_eq!(outside.response().await.status, 503);
    within(stopped).await.unwrap();
}

pub struct Door {
    asked: mpsc::UnboundedSender<()>,
    opens: Notify,
}

/// Takes its time to let anybody in.
pub struct Guard;

impl Extract<Door> for Guard {
    async fn extract(_: &Handshake, door: &Door) -> Result<Self, Reject> {
        door.asked.send(()).map_err(Reject::internal)?;
        door.opens.notified().await;
        Ok(Self)
    }
}

#[channel("/guarded", app = Door)]
pub struct Guarded {
    #[extract]
    _guard: Guard,
}

#[channel]
impl Guarded {
    fn on_connect(&self) {
        panic!("nobody gets in");
    }
}

#[channel("/quiet")]
pub struct Quiet;

#[channel]
impl Quiet {}

#[message(type = "gather")]
pub struct Gather {
    _n: u32,
}

/// Whatever of it can hang does.
#[channel("/stubborn/:name")]
pub struct Stubborn {
    name: String,
}

#[channel(sends(Bytes), receives(Gather, "hang"))]
impl Stubborn {
    #[message(batch(size = 2, wait = "1ms"))]
    async fn gather(batch: Vec<Batched<Self, Gather>>) {
        let _kept = batch;
        std::future::pending().await
    }

    #[message(type = "hang")]
    async fn hang(&mut self) {
        std::future::pending().await
    }

    async fn on_close(&self, _: Close) {
        if self.name != "gathers" {
            std::future::pending().await
        }
    }

    async fn on_room_close(_: &Room<Self>) {
        std::future::pending().await
    }
}

/// A server with a client that takes nothing of what waits for it, one whose handler hangs, one whose message waits for a batch
/// that hangs, one whose request hangs, and one that begins a request and does not end it.
async fn held_up(config: Config) -> (Served, Hub<Stubborn>, Vec<Client>) {
    let slow = warp::path("slow").and_then(std::future::pending::<Result<&str, warp::Rejection>>);
    let channels = channels![Stubborn];
    let hub = channels.of::<Stubborn>();
    let served = serve(channels.app(()).config(config).or(slow));
    let mut clients = Vec::new();
    for (name, says) in
        [("deaf", None), ("hangs", Some(bare("hang"))), ("gathers", Some(r#"{"type":"gather","_n":1}"#.into()))]
    {
        let mut client = served.connect(512);
        client.write(upgrade(&format!("/stubborn/{name}"))).await;
        assert_eq!(client.head().await, Some((101, 0)));
        if let Some(says) = says {
            client.write(text(&says)).await;
        }
        clients.push(client);
    }
    let mut asks = served.connect(512);
    asks.write(request("/slow", &[])).await;
    let mut begins = served.connect(512);
    begins.write("GET /").await;
    clients.extend([asks, begins]);
    while hub.all().len() < 3 {
        tokio::task::yield_now().await;
    }
    hub.room(&Stubborn::room("deaf")).send_bytes(Bytes::from(vec![0; 100_000]));
    tokio::time::sleep(Duration::from_secs(1)).await;
    (served, hub, clients)
}

#[tokio::test(start_paused = true)]
async fn no_stop_takes_longer_than_kubernetes_waits_and_the_docs_say() {
    let Config { shutdown_timeout, drain_window, close_timeout, .. } = Config::default();
    let longest = shutdown_timeout * 4 + drain_window + close_timeout;
    // A bus and an operators' port, which this server does not have, have a second each.
    assert_eq!(longest.as_secs() + 2, 29);
    let (served, hub, clients) = held_up(Config::default()).await;
    let took = served.stops().await;
    assert!(took > shutdown_timeout * 3, "all of it hangs: {took:?}");
    assert!(took <= longest, "{took:?}");
    assert!(hub.all().is_empty());
    drop(clients);
    let longer = Config::default().shutdown_timeout(shutdown_timeout * 4);
    let (served, _hub, _clients) = held_up(longer).await;
    assert!(served.stops().await > shutdown_timeout * 12);
}
