//! Liveness of a client: whether it is still there, checked once a tick.
//!
//! No connection has a timer: its task marks its [`Liveness`] when it receives something, and a sweep checks and clears the marks.
//! A ping waits behind what was sent before. So a client whose stream takes no more is not pinged: that it takes something is its
//! sign of life. Otherwise the answer to a ping may take as long as it takes to read all of that at [`PACE`].

use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::time::Duration;

use crate::connection::framework_frames::pings;
use crate::connection::outbox::{Enqueued, Outbox, Sender};
use crate::connection::unread::PACE;
use crate::wire::close::{Close, CloseCode, ClosedBy};
use crate::wire::frame::{Opcode, frame};

/// The longest tick. Configured times are kept to within a tick.
const LONGEST_TICK: Duration = Duration::from_secs(1);

/// The most bytes that a client is assumed not to have read yet: 4 MiB, as much as kernels hold.
const MOST_UNREAD: u32 = 4 * 1024 * 1024;

#[derive(Default)]
pub(crate) struct Liveness {
    has_received: AtomicBool,
    has_message: AtomicBool,
    /// We do not read, so that it is not the client's fault that nothing is received.
    is_paused: AtomicBool,
    awaits_pong: AtomicBool,
    /// In ticks, as the next three. This and all below is used by the sweep alone.
    silent: AtomicU32,
    idle: AtomicU32,
    /// The ticks since a ping without an answer, and one. 0 if there is none.
    asked: AtomicU32,
    patience: AtomicU32,
    unread: AtomicU32,
    handed: AtomicU64,
    sent_before_ping: AtomicU64,
    read: AtomicU64,
}

#[derive(Clone, Copy, Default)]
struct Stream {
    handed: u64,
    is_blocked: bool,
}

impl Stream {
    fn of(outbox: &Outbox) -> Self {
        Self { handed: outbox.handed(), is_blocked: outbox.is_blocked() }
    }
}

impl Liveness {
    pub fn mark_received(&self) {
        self.has_received.store(true, Ordering::Relaxed);
    }

    pub fn mark_message(&self) {
        self.has_message.store(true, Ordering::Relaxed);
    }

    pub fn pause(&self, is_paused: bool) {
        self.is_paused.store(is_paused, Ordering::Relaxed);
    }

    pub fn awaits_pong(&self) -> bool {
        self.awaits_pong.load(Ordering::Relaxed)
    }

    pub fn mark_pong(&self) {
        self.awaits_pong.store(false, Ordering::Relaxed);
    }

    /// Called once a tick. `spread` differs from one connection to the next.
    pub fn tick(&self, beat: &Beat, spread: u32, outbox: &Outbox) -> Check {
        self.tick_with(beat, spread, Stream::of(outbox))
    }

    fn tick_with(&self, beat: &Beat, spread: u32, stream: Stream) -> Check {
        self.count_unread(beat, stream.handed);
        let is_paused = self.is_paused.load(Ordering::Relaxed);
        if !is_paused {
            let idle = advance(&self.idle, self.has_message.swap(false, Ordering::Relaxed));
            if beat.idle.is_some_and(|most| idle > most) {
                return Check::Idle;
            }
        }
        if stream.is_blocked {
            return Check::Blocked;
        }
        if is_paused {
            return Check::Alive;
        }
        let silent = advance(&self.silent, self.has_received.swap(false, Ordering::Relaxed));
        let Some(ping) = beat.ping else { return Check::Alive };
        if self.awaits_pong() {
            let asked = advance(&self.asked, false) - 1;
            // If something was received since the ping, the client is there, and is pinged again after as much silence as usual.
            if silent >= asked {
                let most = beat.pong.saturating_add(self.patience.load(Ordering::Relaxed));
                return if asked > most { Check::Dead } else { Check::Alive };
            }
        } else if self.asked.swap(0, Ordering::Relaxed) > 0 {
            self.read.store(self.sent_before_ping.load(Ordering::Relaxed), Ordering::Relaxed);
        }
        if silent >= ping - spread % beat.spread { Check::Silent } else { Check::Alive }
    }

    fn count_unread(&self, beat: &Beat, handed: u64) {
        let taken = handed.wrapping_sub(self.handed.swap(handed, Ordering::Relaxed));
        let unread = u64::from(self.unread.load(Ordering::Relaxed)).saturating_add(taken).saturating_sub(beat.read);
        self.unread.store(u32::try_from(unread).unwrap_or(u32::MAX).min(MOST_UNREAD), Ordering::Relaxed);
    }

    /// Grants the time to read, at the pace, the last of the `sent` bytes, but none from before a ping that was answered.
    fn be_patient(&self, beat: &Beat, sent: u64) {
        let since_pong = sent.saturating_sub(self.read.load(Ordering::Relaxed));
        let unread = u64::from(self.unread.load(Ordering::Relaxed)).min(since_pong);
        self.patience.store(u32::try_from(unread.div_ceil(beat.read)).unwrap_or(u32::MAX), Ordering::Relaxed);
    }

    fn ask(&self, beat: &Beat, sent: u64) {
        self.be_patient(beat, sent);
        self.asked.store(1, Ordering::Relaxed);
        self.sent_before_ping.store(sent, Ordering::Relaxed);
        self.awaits_pong.store(true, Ordering::Relaxed);
    }

    /// If the sweep can't write to the stream itself, the client may have taken much before that is noticed.
    fn has_stalled(&self, beat: &Beat, idle: u32, stream: Stream, is_direct: bool) -> bool {
        match idle {
            0 => self.mark_received(),
            1 if is_direct => self.patience.store(0, Ordering::Relaxed),
            1 => self.be_patient(beat, stream.handed),
            _ => {}
        }
        idle > beat.pong.saturating_add(self.patience.load(Ordering::Relaxed))
    }

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
                // As its own frame, so that a long `on_connect` does not hold it back. Refused only if the connection is ending.
                let ping = if outbox.is_knowing() { pings() } else { frame(Opcode::Ping, &[]) };
                if outbox.push(ping, Sender::Own) == Enqueued::MustFlush {
                    outbox.flush();
                }
            }
            Check::Dead => {
                outbox.close(Close::new(ClosedBy::NoPong, CloseCode::TRY_AGAIN, "no pong came"));
            }
            Check::Idle => {
                let code = if outbox.is_knowing() { CloseCode::IDLE } else { CloseCode::NORMAL };
                outbox.close(Close::new(ClosedBy::Idle, code, "no message came for too long"));
            }
        }
    }
}

fn advance(ticks: &AtomicU32, begins: bool) -> u32 {
    let ticks_now = if begins { 0 } else { ticks.load(Ordering::Relaxed).saturating_add(1) };
    ticks.store(ticks_now, Ordering::Relaxed);
    ticks_now
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Check {
    Alive,
    Blocked,
    Silent,
    Dead,
    Idle,
}

/// The configured times, in ticks.
#[derive(Clone, Copy)]
pub(crate) struct Beat {
    pub tick: Duration,
    ping: Option<u32>,
    pong: u32,
    idle: Option<u32>,
    /// Pings are sent up to so many ticks early, so that connections that were opened together are not pinged together for ever.
    spread: u32,
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

    fn beat() -> Beat {
        Beat::new(Some(25 * SECOND), 10 * SECOND, None)
    }

    fn silence(liveness: &Liveness, beat: &Beat, spread: u32, ticks: usize) -> Vec<(usize, Check)> {
        ticks_of(liveness, beat, spread, Stream::default(), ticks)
    }

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
            liveness.mark_received();
        }
        assert_eq!(silence(&liveness, &beat, 0, 26), [(26, Check::Silent)]);
        liveness.mark_received();
        assert_eq!(silence(&liveness, &beat, 0, 25), []);
    }

    #[test]
    fn whom_we_do_not_read_is_not_taken_for_dead() {
        let (beat, liveness) = (Beat::new(Some(25 * SECOND), 10 * SECOND, Some(60 * SECOND)), Liveness::default());
        assert_eq!(silence(&liveness, &beat, 0, 30), [(25, Check::Silent)]);
        liveness.pause(true);
        assert_eq!(silence(&liveness, &beat, 0, 1000), []);
        liveness.pause(false);
        assert_eq!(silence(&liveness, &beat, 0, 6), [(6, Check::Dead)]);
    }

    #[test]
    fn pongs_alone_do_not_keep_an_idle_client() {
        let (beat, liveness) = (Beat::new(Some(25 * SECOND), 10 * SECOND, Some(3 * SECOND)), Liveness::default());
        assert_eq!(beat.tick, Duration::from_millis(750));
        liveness.mark_message();
        for _ in 0..5 {
            liveness.mark_received();
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
        let liveness = Liveness::default();
        assert_eq!(
            ticks_of(&liveness, &beat, 0, sent(560 << 10), 46),
            [(25, Check::Silent), (25 + 11 + 10, Check::Dead)]
        );
        let liveness = Liveness::default();
        let checks = ticks_of(&liveness, &beat, 0, sent(1 << 30), 268);
        assert_eq!(checks, [(25, Check::Silent), (25 + 11 + 256 - 24, Check::Dead)]);
    }

    #[test]
    fn what_was_sent_before_a_ping_that_was_answered_has_been_read() {
        let (beat, liveness) = (beat(), Liveness::default());
        let sent = Stream { handed: 4 << 20, is_blocked: false };
        assert_eq!(ticks_of(&liveness, &beat, 0, sent, 25), [(25, Check::Silent)]);
        liveness.mark_pong();
        liveness.mark_received();
        assert_eq!(ticks_of(&liveness, &beat, 0, sent, 37), [(26, Check::Silent), (37, Check::Dead)]);
    }

    #[test]
    fn whose_stream_takes_no_more_is_not_pinged_and_has_the_pong_timeout_to_take_some() {
        let (beat, liveness) = (beat(), Liveness::default());
        let blocked = Stream { handed: 160 << 10, is_blocked: true };
        liveness.pause(true);
        assert_eq!(liveness.tick_with(&beat, 0, blocked), Check::Blocked);
        let given_up = |is_direct| (1..).find(|idle| liveness.has_stalled(&beat, *idle, blocked, is_direct)).unwrap();
        assert_eq!(given_up(true), 11);
        // If the sweep can't write itself, what was sent may be on its way: 144 KiB are left of it.
        assert_eq!(given_up(false), 11 + 9);
        assert!(!liveness.has_stalled(&beat, 0, blocked, true) && liveness.has_received.load(Ordering::Relaxed));
    }
}
