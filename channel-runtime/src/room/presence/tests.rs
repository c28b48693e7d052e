//! The table by itself: what is told, what is silent, and in which frame.

use serde_json::{Value, json};

use super::*;

const BOUNDS: Bounds = Bounds { grace: Duration::from_secs(10), every: TICK, diffs_up_to: 4 };

const TICK: Duration = Duration::from_millis(250);

struct Fixture {
    presence: Presence,
    now: Instant,
}

fn text(frame: &Frame) -> Value {
    let (_, payload) = crate::wire::frame::payload(frame);
    serde_json::from_slice(payload).unwrap()
}

fn seen(cursor: u32) -> Shown {
    Shown::new(&json!({ "cursor": cursor }).to_string(), cursor)
}

impl Fixture {
    fn new() -> Self {
        Self { presence: Presence::new(BOUNDS), now: Instant::now() }
    }

    fn enter(&mut self, user: &str, cursor: u32) -> ConnectionId {
        let id = ConnectionId::next();
        self.presence.enter(Some(user), id, seen(cursor), self.now);
        id
    }

    fn leave(&mut self, user: &str, id: ConnectionId, leaving: Leaving) {
        self.presence.leave(Some(user), id, leaving, self.now);
    }

    /// What is told when it is due next; null for nothing.
    fn tick(&mut self) -> Value {
        self.now = self.presence.next().expect("something is due");
        self.presence.tick(self.now).map_or(Value::Null, |frame| text(&frame))
    }

    fn here(&mut self) -> Value {
        text(&self.presence.here())
    }
}

#[tokio::test(start_paused = true)]
async fn a_user_is_in_with_the_first_device_and_out_with_the_last() {
    let mut room = Fixture::new();
    assert_eq!(room.here(), json!({ "type": "$presence", "count": 0, "here": {} }));
    let (first, second) = (room.enter("ann", 1), room.enter("ann", 2));
    assert_eq!(room.here()["count"], 0, "nobody has been told yet");
    let entries = json!([{ "id": first.to_string(), "cursor": 1 }, { "id": second.to_string(), "cursor": 2 }]);
    assert_eq!(room.tick(), json!({ "type": "$presence", "count": 1, "in": { "ann": entries } }));
    assert_eq!(room.here(), json!({ "type": "$presence", "count": 1, "here": { "ann": entries } }));
    room.leave("ann", first, Leaving::ForGood);
    assert_eq!(room.tick(), json!({ "type": "$presence", "count": 1, "out": { "ann": [first.to_string()] } }));
    room.leave("ann", second, Leaving::ForGood);
    let bob = room.enter("bob", 3);
    assert_eq!(
        room.tick(),
        json!({
            "type": "$presence", "count": 1,
            "in": { "bob": [{ "id": bob.to_string(), "cursor": 3 }] },
            "out": { "ann": [second.to_string()] },
        })
    );
    assert_eq!(room.presence.next(), None);
}

#[tokio::test(start_paused = true)]
async fn who_comes_back_in_time_as_it_was_is_silent_and_keeps_its_entry() {
    let mut room = Fixture::new();
    let first = room.enter("ann", 1);
    room.tick();
    room.leave("ann", first, Leaving::Lost);
    room.now += Duration::from_secs(9);
    let second = room.enter("ann", 1);
    assert_eq!(room.tick(), Value::Null, "the grace is over, and nobody has gone");
    assert_eq!(room.presence.next(), None);
    assert_eq!(room.presence.list(room.now)[0].1[0].0, second);
    // Seen otherwise, it is the same entry.
    room.leave("ann", second, Leaving::Lost);
    room.enter("ann", 2);
    let changed = room.tick();
    assert_eq!(changed["in"], json!({ "ann": [{ "id": first.to_string(), "cursor": 2 }] }));
    assert_eq!(changed.get("out"), None);
}

#[tokio::test(start_paused = true)]
async fn a_user_who_is_lost_often_is_remembered_once_and_is_out_after_the_last_grace() {
    let mut room = Fixture::new();
    let mut id = room.enter("ann", 1);
    let known = id.to_string();
    room.tick();
    for _ in 0..100 {
        room.leave("ann", id, Leaving::Lost);
        assert_eq!(room.presence.lost.len(), 1);
        room.now += Duration::from_millis(50);
        id = room.enter("ann", 1);
    }
    room.leave("ann", id, Leaving::Lost);
    let lost = room.now;
    assert_eq!(room.tick(), Value::Null, "the time of the first, which has come back");
    assert_eq!(room.tick(), Value::Null);
    assert_eq!(room.tick(), json!({ "type": "$presence", "count": 0, "out": { "ann": [known] } }));
    assert_eq!(room.now - lost, BOUNDS.grace + TICK);
    assert_eq!((room.presence.next(), room.presence.lost.len()), (None, 0));
    // Who is sent away leaves no record behind.
    let id = room.enter("bob", 1);
    room.tick();
    room.leave("bob", id, Leaving::Lost);
    let id = room.enter("bob", 1);
    room.leave("bob", id, Leaving::ForGood);
    room.tick();
    assert_eq!((room.presence.next(), room.presence.lost.len()), (None, 0));
}

#[test]
fn an_object_without_fields_is_one_however_it_is_written() {
    for json in ["{}", "{ }", "{\n}"] {
        assert_eq!(&*Shown::new(json, ()).json, "}");
    }
}

#[tokio::test(start_paused = true)]
async fn who_does_not_come_back_is_out_after_the_grace_and_nobody_comes_back_for_what_is_nobodys() {
    let mut room = Fixture::new();
    let (ann, nobody) = (room.enter("ann", 1), ConnectionId::next());
    room.presence.enter(None, nobody, seen(7), room.now);
    assert_eq!(room.tick()["count"], 2);
    let lost = room.now;
    room.leave("ann", ann, Leaving::Lost);
    room.presence.leave(None, nobody, Leaving::Lost, room.now);
    let id = nobody.to_string();
    assert_eq!(room.tick(), json!({ "type": "$presence", "count": 1, "out": { &id: [id] } }));
    assert_eq!(room.presence.list(room.now).len(), 1, "ann may come back");
    assert_eq!(room.tick(), Value::Null);
    assert!(room.presence.list(room.now).is_empty(), "it is told with the next tick");
    assert_eq!(room.tick(), json!({ "type": "$presence", "count": 0, "out": { "ann": [ann.to_string()] } }));
    assert_eq!(room.now - lost, BOUNDS.grace + TICK);
    assert_eq!((room.presence.next(), room.presence.len), (None, 0));
}

#[tokio::test(start_paused = true)]
async fn what_comes_and_goes_within_a_tick_is_silent() {
    let mut room = Fixture::new();
    let ann = room.enter("ann", 1);
    room.tick();
    let bob = room.enter("bob", 1);
    room.leave("bob", bob, Leaving::Lost);
    room.presence.replace(Some("ann"), ann, seen(2), room.now);
    room.presence.replace(Some("ann"), ann, seen(1), room.now);
    room.leave("ann", ann, Leaving::ForGood);
    assert!(room.presence.list(room.now).is_empty(), "it has gone at once");
    let again = room.enter("ann", 1);
    assert_eq!(room.tick(), Value::Null);
    assert_eq!(room.presence.shown(Some("ann"), again).and_then(|shown| shown.value::<u32>().copied()), Some(1));
    assert_eq!(room.presence.take_aside().len(), 4, "each value that is no more is put aside");
}

#[tokio::test(start_paused = true)]
async fn above_a_bound_the_number_alone_is_told_once_a_second_and_all_again_below_three_quarters() {
    let mut room = Fixture::new();
    let ids: Vec<_> = (0..4).map(|n| room.enter(&format!("user {n}"), n)).collect();
    assert!(room.tick().get("in").is_some());
    let fifth = room.enter("user 4", 4);
    assert_eq!(room.tick(), json!({ "type": "$presence", "count": 5 }));
    assert_eq!(room.here(), json!({ "type": "$presence", "count": 5 }));
    let told = room.now;
    room.leave("user 4", fifth, Leaving::ForGood);
    assert_eq!(room.tick(), json!({ "type": "$presence", "count": 4 }), "four are too many still");
    assert_eq!(room.now - told, COUNTS_EVERY);
    room.presence.replace(Some("user 0"), ids[0], seen(9), room.now);
    assert_eq!(room.tick(), Value::Null, "nobody is told what is seen");
    room.leave("user 3", ids[3], Leaving::ForGood);
    let here = room.tick();
    assert_eq!((&here["count"], here["here"].as_object().unwrap().len()), (&json!(3), 3));
    assert_eq!(here["here"]["user 0"][0]["cursor"], 9);
    let told = room.now;
    room.leave("user 2", ids[2], Leaving::ForGood);
    assert!(room.tick().get("out").is_some());
    assert_eq!(room.now - told, TICK);
}

#[tokio::test(start_paused = true)]
async fn nothing_is_left_of_a_room_without_members() {
    let mut room = Fixture::new();
    let ann = room.enter("ann", 1);
    room.tick();
    room.enter("bob", 1);
    room.leave("ann", ann, Leaving::Lost);
    room.presence.clear();
    assert_eq!((room.presence.next(), room.presence.len, room.presence.users.len()), (None, 0, 0));
    assert_eq!(room.here(), json!({ "type": "$presence", "count": 0, "here": {} }));
    assert_eq!(room.presence.take_aside().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn who_comes_back_before_its_connection_has_ended_has_its_entry_and_that_one_none() {
    let mut room = Fixture::new();
    let first = room.enter("ann", 1);
    room.enter("bob", 1);
    room.tick();
    room.presence.supersede("bob", |id| id == first, room.now);
    room.presence.supersede("ann", |id| id == first, room.now);
    let second = room.enter("ann", 1);
    room.presence.replace(Some("ann"), first, seen(9), room.now);
    assert_eq!(room.presence.list(room.now)[0].1.iter().map(|(id, _)| *id).collect::<Vec<_>>(), [second]);
    room.leave("ann", first, Leaving::ForGood);
    assert!(room.presence.superseded.is_empty());
    assert_eq!(room.tick(), Value::Null, "the time in which it might have come back");
    assert_eq!(room.presence.next(), None);
    room.leave("ann", second, Leaving::ForGood);
    assert_eq!(room.tick()["out"], json!({ "ann": [first.to_string()] }));
}

#[tokio::test(start_paused = true)]
async fn who_is_sent_away_has_no_grace_however_its_connections_end() {
    let mut room = Fixture::new();
    let ids = [1, 2, 3].map(|cursor| room.enter("ann", cursor));
    room.tick();
    room.leave("ann", ids[0], Leaving::Lost);
    room.now += TICK;
    assert!(!room.presence.send_away("bob", |_| true, room.now));
    assert!(room.presence.send_away("ann", |id| id != ids[2], room.now));
    assert_eq!(room.presence.list(room.now)[0].1.len(), 2);
    assert!(!room.presence.send_away("ann", |id| id != ids[2], room.now), "it has gone");
    // One that is about to end already.
    room.leave("ann", ids[1], Leaving::Lost);
    room.leave("ann", ids[2], Leaving::Lost);
    assert_eq!(room.tick()["out"], json!({ "ann": [ids[0].to_string(), ids[1].to_string()] }));
    assert_eq!(room.presence.list(room.now)[0].1.len(), 1, "it was not meant");
    // Who comes back is sent away no more.
    let again = room.enter("ann", 3);
    room.presence.send_away("ann", |_| true, room.now);
    let anew = room.enter("ann", 4);
    room.tick();
    room.leave("ann", anew, Leaving::Lost);
    room.leave("ann", again, Leaving::Lost);
    room.tick();
    assert_eq!(room.presence.list(room.now)[0].1[0].0, anew);
}
