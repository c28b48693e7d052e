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
            let bytes: usize = shard.users.values().map(|share| share.bytes).sum();
            assert_eq!((numbers, bytes), (shard.entries.len(), shard.bytes));
            assert!(shard.users.values().all(|share| !share.numbers.is_empty() && share.too_much().is_none()));
            assert!(shard.bytes <= MOST_BYTES / SHARDS);
            sums = (sums.0 + numbers, sums.1 + bytes);
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
    let guest = || MessageKey { who: Principal::Guest(ConnectionId::next()), ..key(1, "a") };
    assert!(HandledOnce::begin(&replies, guest()).is_ok(), "a guest");
    assert!(HandledOnce::begin(&replies, guest()).is_ok(), "another guest");
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
async fn a_user_has_so_many_bytes_and_an_answer_beyond_them_is_not_kept() {
    let (replies, ears) = (Arc::new(Replies::default()), Ears::default());
    for id in ["a", "b", "c"] {
        give(first(&replies, 1, id), long(30_000));
    }
    assert!(!is_first(&replies, 1, "b") && !is_first(&replies, 1, "c"));
    assert!(is_first(&replies, 1, "a"), "it was forgotten for the third");

    give(first(&replies, 2, "longest"), long(Replies::LONGEST));
    ears.say_again(&replies, 2, "longest");
    assert_eq!(ears.take()[0].len(), Replies::LONGEST + r#","$again":true"#.len());
    let handled = first(&replies, 2, "longer");
    ears.say_again(&replies, 2, "longer");
    give(handled, long(Replies::LONGEST + 1));
    ears.say_again(&replies, 2, "longer");
    let [waited, late] = &ears.take()[..] else { panic!("two have said it") };
    assert!(waited.starts_with(r#"{"type":"x","$again":true"#));
    assert!(late.starts_with(r#"{"type":"error","$again":true,"code":"unavailable""#), "{late}");
    assert!(replies.sums().1 <= 2 * MOST_BYTES_OF_USER);
}

#[tokio::test(start_paused = true)]
async fn ten_thousand_ids_of_one_and_of_many_stay_within_the_bounds() {
    let replies = Arc::new(Replies::default());
    let running: Vec<_> = (0..10_000).map(|n| first(&replies, 1, &n.to_string())).collect();
    assert_eq!(replies.sums().0, 64);
    drop(running);
    assert_eq!((replies.sums().0, replies.forgotten.get()), (64, 0));
    for user in 0..10_000 {
        give(first(&replies, user, "x"), long(20_000));
    }
    let (entries, bytes) = replies.sums();
    assert!(bytes > MOST_BYTES / 2 && bytes <= MOST_BYTES, "{bytes}");
    assert_eq!(replies.forgotten.get() as usize, 10_000 + 63 - entries, "with what user 1 had");
    assert!(!is_first(&replies, 9_999, "x"), "the newest is kept");
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

/// One user's part of what should be kept.
#[derive(Default)]
struct Model(Vec<(String, Instant, Option<String>, usize)>);

impl Model {
    fn bytes(&self) -> usize {
        self.0.iter().map(|(.., bytes)| bytes).sum()
    }

    fn prune(&mut self) {
        while self.0.len() > MOST_OF_USER || self.bytes() > MOST_BYTES_OF_USER {
            self.0.remove(0);
        }
    }

    fn expire(&mut self, now: Instant) {
        let (old, mut kept): (Vec<_>, Vec<_>) =
            std::mem::take(&mut self.0).into_iter().partition(|(_, begun, ..)| now - *begun >= KEPT_FOR);
        let running = old.into_iter().filter(|(_, _, answer, _)| answer.is_none());
        kept.extend(running.map(|(id, _, answer, bytes)| (id, now, answer, bytes)));
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
        let mut told = 0;
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
                    let length = if random(9) == 0 { 20_000 } else { 40 + random(200) as usize };
                    let text = format!(r#"{{"type":"x","step":{step},"text":"{}"}}"#, "a".repeat(length));
                    let model = models.entry(user).or_default();
                    // Forgotten ones, and those that were forgotten and said anew, are others.
                    let entry = model.0.iter_mut().find(|(known, _, answer, _)| *known == id && answer.is_none());
                    let is_known = replies
                        .shard(&key(user, &id))
                        .entries
                        .get(&key(user, &id))
                        .is_some_and(|(_, entry)| handled.answers(&entry.answer));
                    if let Some((.., answer, bytes)) = entry.filter(|_| is_known) {
                        *bytes += text.len();
                        *answer = Some(text.clone());
                    }
                    model.prune();
                    give(handled, text);
                }
                _ => {
                    let model = models.entry(user).or_default();
                    let known = model.0.iter().find(|(known, ..)| *known == id).cloned();
                    match (HandledOnce::begin(&replies, key(user, &id)), known) {
                        (Ok(handled), None) => {
                            model.0.push((id.clone(), now, None, ENTRY + id.len()));
                            model.prune();
                            running.push((user, id, handled));
                        }
                        (Err(answer), Some((_, _, Some(text), _))) => {
                            let ears = Ears::default();
                            answer.answer(Box::new(ears.clone()));
                            assert_eq!(ears.take(), [text.replacen(r#""x""#, r#""x","$again":true"#, 1)]);
                            told += 1;
                        }
                        (Err(answer), Some((_, _, None, _))) => assert!(!answer.is_given()),
                        (Ok(_), Some(_)) => panic!("{user}/{id} is handled twice at step {step} of seed {seed}"),
                        (Err(_), None) => panic!("{user}/{id} is kept too long at step {step} of seed {seed}"),
                    }
                }
            }
            if step % 100 == 0 {
                replies.sums();
            }
        }
        assert!(told > 100, "{told}");
    }
}
