//! Who is still there: one task an app pings the clients that are silent, and ends those that do not answer.
//!
//! No connection has a timer of its own. Each has a [`Pulse`], which its task marks when it hears something and the sweep
//! looks at and clears, once a tick.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

use tokio::task::yield_now;
use tokio::time::{MissedTickBehavior, interval};

use crate::config::Config;
use crate::connection::Connection;
use crate::outbox::{Pushed, Sender};
use crate::registry::Registry;
use crate::wire::close::{Close, CloseCode, ClosedBy};
use crate::wire::frame::{Opcode, frame};

/// The longest tick: what is configured holds to so much.
const LONGEST_TICK: Duration = Duration::from_secs(1);

/// How many connections are looked at before others have their turn.
const CONNECTIONS_PER_TURN: usize = 256;

/// What is known of one client's life.
#[derive(Default)]
pub(crate) struct Pulse {
    /// Something was heard since the last tick.
    heard: AtomicBool,
    /// A message was, not only a pong.
    spoke: AtomicBool,
    /// We do not read, so that it is not its fault that nothing is heard.
    rests: AtomicBool,
    /// A ping of ours has no answer yet.
    awaits_pong: AtomicBool,
    /// For how many ticks nothing was heard; the sweep's own.
    silent: AtomicU32,
    /// For how many ticks no message was; the sweep's own.
    idle: AtomicU32,
}

impl Pulse {
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

    /// One tick has passed.
    fn tick(&self, beat: &Beat, spread: u32) -> Verdict {
        if self.rests.load(Ordering::Relaxed) {
            return Verdict::Well;
        }
        let idle = advance(&self.idle, self.spoke.swap(false, Ordering::Relaxed));
        if beat.idle.is_some_and(|most| idle > most) {
            return Verdict::Idle;
        }
        let silent = advance(&self.silent, self.heard.swap(false, Ordering::Relaxed));
        let Some(ping) = beat.ping else { return Verdict::Well };
        let ping = ping - spread % beat.spread;
        match silent.checked_sub(ping) {
            Some(0) => Verdict::Silent,
            Some(waited) if waited > beat.pong => Verdict::Dead,
            _ => Verdict::Well,
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
enum Verdict {
    Well,
    /// It is asked whether it is there.
    Silent,
    /// It has not answered.
    Dead,
    /// It is there, and says nothing.
    Idle,
}

/// What is configured, in ticks.
#[derive(Clone, Copy)]
struct Beat {
    tick: Duration,
    ping: Option<u32>,
    pong: u32,
    idle: Option<u32>,
    /// Pings come up to so many ticks early, each connection's at another, so that a crowd that came at once is not pinged
    /// at once for ever.
    spread: u32,
}

impl Beat {
    fn of(config: &Config) -> Option<Self> {
        let shortest =
            config.ping_interval.map(|ping| ping.min(config.pong_timeout)).into_iter().chain(config.idle_timeout);
        let tick = (shortest.min()? / 4).clamp(Duration::from_millis(1), LONGEST_TICK);
        let ticks =
            |time: Duration| u32::try_from(time.as_nanos().div_ceil(tick.as_nanos())).unwrap_or(u32::MAX).max(1);
        let ping = config.ping_interval.map(ticks);
        let spread = ping.map_or(1, |ping| ping / 5 + 1);
        Some(Self { tick, ping, pong: ticks(config.pong_timeout), idle: config.idle_timeout.map(ticks), spread })
    }
}

/// Sees to it that the connections of this registry are watched, if there is anything to watch for.
pub(crate) fn watch(registry: &Arc<Registry>, config: &Config) {
    let Some(beat) = Beat::of(config) else { return };
    if registry.begin_watch() {
        tokio::spawn(Watch { registry: Arc::clone(registry), has_ended: false }.run(beat));
    }
}

struct Watch {
    registry: Arc<Registry>,
    has_ended: bool,
}

impl Watch {
    /// Until nobody is here any more.
    async fn run(mut self, beat: Beat) {
        let mut ticks = interval(beat.tick);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        while !self.registry.end_watch() {
            ticks.tick().await;
            for channel in 0..self.registry.channels() {
                self.sweep(channel, &beat).await;
            }
        }
        self.has_ended = true;
    }

    async fn sweep(&self, channel: usize, beat: &Beat) {
        let everybody = self.registry.all(channel);
        let mut next = 0;
        while next < everybody.len() {
            let turn = next..next + CONNECTIONS_PER_TURN;
            let found = everybody.examine(turn.clone(), |connection| {
                let verdict = connection.pulse.tick(beat, connection.id.spread());
                (verdict != Verdict::Well).then_some(verdict)
            });
            for (connection, verdict) in found {
                pronounce(&connection, verdict);
            }
            next = turn.end;
            yield_now().await;
        }
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        // Its runtime has ended before the connections; those on another one start the next watch.
        if !self.has_ended {
            self.registry.lose_watch();
        }
    }
}

fn pronounce(connection: &Connection, verdict: Verdict) {
    let outbox = &connection.outbox;
    match verdict {
        Verdict::Well => {}
        Verdict::Silent => {
            connection.pulse.awaits_pong.store(true, Ordering::Relaxed);
            // Its own, so that a long `on_connect` does not hold it back. Refused only when the connection ends.
            if outbox.push(frame(Opcode::Ping, &[]), Sender::Own) == Pushed::Promised {
                outbox.flush();
            }
        }
        Verdict::Dead => {
            outbox.close(Close::new(ClosedBy::NoPong, CloseCode::TRY_AGAIN, "no pong came"));
        }
        Verdict::Idle => {
            outbox.close(Close::new(ClosedBy::Idle, CloseCode::NORMAL, "no message came for too long"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn beat(config: &Config) -> Beat {
        Beat::of(config).unwrap()
    }

    /// The verdicts of so many ticks without a sound.
    fn silence(pulse: &Pulse, beat: &Beat, spread: u32, ticks: usize) -> Vec<(usize, Verdict)> {
        (1..=ticks)
            .map(|tick| (tick, pulse.tick(beat, spread)))
            .filter(|(_, verdict)| *verdict != Verdict::Well)
            .collect()
    }

    #[test]
    fn a_silent_client_is_pinged_once_and_given_up_after_the_pong_timeout() {
        let beat = beat(&Config::default());
        let verdicts = silence(&Pulse::default(), &beat, 0, 36);
        assert_eq!(verdicts, [(25, Verdict::Silent), (36, Verdict::Dead)]);
        // Another one's ping comes earlier, but never by more than a fifth.
        for spread in 0..100 {
            let verdicts = silence(&Pulse::default(), &beat, spread, 40);
            let (at, _) = verdicts[0];
            assert!((20..=25).contains(&at) && verdicts[1] == (at + 11, Verdict::Dead), "{verdicts:?}");
        }
    }

    #[test]
    fn whoever_is_heard_is_not_asked() {
        let (beat, pulse) = (beat(&Config::default()), Pulse::default());
        for _ in 0..10 {
            assert_eq!(silence(&pulse, &beat, 0, 24), []);
            pulse.hear();
        }
        assert_eq!(silence(&pulse, &beat, 0, 26), [(26, Verdict::Silent)]);
        // The pong.
        pulse.hear();
        assert_eq!(silence(&pulse, &beat, 0, 25), []);
    }

    #[test]
    fn whom_we_do_not_read_is_not_taken_for_dead() {
        let (beat, pulse) = (beat(&Config::default().idle_timeout(Duration::from_secs(60))), Pulse::default());
        assert_eq!(silence(&pulse, &beat, 0, 30), [(25, Verdict::Silent)]);
        pulse.rest(true);
        assert_eq!(silence(&pulse, &beat, 0, 1000), []);
        pulse.rest(false);
        // The deadline has rested, not begun anew.
        assert_eq!(silence(&pulse, &beat, 0, 6), [(6, Verdict::Dead)]);
    }

    #[test]
    fn pongs_alone_do_not_keep_an_idle_client() {
        let (beat, pulse) = (beat(&Config::default().idle_timeout(Duration::from_secs(3))), Pulse::default());
        assert_eq!(beat.tick, Duration::from_millis(750));
        pulse.speak();
        for _ in 0..5 {
            pulse.hear();
            assert_eq!(pulse.tick(&beat, 0), Verdict::Well);
        }
        assert_eq!(pulse.tick(&beat, 0), Verdict::Idle);
    }

    #[test]
    fn what_is_off_is_not_watched() {
        let off = Config::default().ping_interval(None);
        assert!(Beat::of(&off).is_none());
        let beat = beat(&off.idle_timeout(Duration::from_secs(8)));
        assert_eq!(silence(&Pulse::default(), &beat, 3, 9), [(9, Verdict::Idle)]);
    }
}
