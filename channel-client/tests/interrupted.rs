//! What happens in between: the client is closed while something is on its way, a function of the program panics, nobody reads.

// Public as in a crate that a server and its bots share.
#![allow(missing_docs)]

mod support;

use std::error::Error as _;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll};
use std::time::Duration;

use channel_client::transport::{Connecting, Connection, Handshake, Incoming, Transport, Waiting};
use channel_client::{Client, CloseBy, Connect, Error, Event, Status, Unsent};
use channel_runtime::{Success, channel, message};
use support::{Peer, Server, server};
use tokio::task::yield_now;
use tokio::time::{Instant, timeout};

#[message(type = "say")]
pub struct Say {
    text: String,
}

#[message(type = "said")]
pub struct Said {
    text: String,
}

#[channel("/chat/:room")]
pub struct Chat {
    room: String,
}

#[channel(sends(Said))]
impl Chat {
    #[message]
    fn say(&self, say: Say) -> Success<usize> {
        Success(say.text.len())
    }
}

fn say(text: &str) -> Say {
    Say { text: text.to_owned() }
}

fn chat() -> (Connect<Chat>, Server) {
    let (memory, server) = server();
    let chat = Client::<Chat>::new(Chat::room("a")).url("ws://server").transport(memory).random(|| 0.5);
    (chat, server)
}

async fn opened() -> (Client<Chat>, Server, Peer) {
    let (chat, mut server) = chat();
    let chat = chat.open();
    let peer = server.joined().await;
    settle().await;
    (chat, server, peer)
}

/// Lets all tasks do what they can do now.
async fn settle() {
    for _ in 0..100 {
        yield_now().await;
    }
}

async fn soon<F: Future>(future: F) -> F::Output {
    timeout(Duration::from_secs(60), future).await.expect("it waits for ever")
}

/// Closes its client while a frame of the server is on its way to it.
struct Closes(Arc<OnceLock<Client<Chat>>>);

impl Transport for Closes {
    fn connect(&self, _: Handshake) -> Connecting {
        let connection = Self(Arc::clone(&self.0));
        Box::pin(async move { Ok(Box::new(connection) as Box<dyn Connection>) })
    }
}

impl Connection for Closes {
    fn poll_receive(&mut self, _: &mut Context<'_>) -> Poll<Incoming> {
        match self.0.get() {
            Some(chat) if !matches!(chat.status(), Status::Closed { .. }) => {
                chat.close();
                Poll::Ready(Incoming::Text(r#"{"type":"said","text":"late"}"#.to_owned()))
            }
            _ => Poll::Pending,
        }
    }

    fn poll_write(&mut self, _: &mut Context<'_>, waiting: &mut Waiting) -> Poll<()> {
        waiting.clear();
        Poll::Ready(())
    }
}

#[tokio::test(start_paused = true)]
async fn a_frame_that_is_on_its_way_does_not_open_a_client_that_was_closed_meanwhile() {
    let own = Arc::new(OnceLock::new());
    let chat = Client::<Chat>::new(Chat::room("a")).url("ws://server").transport(Closes(Arc::clone(&own))).open();
    let mut events = chat.events();
    own.set(chat.clone()).unwrap();
    soon(chat.closed()).await;
    assert!(matches!(chat.status(), Status::Closed { by: CloseBy::Us, last: None }), "{:?}", chat.status());
    while let Some(event) = soon(events.next()).await {
        assert!(matches!(event, Event::Status(Status::Connecting { .. } | Status::Closed { .. })));
    }
}

#[tokio::test(start_paused = true)]
async fn a_client_that_is_closed_while_its_token_is_asked_for_asks_again_when_it_is_opened() {
    let (chat, mut server) = chat();
    let asked = Arc::new(AtomicUsize::new(0));
    let calls = Arc::clone(&asked);
    let token = move |_| {
        let is_first = calls.fetch_add(1, Ordering::Relaxed) == 0;
        async move {
            if is_first {
                std::future::pending::<()>().await;
            }
            "later"
        }
    };
    let chat = chat.token(token).open();
    settle().await;
    assert_eq!(asked.load(Ordering::Relaxed), 1);
    chat.close();
    soon(chat.closed()).await;
    chat.open();
    let dial = soon(server.dial()).await;
    assert_eq!(dial.handshake.subprotocols.last().unwrap(), "channels.token.later");
}

#[tokio::test(start_paused = true)]
async fn a_panic_of_the_program_s_function_closes_the_client_and_it_may_be_opened_again() {
    let (chat, mut server) = chat();
    let panics = AtomicBool::new(true);
    let greeting = move || match panics.swap(false, Ordering::Relaxed) {
        true => panic!("of the greeting"),
        false => Vec::new(),
    };
    let chat = chat.greet(greeting).open();
    let mut events = chat.events();
    let asked = tokio::spawn(chat.request(say("a")));
    _ = server.joined().await;
    assert!(matches!(soon(asked).await.unwrap(), Err(Error::Closed)));
    soon(chat.closed()).await;
    assert!(matches!(chat.status(), Status::Closed { by: CloseBy::Us, .. }));
    while soon(events.next()).await.is_some() {}
    chat.open();
    _ = server.joined().await;
    settle().await;
    assert_eq!(chat.status(), Status::Open);
}

#[test]
fn a_client_whose_runtime_has_ended_is_closed() {
    let runtime = || tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
    let first = runtime();
    let (chat, _server, _peer) = first.block_on(opened());
    drop(first);
    runtime().block_on(async {
        soon(chat.closed()).await;
        assert!(matches!(chat.request(say("a")).await, Err(Error::Closed)));
    });
}

#[tokio::test(start_paused = true)]
async fn a_wait_that_no_clock_can_tell_is_a_long_one() {
    let (chat, mut server) = chat();
    let chat = chat.open();
    server.dial().await.refuse(503, Some(Duration::MAX));
    settle().await;
    let Status::Waiting { until, .. } = chat.status() else { panic!("{:?}", chat.status()) };
    assert!(until - Instant::now() > Duration::from_secs(86_400 * 365));
    assert!(matches!(soon(chat.request(say("a"))).await, Err(Error::Unsent(Unsent::TooLate))));
}

#[tokio::test(start_paused = true)]
async fn a_fixed_token_is_kept_after_it_was_refused() {
    let (chat, mut server) = chat();
    let chat = chat.fixed_token("mine").open();
    server.dial().await.refuse(401, None);
    soon(chat.closed()).await;
    chat.open();
    let dial = soon(server.dial()).await;
    assert_eq!(dial.handshake.subprotocols.last().unwrap(), "channels.token.mine");
}

#[tokio::test(start_paused = true)]
async fn a_fixed_token_beside_a_function_is_the_first() {
    let (chat, mut server) = chat();
    let _chat = chat.fixed_token("mine").token(|why| async move { format!("{why:?}") }).open();
    let dial = soon(server.dial()).await;
    assert_eq!(dial.handshake.subprotocols.last().unwrap(), "channels.token.mine");
    dial.refuse(401, None);
    let dial = soon(server.dial()).await;
    assert_eq!(dial.handshake.subprotocols.last().unwrap(), "channels.token.Refused");
}

#[tokio::test(start_paused = true)]
async fn a_stream_that_is_not_read_holds_up_no_close_and_has_its_events_afterwards() {
    let (chat, _server, peer) = opened().await;
    let mut events = chat.events();
    for _ in 0..3000 {
        peer.say(r#"{"type":"said","text":""}"#);
    }
    settle().await;
    chat.close();
    soon(chat.closed()).await;
    let (mut said, mut last) = (0, None);
    while let Some(event) = soon(events.next()).await {
        match event {
            Event::Message(_) => said += 1,
            event => last = Some(event),
        }
    }
    assert!(said >= 1024, "{said}");
    assert!(matches!(last, Some(Event::Status(Status::Closed { .. }))));
}

#[tokio::test(start_paused = true)]
async fn requests_that_the_network_does_not_take_wait_in_the_client_where_they_can_be_given_up() {
    let (chat, _server, peer) = opened().await;
    peer.stall();
    let long = "x".repeat(60_000);
    let asked: Vec<_> = (0..6).map(|_| tokio::spawn(chat.request(say(&long)))).collect();
    settle().await;
    asked[4].abort();
    settle().await;
    peer.resume();
    for reference in [1, 2, 3, 4, 6] {
        assert_eq!(peer.hear().await["ref"], reference);
    }
    asked.iter().for_each(|asked| asked.abort());
}

#[tokio::test(start_paused = true)]
async fn a_request_that_is_longer_than_the_queue_is_sent() {
    let (chat, mut server) = chat();
    let chat = chat.open();
    let asked = tokio::spawn(chat.request(say(&"x".repeat(300 * 1024))));
    let peer = server.dial().await.accept();
    peer.say(r#"{"type":"$hello","v":1,"max_bytes":1000000}"#);
    peer.say(r#"{"type":"$joined","id":"c1"}"#);
    assert_eq!(peer.hear().await["ref"], 1);
    asked.abort();
}

#[tokio::test(start_paused = true)]
async fn what_is_printed_of_a_client_is_without_its_query() {
    let (chat, _server) = chat();
    let chat = chat.query("token", "secret").open();
    let printed = format!("{chat:?}");
    assert!(printed.contains("ws://server/chat/a") && !printed.contains("secret"), "{printed}");
}

#[tokio::test(start_paused = true)]
async fn an_error_and_its_sources_say_each_thing_once() {
    let (chat, _server, peer) = opened().await;
    let asked = tokio::spawn(chat.request(say("a")));
    peer.hear().await;
    peer.say(r#"{"type":"success","ref":1,"data":"many"}"#);
    let error = asked.await.unwrap().unwrap_err();
    let source = error.source().unwrap().to_string();
    assert!(!source.is_empty() && !error.to_string().contains(&source), "{error}: {source}");
    let asked = tokio::spawn(chat.request(say("a")));
    peer.hear().await;
    peer.say(r#"{"type":"error","ref":2,"code":"chat.full","message":"it is full"}"#);
    let error = asked.await.unwrap().unwrap_err();
    assert!(error.to_string().contains("it is full"), "{error}");
    assert!(error.source().is_none());
}
