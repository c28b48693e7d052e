//! Whether a client is still there: what is known of it, and what a check once a tick concludes from that.
//!
//! No connection has a timer of its own. Its task marks its [`Liveness`] when something is received, and a sweep over all
//! connections checks and clears the marks, once a tick.
//!
//! A ping waits behind what was sent before, in the kernel and on the way too. So a client whose stream takes no more is not
//! pinged: what it takes is the sign of its life. And if the stream has taken much lately, an answer may take as long as
//! reading all of that takes at [`PACE`].

use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::time::Duration;

use crate::connection::outbox::{Enqueued, Outbox, Sender};
use crate::connection::unread::PACE;
use crate::wire::close::{Close, CloseCode, ClosedBy};
use crate::wire::frame::{Opcode, frame};

/// The longest tick: what is configured holds to so much.
const LONGEST_TICK: Duration = Duration::from_secs(1);

/// The most bytes that a client is thought not to have read yet: 4 MiB, as much as kernels hold.
const MOST_UNREAD: u32 = 4 * 1024 * 1024;

/// What is known of one client's life.
#[derive(Default)]
pub(crate) struct Liveness {
    /// Something was heard since the last tick.
    heard: AtomicBool,
    /// A message was, not only a pong.
    spoke: AtomicBool,
    /// We do not read, so that it is not its fault that nothing is heard.
    rests: AtomicBool,
    /// A ping of ours has no answer yet.
    awaits_pong: AtomicBool,
    /// All below is the sweep's own. For how many ticks nothing was heard.
    silent: AtomicU32,
    /// For how many ticks no message was.
    idle: AtomicU32,
    /// For how many ticks a ping has had no answer, and one; none where no ping was sent since the last answer was seen.
    asked: AtomicU32,
    /// How many ticks more than usual the answer may take, or the stream that takes no more.
    patience: AtomicU32,
    /// How many bytes a client that reads at the pace has not read yet, [`MOST_UNREAD`] at the most.
    unread: AtomicU32,
    /// How many bytes the stream had taken at the last tick.
    handed: AtomicU64,
    /// How many bytes were sent before the last ping.
    asked_at: AtomicU64,
    /// How many were before the last ping that was answered: those it has read.
    read: AtomicU64,
}

/// What the stream of a connection has done by a tick.
#[derive(Clone, Copy, Default)]
struct Stream {
    /// How many bytes it has taken.
    handed: u64,
    /// It takes no more at once.
    is_blocked: bool,
}

impl Stream {
    fn of(outbox: &Outbox) -> Self {
        Self { handed: outbox.handed(), is_blocked: outbox.is_blocked() }
    }
}

impl Liveness {
    /// The client is there.
    pub fn hear(&self) {
        self.heard.store(true, Ordering::Relaxed);
    }

    /// The client has said something.
    pub fn speak(&self) {
        self.spoke.store(true, Ordering::Relaxed);
    }

    /// Whether we do not listen, and so expect nothing.
    pub fn rest(&self, rests: bool) {
        self.rests.store(rests, Ordering::Relaxed);
    }

    /// Whether a ping of ours has no answer yet.
    pub fn awaits_pong(&self) -> bool {
        self.awaits_pong.load(Ordering::Relaxed)
    }

    /// The answer to our ping has come.
    pub fn ponged(&self) {
        self.awaits_pong.store(false, Ordering::Relaxed);
    }

    /// One tick has passed, for the connection with this outbox and this number.
    pub fn tick(&self, beat: &Beat, spread: u32, outbox: &Outbox) -> Check {
        self.tick_with(beat, spread, Stream::of(outbox))
    }

    fn tick_with(&self, beat: &Beat, spread: u32, stream: Stream) -> Check {
        self.count_unread(beat, stream.handed);
        let rests = self.rests.load(Ordering::Relaxed);
        if !rests {
            let idle = advance(&self.idle, self.spoke.swap(false, Ordering::Relaxed));
            if beat.idle.is_some_and(|most| idle > most) {
                return Check::Idle;
            }
        }
        if stream.is_blocked {
            return Check::Blocked;
        }
        if rests {
            return Check::Alive;
        }
        let silent = advance(&self.silent, self.heard.swap(false, Ordering::Relaxed));
        let Some(ping) = beat.ping else { return Check::Alive };
        if self.awaits_pong() {
            let asked = advance(&self.asked, false) - 1;
            // Where something was heard since, it is there, and is asked anew after as much silence as ever.
            if silent >= asked {
                let most = beat.pong.saturating_add(self.patience.load(Ordering::Relaxed));
                return if asked > most { Check::Dead } else { Check::Alive };
            }
        } else if self.asked.swap(0, Ordering::Relaxed) > 0 {
            self.read.store(self.asked_at.load(Ordering::Relaxed), Ordering::Relaxed);
        }
        if silent >= ping - spread % beat.spread { Check::Silent } else { Check::Alive }
    }

    /// Counts what the stream has taken since the last tick, less what a client that reads at the pace has read.
    fn count_unread(&self, beat: &Beat, handed: u64) {
        let taken = handed.wrapping_sub(self.handed.swap(handed, Ordering::Relaxed));
        let unread = u64::from(self.unread.load(Ordering::Relaxed)).saturating_add(taken).saturating_sub(beat.read);
        self.unread.store(u32::try_from(unread).unwrap_or(u32::MAX).min(MOST_UNREAD), Ordering::Relaxed);
    }

    /// Grants the time that a client which reads at the pace needs for what it may not have read: of so many bytes that were sent
    /// to it, the last ones, but none that were before a ping that it has answered.
    fn be_patient(&self, beat: &Beat, sent: u64) {
        let since_pong = sent.saturating_sub(self.read.load(Ordering::Relaxed));
        let unread = u64::from(self.unread.load(Ordering::Relaxed)).min(since_pong);
        self.patience.store(u32::try_from(unread.div_ceil(beat.read)).unwrap_or(u32::MAX), Ordering::Relaxed);
    }

    /// A ping is sent behind so many bytes.
    fn ask(&self, beat: &Beat, sent: u64) {
        self.be_patient(beat, sent);
        self.asked.store(1, Ordering::Relaxed);
        self.asked_at.store(sent, Ordering::Relaxed);
        self.awaits_pong.store(true, Ordering::Relaxed);
    }

    /// The stream takes no more, and has taken nothing for so many ticks. Whether the client is given up. Where the sweep can't
    /// write to it itself, its client may have taken much before that is seen.
    fn has_stalled(&self, beat: &Beat, idle: u32, stream: Stream, is_direct: bool) -> bool {
        match idle {
            0 => self.hear(),
            1 if is_direct => self.patience.store(0, Ordering::Relaxed),
            1 => self.be_patient(beat, stream.handed),
            _ => {}
        }
        idle > beat.pong.saturating_add(self.patience.load(Ordering::Relaxed))
    }

    /// Does what a check has found: pings the client, or closes its connection.
    pub fn apply(&self, check: Check, beat: &Beat, outbox: &Outbox) {
        match check {
            Check::Alive => {}
            Check::Blocked => {
                let idle = outbox.tick();
                if self.has_stalled(beat, idle, Stream::of(outbox), outbox.is_direct()) {
                    let reason = "what waits for this client was not taken";
                    outbox.close(Close::new(ClosedBy::SlowClient, CloseCode::TRY_AGAIN, reason));
                }
            }
            Check::Silent => {
                self.ask(beat, outbox.handed() + outbox.bytes() as u64);
                // Its own, so that a long `on_connect` does not hold it back. Refused only when the connection ends.
                if outbox.push(frame(Opcode::Ping, &[]), Sender::Own) == Enqueued::MustFlush {
                    outbox.flush();
                }
            }
            Check::Dead => {
                outbox.close(Close::new(ClosedBy::NoPong, CloseCode::TRY_AGAIN, "no pong came"));
            }
            Check::Idle => {
                outbox.close(Close::new(ClosedBy::Idle, CloseCode::NORMAL, "no message came for too long"));
            }
        }
    }
}

/// Counts a tick, or from the start.
fn advance(ticks: &AtomicU32, begins: bool) -> u32 {
    let ticks_now = if begins { 0 } else { ticks.load(Ordering::Relaxed).saturating_add(1) };
    ticks.store(ticks_now, Ordering::Relaxed);
    ticks_now
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Check {
    /// Nothing is to be done.
    Alive,
    /// Its stream takes no more at once.
    Blocked,
    /// It is asked whether it is there.
    Silent,
    /// It has not answered.
    Dead,
    /// It is there, and says nothing.
    Idle,
}

/// What is configured, in ticks.
#[derive(Clone, Copy)]
pub(crate) struct Beat {
    pub tick: Duration,
    ping: Option<u32>,
    pong: u32,
    idle: Option<u32>,
    /// Pings come up to so many ticks early, each connection's at another, so that a crowd that came at once is not pinged
    /// at once for ever.
    spread: u32,
    /// How many bytes a client that reads at the [`PACE`] reads.
    read: u64,
}

impl Beat {
    pub fn new(ping_interval: Option<Duration>, pong_timeout: Duration, idle_timeout: Option<Duration>) -> Self {
        let shortest = [ping_interval, idle_timeout].into_iter().flatten().fold(pong_timeout, Ord::min);
        let tick = (shortest / 4).clamp(Duration::from_millis(1), LONGEST_TICK);
        let ticks =
            |time: Duration| u32::try_from(time.as_nanos().div_ceil(tick.as_nanos())).unwrap_or(u32::MAX).max(1);
        let ping = ping_interval.map(ticks);
        let spread = ping.map_or(1, |ping| ping / 5 + 1);
        let read = (u128::from(PACE) * tick.as_nanos() / 1_000_000_000).max(1) as u64;
        Self { tick, ping, pong: ticks(pong_timeout), idle: idle_timeout.map(ticks), spread, read }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    /// The usual beat.
    fn beat() -> Beat {
        Beat::new(Some(25 * SECOND), 10 * SECOND, None)
    }

    /// The checks of so many ticks without a sound.
    fn silence(liveness: &Liveness, beat: &Beat, spread: u32, ticks: usize) -> Vec<(usize, Check)> {
        ticks_of(liveness, beat, spread, Stream::default(), ticks)
    }

    /// The same where the stream has taken so much.
    fn ticks_of(liveness: &Liveness, beat: &Beat, spread: u32, stream: Stream, ticks: usize) -> Vec<(usize, Check)> {
        let tick = |at| {
            let check = liveness.tick_with(beat, spread, stream);
            if check == Check::Silent {
                liveness.ask(beat, stream.handed);
            }
            (at, check)
        };
        (1..=ticks).map(tick).filter(|(_, check)| *check != Check::Alive).collect()
    }

    #[test]
    fn a_silent_client_is_pinged_once_and_given_up_after_the_pong_timeout() {
        let beat = beat();
        let checks = silence(&Liveness::default(), &beat, 0, 36);
        assert_eq!(checks, [(25, Check::Silent), (36, Check::Dead)]);
        // Another one's ping comes earlier, but never by more than a fifth.
        for spread in 0..100 {
            let checks = silence(&Liveness::default(), &beat, spread, 40);
            let (at, _) = checks[0];
            assert!((20..=25).contains(&at) && checks[1] == (at + 11, Check::Dead), "{checks:?}");
        }
    }

    #[test]
    fn whoever_is_heard_is_not_asked() {
        let (beat, liveness) = (beat(), Liveness::default());
        for _ in 0..10 {
            assert_eq!(silence(&liveness, &beat, 0, 24), []);
            liveness.hear();
        }
        assert_eq!(silence(&liveness, &beat, 0, 26), [(26, Check::Silent)]);
        // The pong.
        liveness.hear();
        assert_eq!(silence(&liveness, &beat, 0, 25), []);
    }

    #[test]
    fn whom_we_do_not_read_is_not_taken_for_dead() {
        let (beat, liveness) = (Beat::new(Some(25 * SECOND), 10 * SECOND, Some(60 * SECOND)), Liveness::default());
        assert_eq!(silence(&liveness, &beat, 0, 30), [(25, Check::Silent)]);
        liveness.rest(true);
        assert_eq!(silence(&liveness, &beat, 0, 1000), []);
        liveness.rest(false);
        // The deadline has rested, not begun anew.
        assert_eq!(silence(&liveness, &beat, 0, 6), [(6, Check::Dead)]);
    }

    #[test]
    fn pongs_alone_do_not_keep_an_idle_client() {
        let (beat, liveness) = (Beat::new(Some(25 * SECOND), 10 * SECOND, Some(3 * SECOND)), Liveness::default());
        assert_eq!(beat.tick, Duration::from_millis(750));
        liveness.speak();
        for _ in 0..5 {
            liveness.hear();
            assert_eq!(liveness.tick_with(&beat, 0, Stream::default()), Check::Alive);
        }
        assert_eq!(liveness.tick_with(&beat, 0, Stream::default()), Check::Idle);
    }

    #[test]
    fn what_is_off_is_not_watched() {
        assert_eq!(silence(&Liveness::default(), &Beat::new(None, 10 * SECOND, None), 3, 1000), []);
        let beat = Beat::new(None, 10 * SECOND, Some(8 * SECOND));
        assert_eq!(silence(&Liveness::default(), &beat, 3, 9), [(9, Check::Idle)]);
    }

    #[test]
    fn a_ping_behind_much_that_was_sent_may_be_answered_later() {
        let beat = beat();
        let sent = |bytes: u64| Stream { handed: bytes, is_blocked: false };
        // Of 560 KiB 160 are left when the ping is sent.
        let liveness = Liveness::default();
        assert_eq!(
            ticks_of(&liveness, &beat, 0, sent(560 << 10), 46),
            [(25, Check::Silent), (25 + 11 + 10, Check::Dead)]
        );
        // However much it was, no more than 4 MiB of it are on their way.
        let liveness = Liveness::default();
        let checks = ticks_of(&liveness, &beat, 0, sent(1 << 30), 268);
        assert_eq!(checks, [(25, Check::Silent), (25 + 11 + 256 - 24, Check::Dead)]);
    }

    #[test]
    fn what_was_sent_before_a_ping_that_was_answered_has_been_read() {
        let (beat, liveness) = (beat(), Liveness::default());
        let sent = Stream { handed: 4 << 20, is_blocked: false };
        assert_eq!(ticks_of(&liveness, &beat, 0, sent, 25), [(25, Check::Silent)]);
        liveness.ponged();
        liveness.hear();
        assert_eq!(ticks_of(&liveness, &beat, 0, sent, 37), [(26, Check::Silent), (37, Check::Dead)]);
    }

    #[test]
    fn whose_stream_takes_no_more_is_not_pinged_and_has_the_pong_timeout_to_take_some() {
        let (beat, liveness) = (beat(), Liveness::default());
        let blocked = Stream { handed: 160 << 10, is_blocked: true };
        // That we do not read from it is no excuse.
        liveness.rest(true);
        assert_eq!(liveness.tick_with(&beat, 0, blocked), Check::Blocked);
        let given_up = |is_direct| (1..).find(|idle| liveness.has_stalled(&beat, *idle, blocked, is_direct)).unwrap();
        assert_eq!(given_up(true), 11);
        // Where the sweep can't look itself, what was sent may be on its way: 144 KiB are left of it.
        assert_eq!(given_up(false), 11 + 9);
        assert!(!liveness.has_stalled(&beat, 0, blocked, true) && liveness.heard.load(Ordering::Relaxed));
    }
}
