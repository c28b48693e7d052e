//! Answers that come later are owed: a connection that ends meanwhile, because the server stops or its client has ended its own
//! half of the stream, ends behind them.

mod support;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use channel_runtime::private::{Census, census};
use channel_runtime::testing::{self, Client};
use channel_runtime::{Answer, Batched, CloseCode, Config, Fault, Hub, Server, Socket, channel, channels, message};
use futures::FutureExt;
use support::{Frame, Raw, Running, close, start, text, within};
use tokio::sync::{Notify, mpsc};
use tokio::task::yield_now;
use tokio::time::Instant;

const FAREWELL: (u16, &str) = (1001, "the server goes away");

#[message(type = "later")]
pub struct Later {
    n: u32,
}

#[message(type = "gather")]
pub struct Gather {
    n: u32,
}

#[message(type = "work")]
pub struct Work {}

#[message(type = "done")]
#[derive(Debug, PartialEq)]
pub struct Done {
    n: u32,
}

/// What is answered later.
pub enum Open {
    Deferred(Answer<Desk>),
    Kept(Batched<Desk, Gather>),
}

impl Open {
    fn answer(self, n: u32) {
        match self {
            Self::Deferred(answer) => answer.send(Done { n }),
            Self::Kept(batched) => batched.reply(Done { n }),
        }
    }
}

pub struct App {
    open: mpsc::UnboundedSender<Open>,
    gate: Notify,
    log: Mutex<Vec<String>>,
}

#[channel("/desk/:name", app = App)]
pub struct Desk {
    name: String,
}

#[channel(sends(Done))]
impl Desk {
    #[message]
    fn later(&mut self, later: Later, socket: &Socket<Self>, app: &App) {
        app.log.lock().unwrap().push(format!("{} asks {}", self.name, later.n));
        // A test that has ended wants none.
        let _ = app.open.send(Open::Deferred(socket.defer()));
    }

    #[message(batch(size = 1, wait = "1s"))]
    async fn gathers(batch: Vec<Batched<Self, Gather>>, app: &App) {
        for item in batch {
            assert!(item.message.n < 10);
            let _ = app.open.send(Open::Kept(item));
        }
    }

    #[message]
    async fn work(&mut self, _: Work, app: &App) {
        app.log.lock().unwrap().push(format!("{} works", self.name));
        app.gate.notified().await;
    }

    fn on_close(&mut self, app: &App) {
        app.log.lock().unwrap().push(format!("{} leaves", self.name));
    }
}

struct Made {
    app: Arc<App>,
    hub: Hub<Desk>,
    open: mpsc::UnboundedReceiver<Open>,
}

fn make() -> (Server<App>, Made) {
    let (tell, open) = mpsc::unbounded_channel();
    let app = Arc::new(App { open: tell, gate: Notify::new(), log: Mutex::default() });
    let channels = channels![Desk];
    let hub = channels.of();
    (channels.app_arc(Arc::clone(&app)), Made { app, hub, open })
}

impl Made {
    /// The next answer that is owed.
    async fn open(&mut self) -> Open {
        within(self.open.recv()).await.unwrap()
    }

    fn log(&self) -> Vec<String> {
        std::mem::take(&mut self.app.log.lock().unwrap())
    }

    async fn gone(&self) {
        within(async {
            while census(&self.hub) != Census::default() {
                yield_now().await;
            }
        })
        .await;
    }
}

fn asks(kind: &str, n: u32) -> Vec<u8> {
    text(&format!(r#"{{"type":"{kind}","ref":{n},"n":{n}}}"#))
}

fn done(n: u32) -> Frame {
    Frame::text(&format!(r#"{{"type":"done","ref":{n},"n":{n}}}"#))
}

async fn ann(server: &Running) -> Raw {
    server.raw("/desk/ann").await
}

#[tokio::test]
async fn a_server_that_stops_gives_the_answers_that_it_owes_before_its_goodbye() {
    for kind in ["later", "gather"] {
        let (server, mut made) = make();
        let mut server = start(server).await;
        let (mut ann, mut bob) = (ann(&server).await, server.raw("/desk/bob").await);
        ann.write([asks(kind, 1), asks(kind, 2)].concat()).await;
        let (first, second) = (made.open().await, made.open().await);
        let stopped = server.begin_to_stop();
        bob.expect_close(FAREWELL.0, FAREWELL.1).await;
        drop(bob);
        ann.write(asks("later", 3)).await;
        second.answer(2);
        ann.expect(done(2)).await;
        assert_eq!(made.hub.all().len(), 1);
        first.answer(1);
        ann.expect(done(1)).await;
        ann.expect_close(FAREWELL.0, FAREWELL.1).await;
        drop(ann);
        within(stopped).await.unwrap();
        assert!(!made.log().contains(&"ann asks 3".to_owned()));
    }
}

#[tokio::test]
async fn an_answer_that_is_dropped_is_one_that_was_given() {
    let (server, mut made) = make();
    let mut server = start(server).await;
    let mut ann = ann(&server).await;
    ann.write(asks("later", 1)).await;
    let open = made.open().await;
    let stopped = server.begin_to_stop();
    drop(open);
    let told = String::from_utf8(ann.frame().await.unwrap().payload).unwrap();
    assert!(told.starts_with(r#"{"type":"error","ref":1,"code":"internal""#), "{told}");
    ann.expect_close(FAREWELL.0, FAREWELL.1).await;
    drop(ann);
    within(stopped).await.unwrap();
}

#[tokio::test]
async fn a_message_without_a_ref_is_owed_nothing() {
    let (server, mut made) = make();
    let mut server = start(server).await;
    let mut ann = ann(&server).await;
    ann.write(text(r#"{"type":"later","n":1}"#)).await;
    let _open = made.open().await;
    let stopped = server.begin_to_stop();
    ann.expect_close(FAREWELL.0, FAREWELL.1).await;
    drop(ann);
    within(stopped).await.unwrap();
}

#[tokio::test]
async fn a_handler_that_runs_does_not_hurry_an_answer_that_is_owed() {
    let (server, mut made) = make();
    let server = testing::app(server);
    let mut ann: Client<Desk> = server.connect("/desk/ann").await.unwrap();
    ann.send_text(r#"{"type":"later","ref":1,"n":1}"#);
    let open = made.open().await;
    ann.send(Work {});
    while made.app.log.lock().unwrap().len() < 2 {
        yield_now().await;
    }
    let mut stopped = std::pin::pin!(server.drain());
    for _ in 0..10 {
        assert!(stopped.as_mut().now_or_never().is_none());
        yield_now().await;
    }
    open.answer(1);
    assert_eq!(ann.expect_text().await, r#"{"type":"done","ref":1,"n":1}"#);
    assert_eq!(ann.expect_close().await.0, CloseCode::GOING_AWAY);
    made.app.gate.notify_one();
    stopped.await;
    assert_eq!(made.log(), ["ann asks 1", "ann works", "ann leaves"]);
}

#[tokio::test(start_paused = true)]
async fn nobody_waits_longer_than_for_a_handler() {
    let (server, mut made) = make();
    let server = testing::app(server.config(Config::default().shutdown_timeout(Duration::from_secs(3))));
    let mut ann: Client<Desk> = server.connect("/desk/ann").await.unwrap();
    ann.send_text(r#"{"type":"later","ref":1,"n":1}"#);
    let open = made.open().await;
    let begun = Instant::now();
    server.drain().await;
    assert_eq!(begun.elapsed().as_secs(), 3);
    assert_eq!(ann.expect_close().await.0, CloseCode::GOING_AWAY);
    open.answer(1);
    assert_eq!(made.log(), ["ann asks 1", "ann leaves"]);
}

/// The next frame but the pongs by which the server finds out whether the client is there. One can follow the last answer: that is
/// still owed while another thread writes it.
async fn unprobed(client: &mut Raw) -> Option<Frame> {
    loop {
        let frame = client.frame().await;
        if frame != Some(Frame::pong(b"")) {
            return frame;
        }
    }
}

#[tokio::test]
async fn a_client_that_has_ended_its_half_is_answered_what_it_asked_before() {
    for kind in ["later", "gather"] {
        let (server, mut made) = make();
        let server = start(server).await;
        let mut ann = ann(&server).await;
        ann.write([asks(kind, 1), asks(kind, 2)].concat()).await;
        ann.shutdown().await;
        let (first, second) = (made.open().await, made.open().await);
        for (n, open) in [(2, second), (1, first)] {
            for _ in 0..20 {
                yield_now().await;
            }
            open.answer(n);
            assert_eq!(unprobed(&mut ann).await, Some(done(n)), "{kind}");
        }
        assert_eq!(unprobed(&mut ann).await, None);
        made.gone().await;
        assert_eq!(made.log().last().unwrap(), "ann leaves");
    }
}

#[tokio::test]
async fn nobody_waits_for_a_client_that_is_gone_or_has_said_goodbye() {
    let (server, mut made) = make();
    let server = start(server).await;
    for ends in ["reset", "goodbye", "violation"] {
        let mut ann = ann(&server).await;
        ann.write(asks("later", 1)).await;
        let open = made.open().await;
        match ends {
            "reset" => ann.reset(),
            "goodbye" => {
                ann.write(close(1000, "")).await;
                ann.expect_close(1000, "").await;
                drop(ann);
            }
            _ => {
                ann.write_if_open(support::masked(0xFF, "")).await;
                assert_eq!(ann.frame().await.unwrap().payload[..2], 1002_u16.to_be_bytes());
                drop(ann);
            }
        }
        made.gone().await;
        open.answer(1);
    }
}

/// A process that was killed looks like one that has ended its half alone.
#[tokio::test(start_paused = true)]
async fn a_client_that_is_no_more_is_not_waited_for() {
    let (server, mut made) = make();
    let server = testing::app(server);
    let mut ann: Client<Desk> = server.connect("/desk/ann").await.unwrap();
    ann.send_text(r#"{"type":"later","ref":1,"n":1}"#);
    let open = made.open().await;
    let begun = Instant::now();
    drop(ann);
    while census(&made.hub) != Census::default() {
        yield_now().await;
    }
    assert_eq!(begun.elapsed(), Duration::ZERO);
    open.answer(1);
}

#[tokio::test]
async fn an_answer_of_a_batch_that_failed_is_owed_no_longer() {
    let (server, mut made) = make();
    let server = testing::app(server);
    let mut ann: Client<Desk> = server.connect("/desk/ann").await.unwrap();
    let asked = ann.request(Gather { n: 1 });
    let answered = async {
        let Open::Kept(batched) = made.open.recv().await.unwrap() else { panic!("not of a batch") };
        batched.fail(Fault::new("desk.closed", "come back tomorrow"));
    };
    let (fault, ()) = tokio::join!(asked.error("desk.closed"), answered);
    assert_eq!(fault.message, "come back tomorrow");
    let begun = Instant::now();
    server.drain().await;
    assert!(begun.elapsed() < Duration::from_secs(1));
}
