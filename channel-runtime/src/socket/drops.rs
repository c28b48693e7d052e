//! The counting of what clients were not sent because they were behind: volatile messages that were dropped, and newest values that were
//! replaced, by type.

use crate::protocol::delivery::Delivery;
use crate::protocol::describe::MessageShape;
use crate::room::class::{Class, LatestClass, TypeHash};
use crate::room::sent::Sent;
use crate::socket::count::Count;
use crate::socket::seldom::Seldom;

/// What a channel's clients were not sent, by type. Most channels have reliable types alone.
#[derive(Default)]
pub(crate) struct Drops {
    types: Box<[OfType]>,
}

struct OfType {
    wire_type: &'static str,
    hash: TypeHash,
    delivery: Delivery,
    missed: Said,
    /// Values of one key more than a room may have.
    refused: Said,
}

/// A count that the log says once in a while.
struct Said {
    count: Count,
    log: Seldom,
}

impl Drops {
    pub fn of(shapes: &'static [MessageShape]) -> Self {
        let of_type = |shape: &'static MessageShape| OfType {
            wire_type: shape.wire_type,
            hash: TypeHash::of(shape.wire_type),
            delivery: shape.delivery,
            missed: Said::new(),
            refused: Said::new(),
        };
        Self { types: shapes.iter().filter(|shape| !shape.delivery.is_reliable()).map(of_type).collect() }
    }

    /// Each volatile type, and how many times a client was not sent it.
    pub fn dropped(&self) -> impl Iterator<Item = (&'static str, u64)> {
        self.counts(Delivery::is_volatile)
    }

    /// Each type that is `latest`, and how many times a client was not sent a value of it.
    pub fn replaced(&self) -> impl Iterator<Item = (&'static str, u64)> {
        self.counts(Delivery::is_latest)
    }

    /// The class of a type that is `latest`, by which other nodes name it.
    #[cfg(feature = "cluster")]
    pub fn latest(&self, of: TypeHash) -> Option<LatestClass> {
        let found = self.types.iter().find(|each| each.hash == of && each.delivery.is_latest())?;
        Some(LatestClass { of, every_ms: found.delivery.every_ms() })
    }

    fn counts(&self, of: fn(Delivery) -> bool) -> impl Iterator<Item = (&'static str, u64)> {
        let types = self.types.iter().filter(move |each| of(each.delivery));
        types.map(|each| (each.wire_type, each.missed.count.get()))
    }

    fn of_class(&self, class: Class) -> Option<&OfType> {
        let (Class::Volatile(hash) | Class::Latest(LatestClass { of: hash, .. })) = class else { return None };
        self.types.iter().find(|each| each.hash == hash)
    }

    #[cold]
    pub fn add(&self, channel: &'static str, class: Class, sent: Sent) {
        let Some(of_type) = self.of_class(class) else { return };
        let Some(times) = of_type.missed.add(sent.dropped + sent.replaced) else { return };
        let kind = of_type.wire_type;
        if of_type.delivery.is_volatile() {
            tracing::info!(
                channel,
                r#type = kind,
                dropped = times,
                "volatile messages were dropped: clients are behind"
            );
        } else {
            tracing::info!(channel, r#type = kind, replaced = times, "values were replaced: clients are behind");
        }
    }

    /// A room has as many keys as may be.
    #[cold]
    pub fn refuse_key(&self, channel: &'static str, class: Class) {
        if let Some(OfType { wire_type, refused, .. }) = self.of_class(class)
            && let Some(times) = refused.add(1)
        {
            tracing::warn!(channel, r#type = wire_type, times, "a room has 1000 keys of it, and one more was refused");
        }
    }
}

impl Said {
    fn new() -> Self {
        Self { count: Count::default(), log: Seldom::new() }
    }

    /// Returns what the log is to say: how many there were since it last did.
    fn add(&self, more: usize) -> Option<u64> {
        self.count.add(more);
        self.log.tells(self.count.get())
    }
}
