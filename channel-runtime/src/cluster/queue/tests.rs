use std::any::TypeId;

use super::super::wire::{Cargo, Destination};
use super::*;
use crate::connection::backpressure::HubBacklog;
use crate::room::class::{Class, TypeHash};
use crate::room::membership::NewConnection;
use crate::room::registry::Registry;

const AGE: Duration = Duration::from_secs(5);

fn hello(bytes: usize) -> Outbound {
    Outbound {
        channel: 0,
        to: Destination::Nodes,
        class: Class::Reliable,
        newest: None,
        mask: None,
        cargo: Cargo::Hello(vec![b'x'; bytes].into()),
    }
}

fn queue(most_bytes: usize) -> Queue {
    let queue = Queue::new(most_bytes, AGE, Instant::now());
    queue.came_back();
    queue
}

fn numbers(queue: &Queue, most_bytes: usize) -> Option<(u64, usize)> {
    queue.take(most_bytes).map(|batch| (batch.first, batch.records.len()))
}

#[tokio::test(start_paused = true)]
async fn records_leave_in_their_order_and_with_their_numbers() {
    let queue = queue(1 << 20);
    for _ in 0..5 {
        assert_eq!(queue.append(hello(100), None), Elsewhere::Taken);
    }
    assert_eq!(queue.latest(), 5);
    assert_eq!(numbers(&queue, 1), Some((1, 1)), "one leaves, however long");
    assert_eq!(numbers(&queue, 1 << 20), Some((2, 4)));
    assert_eq!((numbers(&queue, 1 << 20), queue.bytes()), (None, 0));
    queue.append_own(hello(1));
    assert_eq!(numbers(&queue, 1), Some((6, 1)));
}

#[tokio::test(start_paused = true)]
async fn the_list_of_what_is_published_is_used_again_if_it_is_not_long() {
    let queue = queue(1 << 20);
    for records in [3, 2 * MOST_SPARE] {
        (0..records).for_each(|_| queue.append_own(hello(1)));
        queue.end_batch(queue.take(1 << 20).expect("they wait").records);
        let room = queue.waiting.lock().spare.capacity();
        assert!((records.min(MOST_SPARE)..=MOST_SPARE).contains(&room), "room for {room} after {records}");
    }
    queue.append_own(hello(1));
    drop(queue.take(1 << 20));
    assert!(queue.waiting.lock().records.capacity() >= MOST_SPARE, "now those that come wait there");
}

#[tokio::test(start_paused = true)]
async fn what_waits_is_bounded_by_bytes() {
    let queue = queue(1000);
    let taken = std::iter::repeat_with(|| queue.append(hello(100), None)).take_while(|it| *it == Elsewhere::Taken);
    let taken = taken.count();
    assert!((5..10).contains(&taken), "{taken}");
    assert_eq!(queue.append(hello(100), None), Elsewhere::Refused(NotTaken::Full));
    queue.append_own(hello(100));
    assert_eq!(queue.latest(), taken as u64 + 1, "what is refused has no number");
}

#[tokio::test(start_paused = true)]
async fn a_volatile_record_is_taken_only_if_little_waits_for_a_bus_that_is_there() {
    let queue = queue(1 << 20);
    let volatile = || Outbound { class: Class::Volatile(TypeHash::of("pointer")), ..hello(1) };
    assert_eq!(queue.append(hello(100_000), None), Elsewhere::Taken);
    assert_eq!(queue.append(volatile(), None), Elsewhere::Taken);
    assert_eq!(queue.append(hello(40_000), None), Elsewhere::Taken);
    assert_eq!(queue.append(volatile(), None), Elsewhere::Refused(NotTaken::Full), "more than an eighth waits");
    assert_eq!(queue.append(hello(1), None), Elsewhere::Taken);
    drop(queue.take(1 << 20));
    assert_eq!(queue.append(volatile(), None), Elsewhere::Taken);
    queue.went_away(Instant::now());
    assert_eq!(queue.append(volatile(), None), Elsewhere::Refused(NotTaken::Away));
    assert_eq!(queue.append(hello(1), None), Elsewhere::Taken);
}

#[tokio::test(start_paused = true)]
async fn what_is_for_single_nodes_counts_until_it_is_taken() {
    let queue = queue(8000);
    let taken = || (0..100).take_while(|_| !queue.is_busy() && queue.answer(NodeId(1), hello(100))).count();
    assert!((8..=10).contains(&taken()), "an eighth");
    assert!(queue.is_busy());
    drop(queue.take_answers());
    assert!((8..=10).contains(&taken()));
    queue.drop_answers();
    assert!(!queue.is_busy());
}

#[tokio::test(start_paused = true)]
async fn from_half_of_the_bound_on_a_sender_is_slowed_until_its_record_is_gone_whatever_becomes_of_it() {
    let (queue, hub) = (queue(1000), std::sync::Arc::new(HubBacklog::new(16)));
    let publisher = Publisher::Hub(std::sync::Arc::clone(&hub));
    queue.append(hello(600), Some(&publisher));
    assert!(!hub.backlog.over_high_water());
    queue.append(hello(100), Some(&publisher));
    assert!(hub.backlog.over_high_water());
    drop(queue.take(1 << 20));
    assert!(!hub.backlog.over_high_water());
}

#[tokio::test(start_paused = true)]
async fn while_the_bus_is_away_what_is_young_waits_and_what_is_old_is_dropped() {
    let queue = queue(1 << 20);
    queue.append(hello(1), None);
    queue.went_away(Instant::now());
    tokio::time::advance(AGE / 2).await;
    assert_eq!(queue.append(hello(1), None), Elsewhere::Taken);
    tokio::time::advance(AGE / 2 + Duration::from_millis(1)).await;
    assert_eq!(queue.append(hello(1), None), Elsewhere::Refused(NotTaken::Away));
    assert_eq!(queue.drop_old(Instant::now()), 1);
    assert_eq!(numbers(&queue, 1 << 20), Some((2, 1)));
    queue.came_back();
    assert_eq!(queue.append(hello(1), None), Elsewhere::Taken);
}

#[tokio::test(start_paused = true)]
async fn what_is_owed_is_owed_no_more_when_the_bus_goes_away() {
    let queue = queue(1 << 20);
    let mut registry = Registry::new();
    registry.add::<()>(TypeId::of::<()>(), || None, None);
    let registry = Arc::new(registry);
    let guard = registry.enter(NewConnection::into_room("/"));
    let room = registry.room(0, "/").expect("somebody is in it");
    let owe = || queue.owe(Owes { node: NodeId(1), channel: 0, name: None }, &room, 5);
    assert!(owe() && queue.take_owed().is_some() && owe());
    queue.went_away(Instant::now());
    assert!(queue.take_owed().is_none());
    // Asked for on a connection on which this node's own greeting does not come back.
    assert!(owe());
    assert!(queue.answer(NodeId(1), hello(1)));
    queue.drop_answers();
    assert!(queue.take_owed().is_none() && queue.take_answers().is_empty());
    drop(guard);
}

#[tokio::test(start_paused = true)]
async fn whoever_writes_is_woken_by_the_next() {
    let queue = std::sync::Arc::new(queue(1 << 20));
    let writer = tokio::spawn({
        let queue = std::sync::Arc::clone(&queue);
        async move { queue.filled().await }
    });
    tokio::task::yield_now().await;
    assert!(!writer.is_finished());
    queue.append(hello(1), None);
    writer.await.expect("it is woken");
    queue.filled().await;
}
