//! Counters of the requests for a connection that were refused.

use crate::socket::count::Count;

#[derive(Default)]
pub(crate) struct RefusalCounters([Count; RefusalCounters::STATUSES.len()]);

impl RefusalCounters {
    /// The last one counts all other statuses, too.
    const STATUSES: [(u16, &str); 9] = [
        (400, "400"),
        (401, "401"),
        (403, "403"),
        (404, "404"),
        (408, "408"),
        (426, "426"),
        (429, "429"),
        (503, "503"),
        (500, "500"),
    ];

    pub fn counts(&self) -> impl Iterator<Item = ((u16, &'static str), u64)> {
        Self::STATUSES.into_iter().zip(&self.0).map(|(status, count)| (status, count.get()))
    }

    pub fn count(&self, status: u16) {
        let place = Self::STATUSES.iter().position(|(known, _)| *known == status).unwrap_or(Self::STATUSES.len() - 1);
        self.0[place].add(1);
    }
}
