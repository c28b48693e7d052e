use std::collections::BTreeMap;

use parking_lot::Mutex;
use tokio::time::advance;

use super::*;
use crate::socket::handled_once::HandledOnce;
use crate::socket::kept_answer::KeptAnswer;
use crate::socket::one_answer::SaidAgain;

fn key(user: u64, id: &str) -> MessageKey {
    MessageKey { who: Principal::User(UserKey::new(&user)), channel: 0, id: MessageId::of(id) }
}

fn guests(connection: ConnectionId, id: &str) -> MessageKey {
    let id = MessageId::of(id);
    MessageKey { who: Principal::of(None, connection, &id, |_| true), channel: 0, id }
}

fn first(replies: &Arc<Replies>, user: u64, id: &str) -> HandledOnce {
    HandledOnce::begin(replies, key(user, id)).unwrap_or_else(|_| panic!("{id} was said before"))
}

fn give(mut handled: HandledOnce, json: impl Into<Vec<u8>>) {
    let answer = handled.answer(json.into(), false);
    handled.give(answer);
}

fn is_first(replies: &Arc<Replies>, user: u64, id: &str) -> bool {
    HandledOnce::begin(replies, key(user, id)).map(|handled| give(handled, SOLD)).is_ok()
}

const SOLD: &str = r#"{"type":"sold"}"#;

/// `{"type":"x","text":".."}` of this length.
fn long(len: usize) -> String {
    let (before, after) = (r#"{"type":"x","text":""#, r#""}"#);
    format!("{before}{}{after}", "a".repeat(len - before.len() - after.len()))
}

/// Those who say it again, and what each has heard.
#[derive(Clone, Default)]
struct Ears(Arc<Mutex<Vec<String>>>);

impl SaidAgain for Ears {
    fn answer(self: Box<Self>, answer: &KeptAnswer) {
        let text = answer.text(None, true).expect("it needs no reference");
        self.0.lock().push(String::from_utf8(text).unwrap());
    }

    fn refuse(self: Box<Self>) {
        self.0.lock().push("refused".to_owned());
    }
}

impl Ears {
    fn say_again(&self, replies: &Arc<Replies>, user: u64, id: &str) {
        match HandledOnce::begin(replies, key(user, id)) {
            Ok(_) => panic!("{id} was not said before"),
            Err(answer) => answer.answer(Box::new(self.clone())),
        }
    }

    fn take(&self) -> Vec<String> {
        std::mem::take(&mut *self.0.lock())
    }
}

impl Replies {
    /// Entries and bytes, after a check of all sums.
    fn sums(&self) -> (usize, usize) {
        let mut sums = (0, 0);
        for shard in &self.shards {
            let shard = &*shard.lock();
            let numbers: usize = shard.users.values().map(|share| share.numbers.len()).sum();
            let answered: usize = shard.users.values().map(|share| share.answered.len()).sum();
            assert_eq!((numbers, answered), (shard.entries.len(), shard.answered.len()));
            let of_users = shard.users.values().flat_map(|share| &share.answered);
            assert!(of_users.into_iter().all(|number| shard.answered.contains(number)));
            let answers: usize = shard.users.values().map(|share| share.bytes).sum();
            let keys: usize = shard.entries.keys().map(|key| key.bytes()).sum();
            assert_eq!(answers + keys, shard.bytes);
            let is_within = |share: &Share| share.one_too_many().or(share.answer_too_many()).is_none();
            assert!(shard.users.values().all(|share| !share.numbers.is_empty() && is_within(share)));
            assert!(shard.bytes <= MOST_BYTES / SHARDS);
            sums = (sums.0 + numbers, sums.1 + shard.bytes);
        }
        sums
    }
}

#[tokio::test(start_paused = true)]
async fn a_message_is_first_once_for_its_user_its_channel_and_its_id() {
    let (replies, ears) = (Arc::new(Replies::default()), Ears::default());
    give(first(&replies, 1, "a"), SOLD);
    ears.say_again(&replies, 1, "a");
    assert_eq!(ears.take(), [r#"{"type":"sold","$again":true}"#]);
    assert!(is_first(&replies, 2, "a"), "another user");
    assert!(is_first(&replies, 1, "b"), "another id");
    let elsewhere = MessageKey { channel: 1, ..key(1, "a") };
    assert!(HandledOnce::begin(&replies, elsewhere).is_ok(), "another channel");
    assert!(HandledOnce::begin(&replies, guests(ConnectionId::next(), "a")).is_ok(), "a guest");
    assert!(HandledOnce::begin(&replies, guests(ConnectionId::next(), "a")).is_ok(), "another guest");
}

const SECRET: &str = "0123456789abcdef";

#[tokio::test(start_paused = true)]
async fn a_guest_is_known_by_its_secret_or_on_its_connection_alone_and_never_as_a_user() {
    let replies = Arc::new(Replies::default());
    let is_first = |key| HandledOnce::begin(&replies, key).map(|handled| give(handled, SOLD)).is_ok();
    let (one, other) = (ConnectionId::next(), ConnectionId::next());
    let id = format!("{SECRET}-1");
    assert!(is_first(guests(one, &id)));
    assert!(!is_first(guests(other, &id)), "on another connection");
    assert!(is_first(guests(other, &format!("{SECRET}-2"))), "another message");
    assert!(is_first(guests(other, &format!("{SECRET}--1"))), "the secret ends at the last hyphen");
    let elsewhere = MessageKey { channel: 1, ..guests(one, &id) };
    assert!(is_first(elsewhere), "another channel");
    for id in [&SECRET[1..], "-1", SECRET, &format!("{}-1", &SECRET[1..])] {
        assert!(is_first(guests(one, id)), "{id}");
        assert!(!is_first(guests(one, id)), "{id} on the same connection");
        assert!(is_first(guests(other, id)), "{id} on another connection");
    }
    // A user whose name is a guest's secret.
    let user = || {
        let key = UserKey::new(&SECRET.to_owned());
        MessageKey {
            who: Principal::of(Some(&key), one, &MessageId::of(&id), |_| true),
            channel: 0,
            id: MessageId::of(&id),
        }
    };
    assert!(is_first(user()));
    assert!(!is_first(user()) && !is_first(guests(one, &id)));
}

#[tokio::test(start_paused = true)]
async fn guests_take_no_space_of_users() {
    let replies = Arc::new(Replies::default());
    give(first(&replies, 1, "a"), long(10_000));
    let one = ConnectionId::next();
    for n in 0..40_000 {
        let key = guests(one, &format!("{n:016}-1"));
        give(HandledOnce::begin(&replies, key).unwrap_or_else(|_| panic!("{n} was said before")), SOLD);
    }
    assert!(replies.forgotten.get() > 0);
    let ears = Ears::default();
    ears.say_again(&replies, 1, "a");
    assert!(ears.take()[0].starts_with(r#"{"type":"x""#));
    assert!(replies.sums().1 <= MOST_BYTES / SHARDS * (OF_GUESTS + 1));
}

#[tokio::test(start_paused = true)]
async fn those_who_say_it_meanwhile_wait_and_only_so_many() {
    let (replies, ears) = (Arc::new(Replies::default()), Ears::default());
    let handled = first(&replies, 1, "a");
    for _ in 0..20 {
        ears.say_again(&replies, 1, "a");
    }
    assert_eq!(ears.take(), ["refused"; 4]);
    give(handled, SOLD);
    assert_eq!(ears.take(), [r#"{"type":"sold","$again":true}"#; 16]);
    ears.say_again(&replies, 1, "a");
    assert_eq!(ears.take().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn what_ends_without_an_answer_is_not_handled_again() {
    let (replies, ears) = (Arc::new(Replies::default()), Ears::default());
    let handled = first(&replies, 1, "a");
    ears.say_again(&replies, 1, "a");
    drop(handled);
    ears.say_again(&replies, 1, "a");
    let heard = ears.take();
    assert_eq!(heard.len(), 2);
    assert!(
        heard.iter().all(|text| text.starts_with(r#"{"type":"error","$again":true,"code":"cancelled","#)),
        "{heard:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_user_has_the_newest_64_and_takes_nothing_from_others() {
    let replies = Arc::new(Replies::default());
    assert!(is_first(&replies, 2, "a"));
    for n in 0..65 {
        assert!(is_first(&replies, 1, &n.to_string()));
    }
    assert!(!is_first(&replies, 2, "a"));
    assert!(!is_first(&replies, 1, "1"));
    assert_eq!(replies.sums().0, 65);
    assert!(is_first(&replies, 1, "0"), "the oldest was forgotten");
    assert!(is_first(&replies, 1, "1"), "and that is the oldest then");
}

#[tokio::test(start_paused = true)]
async fn a_user_s_oldest_answers_are_let_go_and_their_messages_stay_known() {
    let (replies, ears) = (Arc::new(Replies::default()), Ears::default());
    for id in ["a", "b", "c"] {
        give(first(&replies, 1, id), long(30_000));
    }
    for id in ["a", "b", "c"] {
        ears.say_again(&replies, 1, id);
    }
    let heard = ears.take();
    let is_unavailable = |text: &String| text.starts_with(r#"{"type":"error","$again":true,"code":"unavailable","#);
    assert!(is_unavailable(&heard[0]), "{}", heard[0]);
    assert!(heard[1..].iter().all(|text| text.starts_with(r#"{"type":"x","$again":true"#)));

    give(first(&replies, 2, "longest"), long(Replies::LONGEST));
    ears.say_again(&replies, 2, "longest");
    assert_eq!(ears.take()[0].len(), Replies::LONGEST + r#","$again":true"#.len());
    let handled = first(&replies, 2, "longer");
    ears.say_again(&replies, 2, "longer");
    give(handled, long(Replies::LONGEST + 1));
    ears.say_again(&replies, 2, "longer");
    ears.say_again(&replies, 2, "longest");
    let [waited, late, longest] = &ears.take()[..] else { panic!("three have said it") };
    assert!(waited.starts_with(r#"{"type":"x","$again":true"#));
    assert!(is_unavailable(late), "{late}");
    assert!(longest.starts_with(r#"{"type":"x","$again":true"#), "what is not kept pushes out nothing");
    assert_eq!(replies.forgotten.get(), 0);
    replies.sums();
}

#[tokio::test(start_paused = true)]
async fn a_flood_of_long_answers_lets_no_message_be_handled_twice() {
    let replies = Arc::new(Replies::default());
    let running: Vec<_> = (0..10_000).map(|n| first(&replies, 1, &n.to_string())).collect();
    assert_eq!(replies.sums().0, 64);
    drop(running);
    assert_eq!((replies.sums().0, replies.forgotten.get()), (64, 0));
    for user in 2..8_000 {
        give(first(&replies, user, "x"), long(20_000));
    }
    let (entries, bytes) = replies.sums();
    assert_eq!(entries, 64 + 7_998);
    assert!(bytes > MOST_BYTES / 2 && bytes <= MOST_BYTES, "{bytes}");
    assert!(replies.forgotten.get() > 7_000, "answers");
    for user in 2..8_000 {
        assert!(!is_first(&replies, user, "x"), "{user}");
    }
    let ears = Ears::default();
    ears.say_again(&replies, 2, "x");
    ears.say_again(&replies, 7_999, "x");
    let heard = ears.take();
    assert!(heard[0].contains("unavailable") && heard[1].starts_with(r#"{"type":"x""#), "the oldest go first");
}

#[tokio::test(start_paused = true)]
async fn more_messages_than_all_have_space_for_are_forgotten_the_oldest_first() {
    let replies = Arc::new(Replies::default());
    for user in 0..60_000 {
        give(first(&replies, user, "x"), SOLD);
    }
    let (entries, bytes) = replies.sums();
    assert!(entries > 15_000 && bytes <= MOST_BYTES, "{entries} of {bytes} bytes");
    assert!(is_first(&replies, 0, "x") && !is_first(&replies, 59_999, "x"));
}

#[tokio::test(start_paused = true)]
async fn after_five_minutes_it_is_another_message_unless_the_first_is_still_handled() {
    let (replies, ears) = (Arc::new(Replies::default()), Ears::default());
    give(first(&replies, 1, "done"), SOLD);
    let handled = first(&replies, 1, "running");
    advance(KEPT_FOR - Duration::from_secs(1)).await;
    assert!(!is_first(&replies, 1, "done"));
    advance(Duration::from_secs(1)).await;
    replies.expire();
    assert_eq!(replies.sums().0, 1);
    ears.say_again(&replies, 1, "running");
    give(handled, SOLD);
    assert_eq!(ears.take().len(), 1);
    advance(KEPT_FOR).await;
    replies.expire();
    assert_eq!(replies.sums(), (0, 0));
    assert!(is_first(&replies, 1, "running"));
}

/// What should be known of a message.
#[derive(Clone)]
enum Known {
    Running,
    Answered(String),
    NotKept,
}

/// One user's part of what should be kept.
#[derive(Default)]
struct Model(Vec<(String, Instant, Known)>);

impl Model {
    fn prune(&mut self) {
        while self.0.len() > MOST_OF_USER {
            self.0.remove(0);
        }
        let bytes = |(.., known): &(String, Instant, Known)| match known {
            Known::Answered(text) => text.len(),
            Known::Running | Known::NotKept => 0,
        };
        while self.0.iter().map(bytes).sum::<usize>() > MOST_BYTES_OF_USER {
            let oldest = self.0.iter_mut().find(|(.., known)| matches!(known, Known::Answered(_)));
            oldest.expect("there are bytes").2 = Known::NotKept;
        }
    }

    fn expire(&mut self, now: Instant) {
        let (old, mut kept): (Vec<_>, Vec<_>) =
            std::mem::take(&mut self.0).into_iter().partition(|(_, begun, _)| now - *begun >= KEPT_FOR);
        let running = old.into_iter().filter(|(.., known)| matches!(known, Known::Running));
        kept.extend(running.map(|(id, _, known)| (id, now, known)));
        self.0 = kept;
    }
}

#[tokio::test(start_paused = true)]
async fn random_repeats_are_handled_once_and_all_get_the_first_answer() {
    for seed in 0..30_u64 {
        let mut state = seed * 2 + 1;
        let mut random = |below: u64| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state % below
        };
        let replies = Arc::new(Replies::default());
        let mut models: BTreeMap<u64, Model> = BTreeMap::new();
        let mut running: Vec<(u64, String, HandledOnce)> = Vec::new();
        let (mut told, mut unavailable) = (0, 0);
        for step in 0..3000 {
            let (user, id) = (random(4), random(90).to_string());
            let now = Instant::now();
            match random(24) {
                0 => {
                    advance(Duration::from_secs(random(90))).await;
                    replies.expire();
                    models.values_mut().for_each(|model| model.expire(Instant::now()));
                }
                1..8 if !running.is_empty() => {
                    let (user, id, handled) = running.swap_remove(random(running.len() as u64) as usize);
                    // Long ones are rare, and push out others.
                    let length = if random(3) == 0 { 20_000 } else { 40 + random(200) as usize };
                    let text = format!(r#"{{"type":"x","step":{step},"text":"{}"}}"#, "a".repeat(length));
                    let model = models.entry(user).or_default();
                    // Forgotten ones, and those that were forgotten and said anew, are others.
                    let entry =
                        model.0.iter_mut().find(|(known, _, state)| *known == id && matches!(state, Known::Running));
                    let is_known = replies
                        .shard(&key(user, &id))
                        .entries
                        .get(&key(user, &id))
                        .is_some_and(|(_, entry)| handled.answers(&entry.answer));
                    if let Some((.., state)) = entry.filter(|_| is_known) {
                        *state = Known::Answered(text.clone());
                    }
                    model.prune();
                    give(handled, text);
                }
                _ => {
                    let model = models.entry(user).or_default();
                    let known = model.0.iter().find(|(known, ..)| *known == id).cloned();
                    match (HandledOnce::begin(&replies, key(user, &id)), known) {
                        (Ok(handled), None) => {
                            model.0.push((id.clone(), now, Known::Running));
                            model.prune();
                            running.push((user, id, handled));
                        }
                        (Err(answer), Some((.., Known::Answered(text)))) => {
                            let ears = Ears::default();
                            answer.answer(Box::new(ears.clone()));
                            assert_eq!(ears.take(), [text.replacen(r#""x""#, r#""x","$again":true"#, 1)]);
                            told += 1;
                        }
                        (Err(answer), Some((.., Known::NotKept))) => {
                            let ears = Ears::default();
                            answer.answer(Box::new(ears.clone()));
                            assert!(ears.take()[0].contains("unavailable"));
                            unavailable += 1;
                        }
                        (Err(answer), Some((.., Known::Running))) => assert!(!answer.is_given()),
                        (Ok(_), Some(_)) => panic!("{user}/{id} is handled twice at step {step} of seed {seed}"),
                        (Err(_), None) => panic!("{user}/{id} is kept too long at step {step} of seed {seed}"),
                    }
                }
            }
            if step % 100 == 0 {
                replies.sums();
            }
        }
        assert!(told > 100 && unavailable > 0, "{told}, {unavailable}");
    }
}
