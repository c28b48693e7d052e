//! Who writes what waits, and who is woken where nobody else can.

use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use futures_util::FutureExt;
use proptest::prelude::*;
use socket2::SockRef;
use tokio::io::AsyncReadExt;
use tokio::net::{TcpListener, TcpStream};
use tokio::time::Instant;

use super::writing::Drained;
use super::*;
use crate::connection::stream::{Stream, Transport};
use crate::connection::unread::PACE;
use crate::wire::frame::{Opcode, frame};

const LIMIT: usize = 1 << 20;

#[test]
fn a_text_of_ones_own_is_the_frame_that_it_would_be() {
    let outbox = Outbox::new(LIMIT, Activity::default());
    outbox.welcome_is_over();
    let mut expected = Vec::new();
    for len in [0, 1, 125, 126, 4000, 70_000, 3] {
        let text = "x".repeat(len);
        assert_ne!(outbox.push_own_text(&text), Enqueued::Refused);
        expected.extend_from_slice(&frame(Opcode::Text, text.as_bytes()));
    }
    assert!(outbox.take() == expected);
    outbox.client_is_gone();
    assert_eq!(outbox.push_own_text("x"), Enqueued::Refused);
}

#[derive(Default)]
struct Owner(AtomicUsize);

impl Wake for Owner {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

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

    fn push(&self, size: usize) -> Enqueued {
        self.outbox.push(frame(Opcode::Binary, &vec![7; size]), Sender::Others)
    }

    fn drain(&mut self) -> io::Result<Drained> {
        let waker = Waker::from(Arc::clone(&self.owner));
        self.outbox.drain(&mut Context::from_waker(&waker), &mut self.stream)
    }

    fn is_far_behind(&self) -> bool {
        self.outbox.is_far_behind(&self.outbox.inner.lock())
    }

    fn woken(&self) -> usize {
        self.owner.0.load(Ordering::Relaxed)
    }

    async fn reads(&mut self, bytes: usize) {
        tokio::time::timeout(Duration::from_secs(20), self.client.read_exact(&mut vec![0; bytes]))
            .await
            .unwrap()
            .unwrap();
    }

    fn fill(&mut self) {
        while self.woken() == 0 {
            match self.push(LIMIT / 8) {
                Enqueued::MustFlush => self.outbox.flush(),
                pushed => panic!("{pushed:?}"),
            }
        }
        assert!(!self.drain().unwrap().empty);
    }
}

#[tokio::test]
async fn whoever_flushes_writes_to_the_socket_and_wakes_nobody() {
    let mut fixture = Fixture::new().await;
    assert_eq!(fixture.push(100), Enqueued::MustFlush);
    assert_eq!(fixture.push(100), Enqueued::Queued, "one who writes is enough");
    fixture.outbox.flush();
    fixture.reads(2 * 102).await;
    assert_eq!(fixture.push(100), Enqueued::MustFlush, "the next one is promised anew");
    fixture.outbox.flush();
    fixture.reads(102).await;
    assert_eq!(fixture.woken(), 0);
}

#[tokio::test]
async fn who_waits_for_room_is_told_by_whoever_writes() {
    let mut fixture = Fixture::new().await;
    fixture.fill();
    while !fixture.outbox.is_filling() {
        assert_ne!(fixture.push(LIMIT / 16), Enqueued::Refused);
    }
    let Fixture { outbox, client, .. } = &mut fixture;
    let mut waits = pin!(outbox.has_room());
    assert!(waits.as_mut().now_or_never().is_none());
    while outbox.is_filling() {
        assert!(client.read(&mut [0; 16 * 1024]).await.unwrap() > 0);
        outbox.nudge();
    }
    assert!(waits.now_or_never().is_some());
}

#[tokio::test]
async fn a_task_that_waits_for_rooms_goes_on_when_the_client_is_gone() {
    let Fixture { outbox, .. } = Fixture::new().await;
    let mut waits = pin!(outbox.caught_up(|| false));
    assert!(waits.as_mut().now_or_never().is_none());
    outbox.client_is_gone();
    assert!(waits.now_or_never().is_some());
}

#[tokio::test]
async fn what_is_pushed_while_the_owner_runs_is_the_owners_to_write() {
    let mut fixture = Fixture::new().await;
    fixture.outbox.cork();
    assert_eq!(fixture.push(100), Enqueued::Queued);
    fixture.outbox.flush();
    assert_eq!(fixture.client.try_read(&mut [0; 1]).unwrap_err().kind(), io::ErrorKind::WouldBlock);
    let drained = fixture.drain().unwrap();
    assert!(drained.wrote && drained.empty);
    fixture.reads(102).await;
}

#[tokio::test]
async fn one_that_was_promised_and_corked_before_it_was_flushed_is_written_once() {
    let mut fixture = Fixture::new().await;
    assert_eq!(fixture.push(100), Enqueued::MustFlush);
    fixture.outbox.cork();
    fixture.outbox.flush();
    assert!(fixture.drain().unwrap().wrote);
    fixture.outbox.flush();
    fixture.reads(102).await;
    assert_eq!(fixture.client.try_read(&mut [0; 1]).unwrap_err().kind(), io::ErrorKind::WouldBlock);
    assert_eq!(fixture.push(100), Enqueued::MustFlush);
}

#[tokio::test]
async fn a_flush_that_meets_a_full_socket_leaves_it_to_the_owner() {
    let mut fixture = Fixture::new().await;
    fixture.fill();
    assert_eq!(fixture.woken(), 1, "once, and not by who came later");
    let waiting = fixture.outbox.inner.lock().queue.bytes();
    assert!(waiting > 0);
    while !fixture.is_far_behind() {
        assert_ne!(fixture.push(LIMIT / 8), Enqueued::MustFlush);
    }
    assert_eq!(fixture.push(1), Enqueued::Lagging);
    fixture.outbox.flush();
    assert_eq!(fixture.woken(), 1);
    assert!(fixture.outbox.inner.lock().queue.bytes() > waiting);
}

#[tokio::test]
async fn a_flush_that_ends_a_long_wait_wakes_the_owner_who_may_have_rested_for_that() {
    let mut fixture = Fixture::new().await;
    assert_eq!(fixture.push(1000), Enqueued::MustFlush);
    while !fixture.is_far_behind() {
        assert_ne!(fixture.push(1000), Enqueued::MustFlush);
    }
    assert!(!fixture.outbox.cork_for_input(), "its input waits");
    let waiting = fixture.outbox.inner.lock().queue.bytes();
    let Fixture { outbox, client, .. } = &mut fixture;
    let reading = async {
        while outbox.is_far_behind(&outbox.inner.lock()) {
            outbox.flush();
            tokio::task::yield_now().await;
        }
    };
    let mut sink = vec![0; waiting];
    tokio::time::timeout(Duration::from_secs(20), async {
        tokio::join!(reading, async { client.read_exact(&mut sink).await.unwrap() })
    })
    .await
    .unwrap();
    assert_eq!(fixture.woken(), 1);
    assert!(fixture.outbox.cork_for_input());
}

#[tokio::test]
async fn a_flush_that_fails_has_the_owner_meet_the_error() {
    let mut fixture = Fixture::new().await;
    SockRef::from(&fixture.client).set_linger(Some(Duration::ZERO)).unwrap();
    drop(std::mem::replace(&mut fixture.client, Fixture::new().await.client));
    assert_eq!(fixture.push(100), Enqueued::MustFlush);
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
        assert_ne!(outbox.push(frame(Opcode::Binary, &[0; 300]), Sender::Own), Enqueued::Refused);
    }
    assert_eq!(drain(), (true, false, false));
    assert_eq!(drain(), (false, false, false));
    far.read_exact(&mut [0; 10]).await.unwrap();
    assert_eq!(drain(), (true, true, false));
    assert_eq!(drain(), (false, false, false));
}

#[tokio::test]
async fn a_frame_that_nothing_waits_beside_goes_in_whatever_its_length() {
    let fixture = Fixture::new().await;
    fixture.outbox.cork();
    assert_eq!(fixture.push(3 * LIMIT), Enqueued::Lagging);
    assert_eq!(fixture.push(LIMIT - 200), Enqueued::Lagging);
    assert_eq!(fixture.push(3 * LIMIT), Enqueued::Refused);
    let close = fixture.outbox.closing().unwrap();
    assert_eq!(close.reason, "more was sent at once than may wait for this client");
}

#[tokio::test]
async fn a_volatile_frame_is_for_who_takes_it_now() {
    let mut fixture = Fixture::new().await;
    let small = frame(Opcode::Binary, b"x");
    let offer = |fixture: &Fixture, frame: &Frame| fixture.outbox.offer(frame, Sender::Others);
    assert_eq!(offer(&fixture, &small), Some(Enqueued::MustFlush));
    fixture.outbox.flush();
    fixture.reads(small.len()).await;
    // Long ones go in beside nothing, and cut nobody.
    fixture.outbox.cork();
    let long = frame(Opcode::Binary, &vec![7; 3 * LIMIT]);
    assert_eq!(offer(&fixture, &long), Some(Enqueued::Lagging));
    assert_eq!(offer(&fixture, &small), None, "more waits than may");
    assert!(fixture.outbox.closing().is_none());
    fixture.outbox.take();
    assert_eq!(offer(&fixture, &small), Some(Enqueued::Queued));
    assert_eq!(offer(&fixture, &long), None, "beside others it counts");
    while offer(&fixture, &small).is_some() {}
    let waiting = fixture.outbox.bytes();
    assert!((LIMIT / 16 - small.len()..=LIMIT / 16).contains(&waiting), "{waiting}");
    assert_eq!(offer(&fixture, &small), None);
    assert_eq!(fixture.outbox.bytes(), waiting, "it is nowhere");
    assert_ne!(fixture.push(LIMIT / 2), Enqueued::Refused, "others go in as before");
    fixture.outbox.take();
    // One whose socket takes no more, though hardly anything waits.
    assert!(fixture.drain().unwrap().empty);
    fixture.fill();
    fixture.outbox.take();
    assert!(fixture.outbox.is_blocked());
    assert_eq!(offer(&fixture, &small), None);
}

#[test]
fn a_volatile_frame_of_others_is_dropped_while_on_connect_runs() {
    let outbox = Outbox::new(LIMIT, Activity::default());
    let small = frame(Opcode::Binary, b"x");
    assert_eq!(outbox.offer(&small, Sender::Others), None);
    assert_eq!(outbox.offer(&small, Sender::Own), Some(Enqueued::Queued));
    outbox.welcome_is_over();
    assert_eq!(outbox.take(), small[..]);
    assert_eq!(outbox.offer(&small, Sender::Others), Some(Enqueued::Queued));
    outbox.client_is_gone();
    assert_eq!(outbox.offer(&small, Sender::Others), Some(Enqueued::Refused));
}

#[cfg(target_pointer_width = "64")]
#[test]
fn a_bound_of_more_than_four_gibibytes_is_no_small_one() {
    for limit in [1 << 32, (1 << 32) + 10, usize::MAX] {
        let outbox = Outbox::new(limit, Activity::default());
        for _ in 0..3 {
            assert_ne!(outbox.push(frame(Opcode::Binary, &[0; 300]), Sender::Own), Enqueued::Refused, "{limit}");
        }
    }
}

#[tokio::test]
async fn the_bound_is_as_before_when_a_long_frame_has_left() {
    let mut fixture = Fixture::new().await;
    fixture.outbox.cork();
    assert_ne!(fixture.push(2 * LIMIT), Enqueued::Refused);
    assert_ne!(fixture.push(1000), Enqueued::Refused);
    let mut got = vec![0; fixture.outbox.bytes()];
    let mut client = std::mem::replace(&mut fixture.client, Fixture::new().await.client);
    let reading = tokio::spawn(async move {
        client.read_exact(&mut got).await.unwrap();
        client
    });
    while !fixture.drain().unwrap().empty {
        tokio::task::yield_now().await;
    }
    fixture.client = reading.await.unwrap();
    fixture.outbox.cork();
    assert_ne!(fixture.push(LIMIT / 2), Enqueued::Refused);
    assert_ne!(fixture.push(LIMIT / 2), Enqueued::Refused);
    assert_ne!(fixture.push(LIMIT / 2 - 200), Enqueued::Refused, "beside the longest");
    assert_eq!(fixture.push(LIMIT / 2), Enqueued::Refused);
}

#[tokio::test]
async fn who_reads_less_than_its_kernel_says_anything_about_is_written_to_all_the_same() {
    let mut fixture = Fixture::new().await;
    fixture.fill();
    let (waiting, woken) = (fixture.outbox.bytes(), fixture.woken());
    assert!(fixture.outbox.is_blocked());
    assert_eq!((fixture.outbox.tick(), fixture.outbox.tick()), (1, 2), "it takes nothing");
    let handed = fixture.outbox.handed();
    fixture.reads(256 * 1024).await;
    while fixture.outbox.tick() > 0 {
        tokio::task::yield_now().await;
    }
    assert!(fixture.outbox.bytes() < waiting);
    assert_eq!(fixture.outbox.handed() - handed, (waiting - fixture.outbox.bytes()) as u64);
    assert!(fixture.woken() <= woken + 2);
}

#[tokio::test(start_paused = true)]
async fn a_client_is_waited_for_while_it_takes_the_pace() {
    let second = Duration::from_secs(1);
    let mut blocked = Blocked::begin();
    let takes = |blocked: &mut Blocked| blocked.takes(Instant::now());
    tokio::time::advance(second).await;
    assert!(takes(&mut blocked));
    tokio::time::advance(second / 4).await;
    assert!(!takes(&mut blocked));
    for _ in 0..10 {
        blocked.took(PACE as usize + 1);
        tokio::time::advance(second).await;
        assert!(takes(&mut blocked));
    }
    blocked.took(usize::MAX);
    tokio::time::advance(second * 2 - second / 10).await;
    assert!(takes(&mut blocked));
    tokio::time::advance(second / 5).await;
    assert!(!takes(&mut blocked));
}

#[tokio::test(start_paused = true)]
async fn a_server_that_is_always_late_gives_a_client_that_has_stalled_a_second_more_and_no_longer() {
    let look = Duration::from_millis(100);
    let mut blocked = Blocked::begin();
    for _ in 0..2 {
        let mut waited = Duration::ZERO;
        while blocked.takes(Instant::now()) {
            tokio::time::advance(look).await;
            waited += look;
            blocked.forgive(Instant::now(), look / 10 * 9);
        }
        assert!((2200..=2300).contains(&waited.as_millis()), "{waited:?}");
        blocked.took(PACE as usize / 5 * 6);
    }
}

proptest! {
    #[test]
    fn what_waits_is_bounded_beside_the_longest_frame(
        steps in prop::collection::vec((0..3000usize, any::<bool>(), 0..2500usize), 1..80),
    ) {
        const LIMIT: usize = 4000;
        let outbox = Outbox::new(LIMIT, Activity::default());
        outbox.welcome_is_over();
        let (mut waiting, mut longest) = (0, 0);
        for (size, own, takes) in steps {
            let frame = frame(Opcode::Binary, &vec![7; size]);
            let len = frame.len();
            longest = if waiting == 0 { len } else { longest.max(len) };
            let is_refused = outbox.push(frame, if own { Sender::Own } else { Sender::Others }) == Enqueued::Refused;
            prop_assert!(!is_refused || waiting + len > LIMIT);
            if is_refused {
                break;
            }
            waiting += len;
            prop_assert_eq!(outbox.bytes(), waiting);
            // What is gathered for one client alone counts as one frame.
            prop_assert!(waiting <= LIMIT + longest.max(4096));
            let inner = &mut *outbox.inner.lock();
            let mut takes = (takes > 0).then_some(takes).into_iter();
            let written = inner.queue.write_to(|bytes| match takes.next() {
                Some(most) => Poll::Ready(Ok(most.min(bytes.len()))),
                None => Poll::Pending,
            });
            if written.is_ready() {
                assert!(!outbox.notify_emptied(inner));
            }
            waiting = inner.queue.bytes();
        }
    }
}
