//! What a bus may do that no bus does: to see that a check of what clients heard can fail.

use std::collections::BTreeMap;

use bytes::Bytes;

use super::chance::Chance;
use crate::cluster::node_id::NodeId;
use crate::cluster::wire::{Head, Numbered, Parcel};

/// One in so many parcels.
const ONE_IN: u32 = 6;

/// Where a parcel says what its first number is; see its layout in `cluster/wire`.
const FIRST: std::ops::Range<usize> = 12..20;

/// How a bus lies to the nodes, except to the one that speaks. It changes the numbers of parcels, so that no node can notice.
#[doc(hidden)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Lie {
    /// Two parcels of one node in the wrong order.
    Reorder,
    /// A parcel twice.
    Repeat,
    /// A parcel never.
    Lose,
}

/// What one node is told of others.
#[derive(Default)]
pub(super) struct Told(BTreeMap<NodeId, Tale>);

#[derive(Default)]
struct Tale {
    /// What its numbers are off by.
    shift: i64,
    kept_back: Option<Kept>,
}

/// A parcel of the lane.
struct Kept {
    parcel: Bytes,
    count: i64,
}

impl Told {
    /// What the node is told instead.
    pub fn tell(&mut self, parcel: Bytes, lie: Lie, chance: &mut Chance) -> Vec<Bytes> {
        let Ok(Head { node, numbered, count }) = Parcel::parse(&parcel).map(|parcel| parcel.head) else {
            return vec![parcel];
        };
        if numbered == Numbered::Not {
            return vec![parcel];
        }
        let (tale, count) = (self.0.entry(node).or_default(), i64::from(count));
        // A hello says how much was said before it.
        if matches!(numbered, Numbered::Before(_)) {
            let earlier = tale.kept_back.take().map(|earlier| shifted(&earlier.parcel, tale.shift));
            return earlier.into_iter().chain([shifted(&parcel, tale.shift)]).collect();
        }
        if let Some(earlier) = tale.kept_back.take() {
            return vec![shifted(&parcel, tale.shift - earlier.count), shifted(&earlier.parcel, tale.shift + count)];
        }
        if !chance.one_in(ONE_IN) {
            return vec![shifted(&parcel, tale.shift)];
        }
        match lie {
            Lie::Reorder => {
                tale.kept_back = Some(Kept { parcel, count });
                Vec::new()
            }
            Lie::Repeat => {
                let first = shifted(&parcel, tale.shift);
                tale.shift += count;
                vec![first, shifted(&parcel, tale.shift)]
            }
            Lie::Lose => {
                tale.shift -= count;
                Vec::new()
            }
        }
    }
}

fn shifted(parcel: &Bytes, by: i64) -> Bytes {
    let mut parcel = parcel.to_vec();
    let first: &mut [u8; 8] = (&mut parcel[FIRST]).try_into().expect("eight bytes");
    *first = u64::from_le_bytes(*first).wrapping_add_signed(by).to_le_bytes();
    parcel.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parcel(first: u64, count: u8) -> Bytes {
        let node = 7_u64.to_le_bytes();
        // Each of its records is of no kind that is known.
        let records = [1, 255].repeat(count.into());
        [&b"C1\x01"[..], &node, &[0], &first.to_le_bytes(), &[count], &records].concat().into()
    }

    /// The numbers of the records that are told, and their parcels' first numbers before.
    fn told(lie: Lie) -> Vec<u64> {
        let (mut told, mut chance) = (Told::default(), Chance::new(1));
        let all = (0..100).flat_map(|n| told.tell(parcel(1 + 3 * n, 3), lie, &mut chance));
        all.map(|parcel| u64::from_le_bytes(parcel[FIRST].try_into().unwrap())).collect()
    }

    #[test]
    fn the_numbers_of_a_lie_are_without_a_gap() {
        for lie in [Lie::Reorder, Lie::Repeat, Lie::Lose] {
            let numbers = told(lie);
            let expected: Vec<_> = (0..numbers.len() as u64).map(|n| 1 + 3 * n).collect();
            assert_eq!(numbers, expected, "{lie:?}");
            assert_eq!(
                numbers.len().cmp(&100),
                match lie {
                    Lie::Reorder => std::cmp::Ordering::Equal,
                    Lie::Repeat => std::cmp::Ordering::Greater,
                    Lie::Lose => std::cmp::Ordering::Less,
                }
            );
        }
    }

    #[test]
    fn what_has_no_numbers_is_told_as_it_is() {
        let (mut told, mut chance) = (Told::default(), Chance::new(1));
        for _ in 0..100 {
            assert_eq!(told.tell(Bytes::from_static(b"other"), Lie::Lose, &mut chance), [Bytes::from_static(b"other")]);
        }
    }
}
