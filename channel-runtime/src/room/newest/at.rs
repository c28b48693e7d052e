//! Where a member is that has not been told all newest values: what the table has of it, in place of a queue.

use crate::connection::outbox::Offered;
use crate::room::newest::sweep::Sweep;

pub(super) struct At {
    /// It has had all values up to this version.
    pub version: u64,
    /// It has not taken all that it was offered, and its own task will pull: so a pass leaves it alone, however many stall.
    pub pulls: bool,
    /// If it takes a part at a time.
    pub sweep: Option<Box<Sweep>>,
}

impl At {
    pub fn has_had(version: u64) -> Self {
        Self { version, pulls: false, sweep: None }
    }

    /// It was offered more.
    pub fn behind(version: u64, offered: Offered) -> Self {
        let sweep = offered.is_part().then(|| Box::new(Sweep::from(version)));
        Self { version, pulls: true, sweep }
    }
}
