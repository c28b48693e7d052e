//! Random rooms and clients against what history promises: a client either has everything that was for it, in order and once, or
//! knows that it has not.

use std::env;

use super::*;
use crate::wire::frame::{FrameBuilder, Opcode, payload};

const MOST_STEPS: usize = 600;
const CLIENTS: usize = 6;

fn limits() -> Limits {
    Limits { size: 20, bytes: 1 << 20, age: Duration::from_secs(10), recent: 3, has_snapshot: false }
}

fn log(limits: Limits) -> Log {
    Log::new(limits, &HistoryBudget::new(usize::MAX))
}

fn send(log: &mut Log, exclusions: &Exclusions, now: Instant) -> u64 {
    let number = log.next();
    let mut builder = FrameBuilder::to_be_numbered(64);
    builder.payload_mut().extend_from_slice(br#"{"type":"said"}"#);
    let mut frame = builder.finish(Opcode::Text);
    frame.number(number);
    log.push(frame, exclusions, now);
    number
}

fn number_of(frame: &Frame) -> u64 {
    let text = std::str::from_utf8(payload(frame).1).expect("it is a text");
    let number = text.strip_prefix(r#"{"$seq":"#).and_then(|text| text.split_once(','));
    number.and_then(|(number, _)| number.parse().ok()).expect("it is numbered")
}

fn newcomer(id: ConnectionId, position: Option<&Position>) -> Newcomer<'_> {
    Newcomer { id, user: None, position, most_bytes: usize::MAX, has_state: None }
}

fn enter(log: &mut Log, newcomer: &Newcomer<'_>, now: Instant) -> Entered {
    log.enter(newcomer, now).expect("there is no state to tell")
}

fn joined(log: &mut Log, position: Option<&Position>, now: Instant) -> (Joined, Vec<u64>) {
    let entered = enter(log, &newcomer(ConnectionId::next(), position), now);
    (entered.joined, entered.replay.iter().map(number_of).collect())
}

fn fresh(reason: Fresh) -> Joined {
    Joined::Fresh { reason }
}

#[test]
fn who_missed_nothing_resumes_as_long_as_the_epoch_lives_however_empty_the_log() {
    let (mut log, now) = (log(limits()), Instant::now());
    let first = enter(&mut log, &newcomer(ConnectionId::next(), None), now);
    let zero = Position::At(first.at, 0);
    assert_eq!(joined(&mut log, Some(&zero), now), (Joined::Resumed { missed: 0 }, vec![]));
    send(&mut log, &Exclusions::default(), now);
    send(&mut log, &Exclusions::default(), now);
    assert_eq!(joined(&mut log, Some(&zero), now), (Joined::Resumed { missed: 2 }, vec![1, 2]));
    let later = now + Duration::from_secs(10);
    let (one, two) = (Position::At(first.at, 1), Position::At(first.at, 2));
    assert_eq!(joined(&mut log, Some(&two), later), (Joined::Resumed { missed: 0 }, vec![]));
    assert_eq!(joined(&mut log, Some(&one), later), (fresh(Fresh::Expired), vec![]));
}

#[test]
fn each_reason_to_begin_anew_is_told_and_the_newest_are_sent() {
    let (mut log, now) = (log(limits()), Instant::now());
    let at = enter(&mut log, &newcomer(ConnectionId::next(), None), now).at;
    for _ in 0..25 {
        send(&mut log, &Exclusions::default(), now);
    }
    let of_another = At { epoch: ConnectionId::next(), session: None };
    let recent = vec![23, 24, 25];
    for (position, reason) in [
        (None, Fresh::First),
        (Some(Position::At(at, 4)), Fresh::Expired),
        (Some(Position::At(of_another, 25)), Fresh::Replaced),
        (Some(Position::At(at, 26)), Fresh::Replaced),
        (Some(Position::Unknown), Fresh::Replaced),
    ] {
        assert_eq!(joined(&mut log, position.as_ref(), now), (fresh(reason), recent.clone()), "{position:?}");
    }
    let position = Position::At(at, 5);
    assert_eq!(joined(&mut log, Some(&position), now).0.resumed(), Some(20));
    let narrow = Newcomer { most_bytes: 50, ..newcomer(ConnectionId::next(), Some(&position)) };
    let entered = enter(&mut log, &narrow, now);
    assert_eq!((entered.joined, entered.replay.len()), (fresh(Fresh::TooFar), 1), "of the newest, what fits");
}

#[test]
fn whether_there_is_a_state_to_tell_has_to_be_known_for_who_begins_anew_alone() {
    let (mut log, now) = (log(Limits { has_snapshot: true, ..limits() }), Instant::now());
    let none = Newcomer { has_state: Some(false), ..newcomer(ConnectionId::next(), None) };
    let first = enter(&mut log, &none, now);
    assert_eq!((first.seq, first.snapshot), (1, None), "it has had all that there is");
    let numbers: Vec<u64> = (0..5).map(|_| send(&mut log, &Exclusions::default(), now)).collect();
    let position = Position::At(first.at, first.seq);
    let back = newcomer(ConnectionId::next(), Some(&position));
    assert_eq!(enter(&mut log, &back, now).replay.len(), 5);
    // It is too far behind, or what it missed is let go of at the last moment.
    let narrow = Newcomer { most_bytes: 60, ..newcomer(ConnectionId::next(), Some(&position)) };
    let next = log.next();
    assert!(log.enter(&narrow, now).is_none());
    assert_eq!((log.next(), log.sessions.contains_key(&narrow.id)), (next, false));
    let fresh = enter(&mut log, &Newcomer { has_state: Some(false), ..narrow }, now);
    assert_eq!((fresh.snapshot, fresh.seq, fresh.replay.len()), (None, numbers[2], 2));
    let told = enter(&mut log, &Newcomer { has_state: Some(true), ..newcomer(ConnectionId::next(), None) }, now);
    assert_eq!((told.snapshot, told.seq, told.replay.len()), (Some(next), 0, 0));
}

#[test]
fn what_still_runs_for_one_that_has_left_again_is_its_sessions() {
    let (mut log, now) = (log(limits()), Instant::now());
    let (first, second) = (ConnectionId::next(), ConnectionId::next());
    let entered = enter(&mut log, &newcomer(first, None), now);
    let position = Position::At(entered.at, 0);
    log.leave(first, Some(true), now);
    enter(&mut log, &newcomer(second, Some(&position)), now);
    log.leave(second, Some(true), now);
    assert_eq!(log.excluded(&Exclusions::others(second)), [first]);
    send(&mut log, &Exclusions::others(second), now);
    assert_eq!(joined(&mut log, Some(&position), now), (Joined::Resumed { missed: 0 }, vec![]));
    // Not for ever.
    log.leave(first, Some(true), now + Duration::from_secs(11));
    assert_eq!(log.excluded(&Exclusions::others(second)), [second]);
}

#[test]
fn who_was_cut_before_it_had_arrived_begins_anew_and_who_was_there_before_resumes_however_many_were_cut() {
    const CUT: usize = 3000;
    let (mut log, now) = (log(limits()), Instant::now());
    let mut begin = || {
        let id = ConnectionId::next();
        (id, Position::At(enter(&mut log, &newcomer(id, None), now).at, 0))
    };
    let (before, sessions): (_, Vec<_>) = (begin(), (0..CUT).map(|_| begin()).collect());
    let after = begin();
    // It comes back, and leaves again while others are cut: by another id, and as the same session.
    let again = ConnectionId::next();
    log.leave(sessions[5].0, Some(true), now);
    assert!(enter(&mut log, &newcomer(again, Some(&sessions[5].1)), now).joined.resumed().is_some());
    for (at, (id, _)) in sessions.iter().enumerate() {
        match at {
            5 => log.leave(again, Some(true), now),
            _ => log.leave(*id, Some(false), now),
        }
        // Who can't come back is not remembered.
        log.leave(ConnectionId::next(), None, now);
    }
    log.leave(before.0, Some(true), now);
    log.leave(after.0, Some(true), now);
    let later = now + Duration::from_secs(3600);
    for (at, (_, position)) in sessions.iter().enumerate().filter(|(at, _)| *at != 5) {
        assert_eq!(joined(&mut log, Some(position), later).0, fresh(Fresh::First), "{at}");
    }
    for position in [before.1, sessions[5].1.clone(), after.1] {
        assert_eq!(joined(&mut log, Some(&position), later).0.resumed(), Some(0));
    }
}

#[test]
fn who_comes_back_while_its_connection_before_is_a_member_is_known_to_have_arrived() {
    let (mut log, now) = (log(limits()), Instant::now());
    let mut one = || {
        let id = ConnectionId::next();
        (id, Position::At(enter(&mut log, &newcomer(id, None), now).at, 0))
    };
    let sessions: Vec<_> = (0..3000).map(|_| one()).collect();
    // A third has arrived and stays: one of them as it is, one has come back by another id.
    let (stays, returned, other) = (sessions[99].clone(), sessions[201].clone(), ConnectionId::next());
    log.leave(returned.0, Some(true), now);
    assert!(enter(&mut log, &newcomer(other, Some(&returned.1)), now).joined.resumed().is_some());
    for (_, (id, _)) in sessions.iter().enumerate().filter(|(at, _)| at % 3 > 0) {
        log.leave(*id, Some(false), now);
    }
    for (session, position) in [&stays, &returned] {
        log.comes_back(*session, |_| false);
        assert_eq!(joined(&mut log, Some(position), now).0, fresh(Fresh::First), "it is not a member");
        log.comes_back(*session, |id| id == stays.0 || id == other);
        assert_eq!(joined(&mut log, Some(position), now).0.resumed(), Some(0));
    }
}

#[test]
fn all_logs_together_have_a_bound() {
    let budget = HistoryBudget::new(10_000);
    let mut logs: Vec<Log> = (0..3).map(|_| Log::new(limits(), &budget)).collect();
    let now = Instant::now();
    for at in 0..60 {
        send(&mut logs[at % 3], &Exclusions::default(), now);
        assert!(budget.entry_bytes() <= 11_250, "{}", budget.entry_bytes());
    }
    assert!(budget.entry_bytes() > 10_000, "{}", budget.entry_bytes());
    logs[0].clear().drop_some(usize::MAX);
    assert!(budget.entry_bytes() < budget.bytes());
    drop(logs);
    assert_eq!(budget.bytes(), 0);
}

#[test]
fn the_bound_of_bytes_is_one_of_bytes_on_the_wire_and_the_space_of_what_is_let_go_is_given_back() {
    let (budget, now) = (HistoryBudget::new(usize::MAX), Instant::now());
    let mut log = Log::new(Limits { size: 1000, bytes: 3_000, ..limits() }, &budget);
    for _ in 0..500 {
        send(&mut log, &Exclusions::default(), now);
    }
    let bytes = |log: &Log| log.entries.iter().map(|entry| entry.frame.len()).sum::<usize>();
    assert_eq!(log.bytes, bytes(&log));
    assert!((2_960..=3_000).contains(&log.bytes), "{}", log.bytes);
    let allocated = |log: &Log| {
        log.entries.iter().map(Entry::allocated).sum::<usize>() + log.entries.capacity() * size_of::<Entry>()
    };
    assert_eq!((log.allocated, budget.entry_bytes()), (allocated(&log), allocated(&log)));
    let capacity = log.entries.capacity();
    drop(log.shed_half(now + limits().age, 0, log.entries.len() - 3));
    assert!(log.entries.capacity() <= capacity / 4);
    assert_eq!((log.bytes, log.allocated, budget.entry_bytes()), (bytes(&log), allocated(&log), allocated(&log)));
}

#[test]
fn a_room_that_is_given_up_is_counted_no_more_until_it_is_used_again() {
    let (budget, now) = (HistoryBudget::new(usize::MAX), Instant::now());
    let mut log = Log::new(limits(), &budget);
    let one = budget.bytes();
    let uses: [fn(&mut Log, Instant); 3] = [
        |log, now| {
            send(log, &Exclusions::default(), now);
        },
        |log, now| drop(log.enter(&newcomer(ConnectionId::next(), None), now)),
        |log, now| {
            log.position(now, true);
        },
    ];
    for act in uses {
        for _ in 0..2 {
            drop(log.give_up());
            log.position(now, false);
            assert_eq!((budget.bytes(), budget.entry_bytes()), (0, 0));
        }
        act(&mut log, now);
        assert_eq!(budget.bytes() - budget.entry_bytes(), one);
    }
    drop(log.give_up());
    drop(log);
    assert_eq!(budget.bytes(), 0);
}

#[test]
fn no_more_is_let_go_at_once_than_is_said() {
    let (budget, start) = (HistoryBudget::new(usize::MAX), Instant::now());
    let mut log = Log::new(limits(), &budget);
    for _ in 0..10 {
        send(&mut log, &Exclusions::default(), start);
    }
    let (later, bytes) = (start + Duration::from_secs(6), log.bytes);
    send(&mut log, &Exclusions::default(), later);
    assert_eq!(log.shed_half(later, 1, 4).len(), 4);
    assert_eq!((log.evicted, log.entries.len()), (4, 7));
    assert!(log.bytes < bytes);
    assert_eq!(log.shed_half(later, 1, 9).len(), 6, "the last is not as old");
    assert_eq!(log.clear().len(), 1);
    assert_eq!((log.evicted, log.bytes, budget.entry_bytes()), (11, 0, 0));
}

/// A client of the model: what it has had, and what it had to have since it last began anew.
struct Client {
    /// Of its first connection, by which others exclude it: any, here.
    id: Option<ConnectionId>,
    user: UserKey,
    position: Option<Position>,
    at: Option<At>,
    had: Vec<u64>,
    due: Vec<u64>,
    /// Sent and not taken: lost with the connection, from some place on.
    under_way: Vec<u64>,
    /// It has begun anew, and `on_connect` runs for it.
    is_arriving: bool,
}

impl Client {
    /// Takes some of what is under way.
    fn take(&mut self, count: usize) {
        for number in self.under_way.drain(..count) {
            // A double is dropped, as clients do.
            if self.had.last().is_none_or(|last| number > *last) {
                self.had.push(number);
            }
            self.position = self.at.map(|at| Position::At(at, number));
        }
    }
}

struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 33) as usize % sides
    }
}

#[test]
fn whoever_resumes_has_had_everything_in_order_and_once() {
    let number = |name| env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
    let seeds = match number("SEED") {
        Some(seed) => seed..seed + 1,
        None => 1..number("SEEDS").unwrap_or(300) + 1,
    };
    let (mut resumed, mut anew) = (0, 0);
    for seed in seeds {
        let counts = run(seed);
        resumed += counts.0;
        anew += counts.1;
    }
    assert!(resumed > 0 && anew > 0, "{resumed} resumed, {anew} began anew");
}

fn run(seed: u64) -> (usize, usize) {
    let mut dice = Dice(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1);
    let limits = Limits { size: 5 + dice.roll(60), age: Duration::from_secs(5 + dice.roll(60) as u64), ..limits() };
    let (mut log, mut now) = (log(limits), Instant::now());
    let mut clients: Vec<Client> = (0..CLIENTS)
        .map(|at| Client {
            id: None,
            user: UserKey::new(&(at / 2)),
            position: None,
            at: None,
            had: Vec::new(),
            due: Vec::new(),
            under_way: Vec::new(),
            is_arriving: false,
        })
        .collect();
    let (mut resumed, mut anew) = (0, 0);
    for _ in 0..MOST_STEPS {
        now += Duration::from_millis(dice.roll(300) as u64);
        let who = dice.roll(CLIENTS);
        match dice.roll(20) {
            0..8 => say(&mut dice, &mut log, &mut clients, who, now),
            8..13 => {
                let count = dice.roll(clients[who].under_way.len() + 1);
                clients[who].take(count);
            }
            13..15 => {
                if let Some(id) = clients[who].id.take() {
                    log.leave(id, Some(!clients[who].is_arriving), now);
                    clients[who].under_way.clear();
                }
            }
            15..18 => {
                if clients[who].id.is_none() {
                    let arrives = dice.roll(4) > 0;
                    let is_resumed = come_back(&mut log, &mut clients[who], arrives, now, seed);
                    (resumed, anew) = if is_resumed { (resumed + 1, anew) } else { (resumed, anew + 1) };
                }
            }
            18 => match dice.roll(10) {
                0 => drop(log.clear()),
                1 => drop(log.give_up()),
                2 => drop(log.shed_half(now, 1, 1 + dice.roll(9))),
                _ if clients[who].id.is_some() => clients[who].is_arriving = false,
                _ => {}
            },
            _ => {
                let is_empty = clients.iter().all(|client| client.id.is_none());
                if is_empty && dice.roll(3) == 0 {
                    log = self::log(limits);
                }
            }
        }
    }
    for client in clients.iter_mut().filter(|client| client.id.is_some()) {
        client.take(client.under_way.len());
        assert_eq!(client.had, client.due, "seed {seed}");
    }
    (resumed, anew)
}

fn say(dice: &mut Dice, log: &mut Log, clients: &mut [Client], who: usize, now: Instant) {
    let id = clients[who].id;
    let mut exclusions = Exclusions::default();
    let mut excluded = None;
    match (dice.roll(4), id) {
        (0, Some(id)) => (exclusions, excluded) = (Exclusions::others(id), Some(who)),
        (1, Some(id)) => {
            exclusions.except.push(id);
            excluded = Some(who);
        }
        (2, _) => exclusions.except_users.push(clients[who].user.clone()),
        _ => {}
    }
    let number = send(log, &exclusions, now);
    for (at, client) in clients.iter_mut().enumerate() {
        if excluded == Some(at) || exclusions.except_users.contains(&client.user) {
            continue;
        }
        client.due.push(number);
        if client.id.is_some() {
            client.under_way.push(number);
        }
    }
}

fn come_back(log: &mut Log, client: &mut Client, arrives: bool, now: Instant, seed: u64) -> bool {
    let id = ConnectionId::next();
    let position = client.position.clone();
    let newcomer =
        Newcomer { id, user: Some(&client.user), position: position.as_ref(), most_bytes: usize::MAX, has_state: None };
    let has_all = matches!(&position, Some(Position::At(at, number)) if at.epoch == log.epoch && *number == log.top());
    let entered = enter(log, &newcomer, now);
    client.id = Some(id);
    client.at = Some(entered.at);
    client.under_way = entered.replay.iter().map(number_of).collect();
    let is_resumed = entered.joined.resumed().is_some();
    if let (true, Some(Position::At(_, number))) = (is_resumed, &position) {
        assert_eq!(entered.seq, *number);
    }
    assert!(is_resumed || !has_all || client.is_arriving, "seed {seed}: it had missed nothing");
    assert!(!(is_resumed && client.is_arriving), "seed {seed}: it has not had all that it is told at first");
    client.is_arriving = !is_resumed && !arrives;
    if !is_resumed {
        // What is sent to who begins anew is had, and nothing before it is due.
        client.had.clear();
        client.due = client.under_way.clone();
        client.position = Some(Position::At(entered.at, entered.seq));
    }
    is_resumed
}
