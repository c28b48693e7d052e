//! Whether the server still answers.

use std::time::Duration;

use tokio::time::Instant;

use super::clock::later;
use super::machine::Engine;

/// A ping arrives a little later than it was sent.
const LATE: Duration = Duration::from_secs(2);

/// After a probe.
const PROBE: Duration = Duration::from_secs(10);

impl Engine {
    pub(super) fn watch(&mut self, now: Instant) {
        self.timers.probed = None;
        let due = later(self.heard, self.silence.saturating_add(LATE));
        if due <= now {
            return self.probe(now, PROBE);
        }
        self.timers.watch = Some(due);
    }

    pub(super) fn probe(&mut self, now: Instant, within: Duration) {
        self.say(r#"{"type":"$ping","ref":0}"#.to_owned());
        self.timers.probed = Some(now);
        self.timers.watch = Some(now + within);
    }

    /// Nothing can be received while the program does not take what was: that is no silence of the server.
    pub fn held(&mut self, now: Instant) {
        self.heard = now;
    }
}
