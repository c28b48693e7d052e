//! The rates of messages, kept by the client: what waits is not sent faster than the server takes it.

use std::collections::HashMap;
use std::time::Duration;

use tokio::time::Instant;

/// How often clients may send messages of one type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Pace {
    /// So many in a period.
    pub count: u32,
    pub period: Duration,
    /// So many at once.
    pub burst: u32,
}

/// What the server's rates of the types have left, by the types' places.
#[derive(Debug, Default)]
pub(super) struct Paces {
    spent: HashMap<usize, Spent>,
}

/// A message counts from when it is sent until it is answered, and from then on, because nobody knows when in between the server
/// has counted it.
#[derive(Clone, Copy, Debug)]
struct Spent {
    unanswered: u32,
    /// How many count at `at`; one fewer in each share of the period.
    level: f64,
    at: Instant,
}

impl Pace {
    fn share(self) -> Duration {
        self.period / self.count.max(1)
    }
}

impl Paces {
    /// Counts one that is sent and has an answer.
    ///
    /// # Errors
    /// How long until one more is within the rate, if answers are received by then.
    pub fn ask(&mut self, kind: usize, pace: Pace, now: Instant) -> Result<(), Duration> {
        let spent = self.spent(kind, pace, now)?;
        spent.unanswered += 1;
        Ok(())
    }

    /// Counts one that has no answer.
    ///
    /// # Errors
    /// As of [`ask`](Self::ask).
    pub fn send(&mut self, kind: usize, pace: Pace, now: Instant) -> Result<(), Duration> {
        let spent = self.spent(kind, pace, now)?;
        spent.level += 1.0;
        Ok(())
    }

    /// One that was asked was answered, or will not be.
    pub fn settled(&mut self, kind: usize, pace: Pace, now: Instant) {
        let spent = self.decayed(kind, pace, now);
        spent.unanswered = spent.unanswered.saturating_sub(1);
        spent.level += 1.0;
    }

    /// How many are counted as unanswered.
    #[cfg(test)]
    pub fn unanswered(&self) -> u32 {
        self.spent.values().map(|spent| spent.unanswered).sum()
    }

    fn spent(&mut self, kind: usize, pace: Pace, now: Instant) -> Result<&mut Spent, Duration> {
        let spent = self.decayed(kind, pace, now);
        let over = f64::from(spent.unanswered) + spent.level + 1.0 - f64::from(pace.burst);
        if over > 1e-6 {
            // In whole milliseconds, as the other clients have it.
            let millis = (over * pace.share().as_secs_f64() * 1000.0).ceil();
            return Err(Duration::from_millis(millis as u64));
        }
        Ok(spent)
    }

    fn decayed(&mut self, kind: usize, pace: Pace, now: Instant) -> &mut Spent {
        let spent = self.spent.entry(kind).or_insert(Spent { unanswered: 0, level: 0.0, at: now });
        let shares = (now - spent.at).div_duration_f64(pace.share().max(Duration::from_nanos(1)));
        (spent.level, spent.at) = ((spent.level - shares).max(0.0), now);
        spent
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PACE: Pace = Pace { count: 10, period: Duration::from_secs(1), burst: 2 };

    #[test]
    fn a_burst_is_sent_at_once_and_then_one_in_each_share_of_the_period() {
        let (mut paces, begun) = (Paces::default(), Instant::now());
        let at = |ms| begun + Duration::from_millis(ms);
        let share = Duration::from_millis(100);
        assert_eq!([paces.send(3, PACE, at(0)), paces.send(3, PACE, at(0))], [Ok(()); 2]);
        assert_eq!(paces.send(3, PACE, at(0)), Err(share));
        assert_eq!(paces.send(4, PACE, at(0)), Ok(()), "another type");
        assert_eq!(paces.send(3, PACE, at(99)), Err(Duration::from_millis(1)));
        assert_eq!(paces.send(3, PACE, at(100)), Ok(()));
        assert_eq!(paces.send(3, PACE, at(100)), Err(share));
    }

    #[test]
    fn what_is_not_answered_counts_in_full_and_its_time_begins_with_its_answer() {
        let (mut paces, begun) = (Paces::default(), Instant::now());
        let at = |ms| begun + Duration::from_millis(ms);
        assert_eq!([paces.ask(0, PACE, at(0)), paces.ask(0, PACE, at(0))], [Ok(()); 2]);
        assert!(paces.ask(0, PACE, at(5000)).is_err());
        paces.settled(0, PACE, at(5000));
        assert_eq!(paces.ask(0, PACE, at(5050)), Err(Duration::from_millis(50)));
        assert_eq!(paces.ask(0, PACE, at(5100)), Ok(()));
    }
}
