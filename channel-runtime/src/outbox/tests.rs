//! Who writes what waits, and who is woken where nobody else can.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Wake, Waker};
use std::time::Duration;

use socket2::SockRef;
use tokio::io::AsyncReadExt;
use tokio::net::{TcpListener, TcpStream};

use super::writing::Drained;
use super::*;
use crate::wire::frame::{Opcode, frame};
use crate::wire::transport::{Stream, Transport};

const LIMIT: usize = 1 << 20;

/// A connection's task, which counts how often it is woken.
#[derive(Default)]
struct Owner(AtomicUsize);

impl Wake for Owner {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

/// The outbox of a client on a socket, whose owner has drained it and rests.
struct Fixture {
    outbox: Outbox,
    stream: Stream,
    owner: Arc<Owner>,
    client: TcpStream,
}

impl Fixture {
    async fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let client = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        let (stream, socket) = Transport::Tcp(listener.accept().await.unwrap().0).split();
        let outbox = Outbox::new(LIMIT, Activity::default());
        outbox.attach(socket.unwrap());
        outbox.welcome_is_over();
        let mut fixture = Self { outbox, stream, owner: Arc::default(), client };
        assert!(fixture.drain().unwrap().empty);
        fixture
    }

    fn push(&self, size: usize) -> Pushed {
        self.outbox.push(frame(Opcode::Binary, &vec![7; size]), Sender::Others)
    }

    fn drain(&mut self) -> io::Result<Drained> {
        let waker = Waker::from(Arc::clone(&self.owner));
        self.outbox.drain(&mut Context::from_waker(&waker), &mut self.stream)
    }

    fn woken(&self) -> usize {
        self.owner.0.load(Ordering::Relaxed)
    }

    /// What the client reads next.
    async fn reads(&mut self, bytes: usize) {
        tokio::time::timeout(Duration::from_secs(20), self.client.read_exact(&mut vec![0; bytes]))
            .await
            .unwrap()
            .unwrap();
    }

    /// The client's socket takes no more, and its owner has seen that.
    fn fill(&mut self) {
        while self.woken() == 0 {
            match self.push(LIMIT / 8) {
                Pushed::Promised => self.outbox.flush(),
                pushed => panic!("{pushed:?}"),
            }
        }
        assert!(!self.drain().unwrap().empty);
    }
}

#[tokio::test]
async fn whoever_flushes_writes_to_the_socket_and_wakes_nobody() {
    let mut fixture = Fixture::new().await;
    assert_eq!(fixture.push(100), Pushed::Promised);
    assert_eq!(fixture.push(100), Pushed::Waits, "one who writes is enough");
    fixture.outbox.flush();
    fixture.reads(2 * 102).await;
    assert_eq!(fixture.push(100), Pushed::Promised, "the next one is promised anew");
    fixture.outbox.flush();
    fixture.reads(102).await;
    assert_eq!(fixture.woken(), 0);
}

#[tokio::test]
async fn what_is_pushed_while_the_owner_runs_is_the_owners_to_write() {
    let mut fixture = Fixture::new().await;
    fixture.outbox.cork();
    assert_eq!(fixture.push(100), Pushed::Waits);
    fixture.outbox.flush();
    assert_eq!(fixture.client.try_read(&mut [0; 1]).unwrap_err().kind(), io::ErrorKind::WouldBlock);
    let drained = fixture.drain().unwrap();
    assert!(drained.wrote && drained.empty);
    fixture.reads(102).await;
}

#[tokio::test]
async fn one_that_was_promised_and_corked_before_it_was_flushed_is_written_once() {
    let mut fixture = Fixture::new().await;
    assert_eq!(fixture.push(100), Pushed::Promised);
    // Its owner wakes for a reason of its own, and rests again.
    fixture.outbox.cork();
    fixture.outbox.flush();
    assert!(fixture.drain().unwrap().wrote);
    fixture.outbox.flush();
    fixture.reads(102).await;
    assert_eq!(fixture.client.try_read(&mut [0; 1]).unwrap_err().kind(), io::ErrorKind::WouldBlock);
    // Nobody has promised what comes next.
    assert_eq!(fixture.push(100), Pushed::Promised);
}

#[tokio::test]
async fn a_flush_that_meets_a_full_socket_leaves_it_to_the_owner() {
    let mut fixture = Fixture::new().await;
    fixture.fill();
    assert_eq!(fixture.woken(), 1, "once, and not by who came later");
    let waiting = fixture.outbox.inner.lock().queue.bytes();
    assert!(waiting > 0);
    // Nobody is promised anything, and who flushes all the same does nothing.
    while !fixture.outbox.is_far_behind() {
        assert_ne!(fixture.push(LIMIT / 8), Pushed::Promised);
    }
    assert_eq!(fixture.push(1), Pushed::FarBehind);
    fixture.outbox.flush();
    assert_eq!(fixture.woken(), 1);
    assert!(fixture.outbox.inner.lock().queue.bytes() > waiting);
}

#[tokio::test]
async fn a_flush_that_ends_a_long_wait_wakes_the_owner_who_may_have_rested_for_that() {
    let mut fixture = Fixture::new().await;
    // Far behind, though the socket would take more: nobody has seen to it yet.
    assert_eq!(fixture.push(1000), Pushed::Promised);
    while fixture.push(1000) != Pushed::FarBehind {}
    assert!(!fixture.outbox.cork_for_input(), "its input waits");
    let waiting = fixture.outbox.inner.lock().queue.bytes();
    let reading = async {
        while fixture.outbox.is_far_behind() {
            fixture.outbox.flush();
            tokio::task::yield_now().await;
        }
    };
    let mut sink = vec![0; waiting];
    tokio::time::timeout(Duration::from_secs(20), async {
        tokio::join!(reading, async { fixture.client.read_exact(&mut sink).await.unwrap() })
    })
    .await
    .unwrap();
    assert_eq!(fixture.woken(), 1);
    assert!(fixture.outbox.cork_for_input());
}

#[tokio::test]
async fn a_flush_that_fails_has_the_owner_meet_the_error() {
    let mut fixture = Fixture::new().await;
    // Its end is a reset.
    SockRef::from(&fixture.client).set_linger(Some(Duration::ZERO)).unwrap();
    drop(std::mem::replace(&mut fixture.client, Fixture::new().await.client));
    assert_eq!(fixture.push(100), Pushed::Promised);
    fixture.outbox.flush();
    assert_eq!(fixture.woken(), 1);
    let Err(error) = fixture.drain() else { panic!("it was written to nobody") };
    assert!(matches!(error.kind(), io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe), "{error}");
}

#[tokio::test]
async fn a_client_that_takes_more_after_it_took_no_more_is_seen_to() {
    let (near, mut far) = tokio::io::duplex(1000);
    let (mut stream, _) = Transport::Other(Box::new(near)).split();
    let outbox = Outbox::new(usize::MAX, Activity::default());
    let mut drain = || {
        let drained = outbox.drain(&mut Context::from_waker(Waker::noop()), &mut stream).unwrap();
        (drained.wrote, drained.resumed, drained.empty)
    };
    assert_eq!(drain(), (false, false, true));
    for _ in 0..10 {
        assert_ne!(outbox.push(frame(Opcode::Binary, &[0; 300]), Sender::Own), Pushed::Refused);
    }
    assert_eq!(drain(), (true, false, false));
    assert_eq!(drain(), (false, false, false));
    far.read_exact(&mut [0; 10]).await.unwrap();
    assert_eq!(drain(), (true, true, false));
    assert_eq!(drain(), (false, false, false));
}
