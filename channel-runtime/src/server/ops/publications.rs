//! Counters of what was published, by HTTP status.

use http::StatusCode;

use crate::server::numbers::{Collector, Family};
use crate::socket::count::Count;

const PUBLISHED: Family = Family::counter("channels_published_total", "Publications by operators, by HTTP status.");

#[derive(Default)]
pub(crate) struct Publications([Count; Publications::STATUSES.len()]);

impl Publications {
    /// The last one counts all other statuses, too.
    const STATUSES: [(u16, &str); 8] = [
        (200, "200"),
        (400, "400"),
        (403, "403"),
        (404, "404"),
        (413, "413"),
        (422, "422"),
        (503, "503"),
        (500, "500"),
    ];

    pub fn count(&self, status: StatusCode) {
        let place = Self::STATUSES.iter().position(|(known, _)| *known == status.as_u16());
        self.0[place.unwrap_or(Self::STATUSES.len() - 1)].add(1);
    }

    pub fn collect(&self, to: &mut impl Collector) {
        to.begin(PUBLISHED);
        for ((_, status), count) in Self::STATUSES.into_iter().zip(&self.0) {
            to.add(&[("status", status)], count.get());
        }
    }
}
