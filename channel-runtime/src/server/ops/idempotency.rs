//! Requests with an `Idempotency-Key`: one that is sent again is answered as before, and does nothing more.

use std::future::Future;
use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::sync::OnceCell;
use tokio::time::Instant;

use crate::server::ops::answer::{Answer, Refusal};
use crate::socket::oldest_first::OldestFirst;

/// How long an answer is remembered.
const KEPT_FOR: Duration = Duration::from_secs(5 * 60);

const MOST_KEYS: usize = 100_000;

/// Of all answers together.
const MOST_BYTES: usize = 32 * 1024 * 1024;

/// Of a key.
pub(super) const LONGEST_KEY: usize = 256;

/// The answers to the requests of one token.
#[derive(Default)]
pub(super) struct Answers {
    kept: Mutex<Kept>,
    /// So that nobody can choose two bodies with one hash.
    hasher: RandomState,
}

#[derive(Default)]
struct Kept {
    by_key: OldestFirst<Arc<str>, Arc<Once>>,
    bytes: usize,
}

struct Once {
    begun: Instant,
    request: u64,
    answer: OnceCell<Answer>,
}

impl Answers {
    /// Runs `perform`, unless it was run for this key already. Two at once are one: the second waits for the answer of the first.
    /// What was refused is not remembered, so that it can be put right and sent again.
    ///
    /// # Errors
    /// 409 if the key was used for another request; 429 if too many keys are remembered. Then nothing is done, because it could be
    /// done twice.
    pub async fn once(
        &self,
        key: &str,
        request: &[u8],
        perform: impl Future<Output = Answer>,
    ) -> Result<Answer, Refusal> {
        let once = self.kept.lock().claim(key, self.hasher.hash_one(request), Instant::now())?;
        let mut is_first = false;
        let attempt = async {
            is_first = true;
            let answer = perform.await;
            if answer.is_done() { Ok(answer) } else { Err(answer) }
        };
        let answer = once.answer.get_or_try_init(|| attempt).await.cloned();
        let kept = &mut *self.kept.lock();
        match answer {
            Ok(answer) if is_first => {
                kept.bytes += answer.body.len();
                Ok(answer)
            }
            Ok(answer) => Ok(answer.replayed()),
            Err(refused) => {
                kept.give_back(key, once);
                Ok(refused)
            }
        }
    }
}

impl Kept {
    fn claim(&mut self, key: &str, request: u64, now: Instant) -> Result<Arc<Once>, Refusal> {
        self.expire(now);
        if let Some((_, once)) = self.by_key.get(key) {
            return if once.request == request { Ok(Arc::clone(once)) } else { Err(Refusal::key_reused()) };
        }
        if self.by_key.len() >= MOST_KEYS || self.bytes >= MOST_BYTES {
            let oldest = self.by_key.oldest();
            let until = oldest.map_or(Duration::ZERO, |(_, once)| KEPT_FOR.saturating_sub(now - once.begun));
            return Err(Refusal::too_many_keys(until));
        }
        let once = Arc::new(Once { begun: now, request, answer: OnceCell::new() });
        self.by_key.add(key.into(), Arc::clone(&once));
        Ok(once)
    }

    /// Forgets the key of a request that was refused, unless another that waits for the same may perform it yet: that one gives it
    /// back later. Dropped here, because with the lock held no two can see each other and both leave it.
    fn give_back(&mut self, key: &str, once: Arc<Once>) {
        let Some((number, kept)) = self.by_key.get(key).filter(|(_, kept)| Arc::ptr_eq(kept, &once)) else { return };
        drop(once);
        if kept.answer.get().is_none() && Arc::strong_count(kept) == 1 {
            self.forget(number);
        }
    }

    fn expire(&mut self, now: Instant) {
        while let Some((number, oldest)) = self.by_key.oldest() {
            if now - oldest.begun < KEPT_FOR {
                return;
            }
            self.forget(number);
        }
    }

    fn forget(&mut self, number: u64) {
        let Some((_, once)) = self.by_key.remove(number) else { return };
        let bytes = once.answer.get().map_or(0, |answer| answer.body.len());
        // An answer that is being counted just now was not yet.
        self.bytes = self.bytes.saturating_sub(bytes);
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    fn done(text: &'static str) -> Answer {
        Answer::json(http::StatusCode::OK, text.into())
    }

    fn refused() -> Answer {
        Answer::json(http::StatusCode::UNPROCESSABLE_ENTITY, "{}".into())
    }

    #[tokio::test(start_paused = true)]
    async fn a_request_is_performed_once_in_five_minutes_and_another_by_its_key_is_refused() {
        let (answers, performed) = (Answers::default(), Cell::new(0));
        let perform = |answer: fn() -> Answer| {
            let performed = &performed;
            async move {
                performed.set(performed.get() + 1);
                tokio::task::yield_now().await;
                answer()
            }
        };
        let first = || perform(|| done("1"));
        let (one, other) = tokio::join!(answers.once("a", b"x", first()), answers.once("a", b"x", first()));
        assert_eq!((&one.unwrap().body[..], &other.unwrap().body[..], performed.get()), (&b"1"[..], &b"1"[..], 1));
        assert!(answers.once("a", b"y", first()).await.is_err());
        tokio::time::advance(KEPT_FOR - Duration::from_secs(1)).await;
        assert!(answers.once("a", b"x", first()).await.unwrap().is_replayed);
        assert_eq!(performed.get(), 1);
        tokio::time::advance(Duration::from_secs(1)).await;
        assert!(!answers.once("a", b"y", first()).await.unwrap().is_replayed);
        assert_eq!((performed.get(), answers.kept.lock().by_key.len()), (2, 1));
    }

    #[tokio::test(start_paused = true)]
    async fn what_was_refused_can_be_put_right() {
        let answers = Answers::default();
        assert!(!answers.once("a", b"x", async { refused() }).await.unwrap().is_done());
        assert!(answers.once("a", b"y", async { done("1") }).await.unwrap().is_done());
        assert_eq!(answers.kept.lock().by_key.len(), 1);
    }

    #[test]
    fn of_two_that_are_refused_together_the_second_forgets_the_key() {
        let (mut kept, now) = (Kept::default(), Instant::now());
        let [one, other] = [1, 1].map(|request| kept.claim("a", request, now).unwrap());
        kept.give_back("a", one);
        assert!(kept.claim("a", 2, now).is_err(), "the other may perform it yet");
        kept.give_back("a", other);
        assert!(kept.claim("a", 2, now).is_ok());
    }

    #[test]
    fn who_is_refused_late_forgets_no_later_request_of_the_same_key() {
        let (mut kept, now) = (Kept::default(), Instant::now());
        let late = kept.claim("a", 1, now).unwrap();
        let other = kept.claim("a", 2, now + KEPT_FOR).unwrap();
        kept.give_back("a", late);
        assert!(Arc::ptr_eq(&other, &kept.claim("a", 2, now + KEPT_FOR).unwrap()));
    }

    #[tokio::test(start_paused = true)]
    async fn beyond_the_bound_nothing_is_done_until_the_oldest_is_forgotten() {
        let answers = Answers::default();
        for n in 0..MOST_KEYS {
            answers.once(&n.to_string(), b"x", async { done("1") }).await.unwrap();
        }
        assert!(answers.once("one more", b"x", async { unreachable!() }).await.is_err());
        assert!(answers.once("7", b"x", async { unreachable!() }).await.is_ok());
        tokio::time::advance(KEPT_FOR).await;
        assert!(answers.once("one more", b"x", async { done("1") }).await.is_ok());
        let kept = &*answers.kept.lock();
        assert_eq!((kept.by_key.len(), kept.bytes), (1, 1));
    }
}
