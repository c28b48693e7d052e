//! What a room knows of newest values, for another node that asks: all of them, and which keys were forgotten.

use std::sync::Arc;

use super::stamp::Stamp;
use super::table::Table;
use crate::room::class::TypeHash;
use crate::room::exclusions::Exclusions;
use crate::wire::frame::Frame;

#[derive(Clone)]
pub(crate) struct Known {
    pub of: TypeHash,
    pub key: Arc<str>,
    pub stamp: Stamp,
    /// `None` if it is forgotten.
    pub value: Option<(Frame, Option<Arc<Exclusions>>)>,
}

/// Of one value, or of a key that was forgotten. Those of a room are added without a carry, so that their order does not matter.
pub(super) fn digest(of: TypeHash, stamp: Stamp, is_forgotten: bool) -> u64 {
    let mix = |bits: u64| (bits ^ (bits >> 29)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let bits = mix(stamp.micros << 1 | u64::from(is_forgotten)) ^ stamp.node ^ u64::from(of.0) << 32;
    let mixed = mix(mix(bits));
    mixed ^ (mixed >> 32)
}

impl Table {
    /// But for what was sent before there was a cluster. What was forgotten comes first, so that there is a place for the values.
    pub(super) fn known(&self) -> impl Iterator<Item = Known> {
        let values = self.values.iter().filter(|(_, value)| !value.stamp.is_none());
        let values = values.map(|(key, value)| Known {
            of: self.of,
            key: Arc::clone(key),
            stamp: value.stamp,
            value: Some((value.frame.clone(), value.exclusions.clone())),
        });
        let forgotten = self.forgotten.iter();
        let of = self.of;
        let forgotten =
            forgotten.map(move |(stamp, key)| Known { of, key: Arc::clone(key), stamp: *stamp, value: None });
        forgotten.chain(values)
    }

    pub(super) fn digest(&self) -> u64 {
        let values = self.values.values().map(|value| value.stamp).filter(|stamp| !stamp.is_none());
        let values = values.map(|stamp| digest(self.of, stamp, false));
        let forgotten = self.forgotten.common().map(|stamp| digest(self.of, stamp, true));
        values.chain(forgotten).fold(0, |all, one| all ^ one)
    }
}
