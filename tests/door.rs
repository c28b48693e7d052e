//! Who comes in: how many, how fast, and how long a handshake may take. Whoever does not is told whether to come back.

mod support;

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use axum::extract::Request;
use axum::{Router, middleware};
use channel_runtime::{Config, Extract, Handshake, Hub, PeerAddr, Rate, Reject, Server, channel, channels, testing};
use support::{Raw, Response, Running, request, start, upgrade, within};
use tokio::net::TcpListener;
use tokio::sync::Notify;
use tokio::time::{Instant, advance};
use warp::Filter;

#[derive(Default)]
pub struct App {
    asked: AtomicUsize,
    asks: Notify,
    opens: Notify,
    dropped: AtomicBool,
}

#[channel("/room", app = App)]
pub struct Room;

#[channel]
impl Room {}

/// Behind a door that does as the query says.
#[channel("/guarded", app = App)]
pub struct Guarded {
    #[extract]
    _guard: Guard,
}

#[channel]
impl Guarded {}

/// Whose user the query says, and who takes a while to be authorized.
#[channel("/home", app = App)]
pub struct Home {
    #[extract]
    user: Name,
}

#[channel]
impl Home {
    fn identity(&self) -> Option<&String> {
        Some(&self.user.0).filter(|user| !user.is_empty())
    }

    async fn authorize(&self) -> Result<(), Reject> {
        for _ in 0..10 {
            tokio::task::yield_now().await;
        }
        if self.user.0 == "eve" { Err(Reject::forbidden("not you")) } else { Ok(()) }
    }
}

pub struct Name(String);

impl<A: Sync> Extract<A> for Name {
    async fn extract(handshake: &Handshake, _: &A) -> Result<Self, Reject> {
        Ok(Self(handshake.query_param("user").unwrap_or_default()))
    }
}

pub struct Guard;

impl Extract<App> for Guard {
    async fn extract(handshake: &Handshake, app: &App) -> Result<Self, Reject> {
        app.asked.fetch_add(1, Ordering::SeqCst);
        app.asks.notify_one();
        match handshake.query.as_str() {
            "refuses" => Err(Reject::forbidden("not you")),
            "panics" => panic!("an extractor panics"),
            "waits" => {
                app.opens.notified().await;
                Ok(Self)
            }
            "hangs" => {
                let _dropped = Dropped(app);
                std::future::pending().await
            }
            query => panic!("{query}"),
        }
    }
}

struct Dropped<'a>(&'a App);

impl Drop for Dropped<'_> {
    fn drop(&mut self) {
        self.0.dropped.store(true, Ordering::SeqCst);
    }
}

fn server(config: Config) -> (Server<App>, Hub<Room>, Arc<App>) {
    let channels = channels![Room, Guarded, Home];
    let hub = channels.of::<Room>();
    let app = Arc::new(App::default());
    (channels.app_arc(Arc::clone(&app)).config(config), hub, app)
}

async fn served(config: Config) -> (Running, Hub<Room>, Arc<App>) {
    let (server, hub, app) = server(config);
    (start(server).await, hub, app)
}

/// A refusal: its status and when to come back.
fn refused(response: &Response) -> (u16, Option<&str>) {
    assert!(!response.body.is_empty());
    (response.status, response.header("retry-after"))
}

/// Asks until it is let in; until then it is refused with this status.
async fn until_let_in(raw: &mut Raw, path: &str, status: u16) {
    within(async {
        loop {
            let response = raw.request(&upgrade(path)).await;
            if response.status == 101 {
                return;
            }
            assert_eq!(response.status, status);
            tokio::task::yield_now().await;
        }
    })
    .await;
}

#[tokio::test]
async fn a_user_has_no_more_connections_than_configured_however_many_come_at_once() {
    let (server, ..) = server(Config::default().connections_per_user(8));
    let app = testing::app(server);
    let connect = |user| app.connect::<Home>("/home").query("user", user).without_waiting();
    let come = async |user| futures::future::join_all((0..40).map(|_| connect(user))).await;
    let (ann, bob) = tokio::join!(come("ann"), come("bob"));
    let mut inside = Vec::new();
    for came in [ann, bob] {
        let (let_in, refused): (Vec<_>, Vec<_>) = came.into_iter().partition(Result::is_ok);
        assert_eq!((let_in.len(), refused.len()), (8, 32));
        for refusal in refused {
            let reject = refusal.unwrap_err();
            assert_eq!((reject.status.as_u16(), &*reject.message), (429, "too many connections of this user"));
        }
        inside.extend(let_in);
    }
    // Nobody in particular is not bounded, and who may not come in takes no place.
    assert!(come("").await.iter().all(Result::is_ok));
    assert!(come("eve").await.into_iter().all(|refused| refused.unwrap_err().status == 403));
    drop(inside);
    app.settle().await;
    assert_eq!(come("ann").await.iter().filter(|came| came.is_ok()).count(), 8);
}

#[tokio::test]
async fn there_are_no_more_connections_than_configured_and_each_gives_its_place_back() {
    let (server, hub, _) = served(Config::default().connections(2)).await;
    let first = server.raw("/room").await;
    let _second = server.raw("/room").await;
    let mut third = server.connect().await;
    let response = third.request(&upgrade("/room")).await;
    assert_eq!(refused(&response), (503, Some("5")));
    // What is none of the channels' has no place, and takes none.
    assert_eq!(third.request(&request("/", &[])).await.status, 404);
    assert_eq!(hub.all().len(), 2);
    drop(first);
    until_let_in(&mut third, "/room", 503).await;
    assert_eq!(server.connect().await.request(&upgrade("/room")).await.status, 503);
}

#[tokio::test]
async fn a_place_is_taken_during_the_handshake_and_given_back_however_it_ends() {
    let (server, _, app) = served(Config::default().connections(1)).await;
    let mut raw = server.connect().await;
    for (query, status) in [("refuses", 403), ("panics", 500), ("refuses", 403)] {
        assert_eq!(raw.request(&upgrade(&format!("/guarded?{query}"))).await.status, status);
    }
    let asked = app.asked.load(Ordering::SeqCst);
    let mut waits = server.connect().await;
    waits.write(upgrade("/guarded?waits")).await;
    while app.asked.load(Ordering::SeqCst) == asked {
        within(app.asks.notified()).await;
    }
    assert_eq!(raw.request(&upgrade("/room")).await.status, 503);
    drop(waits);
    app.opens.notify_one();
    until_let_in(&mut raw, "/room", 503).await;
}

#[tokio::test]
async fn a_client_in_a_test_needs_a_place_too() {
    let (server, _, _) = server(Config::default().connections(1));
    let app = testing::app(server);
    let _first = app.connect::<Room>("/room").await.unwrap();
    let reject = app.connect::<Room>("/room").await.unwrap_err();
    assert_eq!(reject.status, 503);
}

#[tokio::test]
async fn an_address_has_no_more_connections_than_configured() {
    let (server, _, _) = served(Config::default().connections_per_ip(1)).await;
    let first = server.raw("/room").await;
    let mut second = server.connect().await;
    let response = second.request(&upgrade("/room")).await;
    assert_eq!(refused(&response), (429, Some("5")));
    drop(first);
    until_let_in(&mut second, "/room", 429).await;
}

#[tokio::test]
async fn warp_tells_the_address_and_a_server_that_does_not_has_no_bound_by_address() {
    let config = Config::default().connections_per_ip(1);
    let (below_warp, _, _) = server(config.clone());
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = listener.local_addr().unwrap();
    tokio::spawn(warp::serve(below_warp.filter()).incoming(listener).run());
    let _first = Raw::open(addr, "/room").await;
    assert_eq!(Raw::connect(addr).await.request(&upgrade("/room")).await.status, 429);

    let (below_axum, _, _) = server(config);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = listener.local_addr().unwrap();
    let routes = Router::new().fallback_service(below_axum.service());
    tokio::spawn(async { axum::serve(listener, routes).await });
    let _first = Raw::open(addr, "/room").await;
    let _second = Raw::open(addr, "/room").await;
}

#[tokio::test]
async fn a_proxy_that_is_believed_tells_the_clients_apart() {
    async fn believe(mut request: Request) -> Request {
        let client = request.headers()["x-real-ip"].to_str().unwrap().parse().unwrap();
        request.extensions_mut().insert(PeerAddr(SocketAddr::new(client, 0)));
        request
    }

    let (server, _, _) = server(Config::default().connections_per_ip(1));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = listener.local_addr().unwrap();
    let routes = Router::new().fallback_service(server.service()).layer(middleware::map_request(believe));
    tokio::spawn(async { axum::serve(listener, routes).await });
    let mut inside = Vec::new();
    let clients =
        [("192.0.2.1", 101), ("192.0.2.1", 429), ("192.0.2.2", 101), ("2001:db8::1", 101), ("2001:db8::2", 429)];
    for (client, status) in clients {
        let mut raw = Raw::connect(addr).await;
        let upgrade = upgrade("/room").replacen("\r\n", &format!("\r\nx-real-ip: {client}\r\n"), 1);
        assert_eq!(raw.request(&upgrade).await.status, status, "{client}");
        inside.push(raw);
    }
}

/// Asks without a socket, so that the clock may be the test's.
async fn ask<F>(filter: &F, path: &str, client: &str) -> (u16, Option<String>)
where
    F: Filter<Extract = (warp::reply::Response,), Error = warp::Rejection> + Clone + Send + Sync + 'static,
{
    let upgrade = hyper::upgrade::on(hyper::Request::new(()));
    let request = warp::test::request()
        .path(path)
        .header("connection", "upgrade")
        .header("upgrade", "websocket")
        .header("sec-websocket-version", "13")
        .header("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ==")
        .remote_addr(format!("{client}:1").parse().unwrap())
        .extension(upgrade);
    let response = request.reply(filter).await;
    let retry_after = response.headers().get("retry-after").map(|value| value.to_str().unwrap().to_owned());
    (response.status().as_u16(), retry_after)
}

#[tokio::test(start_paused = true)]
async fn connections_come_no_faster_than_configured() {
    let filter = server(Config::default().connection_rate(Rate::new(3, Duration::from_secs(9)))).0.filter();
    let later = |seconds: u32| (503, Some(seconds.to_string()));
    for path in ["/room", "/guarded?refuses", "/room"] {
        assert_ne!(ask(&filter, path, "192.0.2.1").await.0, 503);
    }
    assert_eq!(ask(&filter, "/room", "192.0.2.1").await, later(3));
    assert_eq!(ask(&filter, "/room", "192.0.2.2").await, later(3));
    advance(Duration::from_millis(1500)).await;
    assert_eq!(ask(&filter, "/room", "192.0.2.1").await, later(2));
    advance(Duration::from_millis(1500)).await;
    assert_eq!(ask(&filter, "/room", "192.0.2.1").await, (101, None));
    assert_eq!(ask(&filter, "/room", "192.0.2.1").await, later(3));
}

#[tokio::test(start_paused = true)]
async fn an_address_comes_no_faster_than_configured() {
    let filter = server(Config::default().connection_rate_per_ip(Rate::new(2, Duration::from_secs(120)))).0.filter();
    for _ in 0..2 {
        assert_eq!(ask(&filter, "/room", "192.0.2.1").await, (101, None));
    }
    assert_eq!(ask(&filter, "/room", "192.0.2.1").await, (429, Some("60".into())));
    assert_eq!(ask(&filter, "/room", "192.0.2.2").await, (101, None));
    advance(Duration::from_secs(60)).await;
    assert_eq!(ask(&filter, "/room", "192.0.2.1").await, (101, None));
    assert_eq!(ask(&filter, "/room", "192.0.2.1").await, (429, Some("60".into())));
}

#[tokio::test(start_paused = true)]
async fn a_handshake_that_takes_too_long_is_dropped_and_told_to_come_back() {
    let timeout = Duration::from_millis(12_345);
    let (server, _, app) = server(Config::default().handshake_timeout(timeout).connections(1));
    let filter = server.filter();
    let begun = Instant::now();
    assert_eq!(ask(&filter, "/guarded?hangs", "192.0.2.1").await, (503, Some("5".into())));
    // To the millisecond, which is the clock's grain.
    assert!(begun.elapsed().abs_diff(timeout) <= Duration::from_millis(1), "{:?}", begun.elapsed());
    assert!(app.dropped.load(Ordering::SeqCst));
    assert_eq!(ask(&filter, "/room", "192.0.2.1").await, (101, None));
}

#[tokio::test]
async fn a_client_that_does_not_say_what_it_wants_is_cut_when_configured() {
    let (patient, _, _) = served(Config::default().header_timeout(Duration::from_secs(3600))).await;
    let (impatient, _, _) = served(Config::default().header_timeout(Duration::from_millis(1))).await;
    for said in ["", "G", "GET / HTTP/1.1\r\nHost: localhost\r\n"] {
        let mut waited_for = patient.connect().await;
        waited_for.write(said).await;
        let mut cut = impatient.connect().await;
        // Where it is cut already it can't be written to any more.
        cut.write_if_open(said).await;
        assert!(cut.ends_before(&mut waited_for).await, "after {said:?}");
    }
    // Nor does one that has asked before stay for ever.
    let mut waited_for = patient.connect().await;
    assert_eq!(waited_for.request(&request("/", &[])).await.status, 404);
    let (impatient, _, _) = served(Config::default().keep_alive_timeout(Duration::from_millis(200))).await;
    let mut cut = impatient.connect().await;
    assert_eq!(cut.request(&request("/", &[])).await.status, 404);
    assert!(cut.ends_before(&mut waited_for).await, "between two requests");
}

#[tokio::test]
async fn a_connection_that_is_upgraded_has_no_header_deadline() {
    let (server, hub, _) = served(Config::default().header_timeout(Duration::from_millis(200))).await;
    let mut inside = server.raw("/room").await;
    // Long enough for one that came later to be cut.
    server.connect().await.expect_gone().await;
    assert_eq!(hub.all().len(), 1);
    inside.write(support::close(1000, "")).await;
    inside.expect_close(1000, "").await;
}

#[tokio::test]
async fn no_more_http_connections_are_accepted_than_configured() {
    let (server, _, _) = served(Config::default().http_connections(2)).await;
    let mut first = server.connect().await;
    assert_eq!(first.request(&request("/", &[])).await.status, 404);
    let silent = server.connect().await;
    let mut third = server.connect().await;
    third.write(upgrade("/room")).await;
    let mut fourth = server.connect().await;
    fourth.write(upgrade("/room")).await;
    // Everybody has many turns, and those without a place are not answered.
    for _ in 0..1000 {
        tokio::task::yield_now().await;
    }
    assert!(third.has_heard_nothing() && fourth.has_heard_nothing());
    // Upgraded, a connection needs its place no more; nor when it ends.
    first.upgrade("/room").await;
    assert_eq!(third.response().await.status, 101);
    assert_eq!(fourth.response().await.status, 101);
    let mut fifth = server.connect().await;
    fifth.upgrade("/room").await;
    drop(silent);
    let _sixth = server.connect().await;
    server.raw("/room").await;
}
