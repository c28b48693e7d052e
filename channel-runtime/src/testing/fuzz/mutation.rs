//! Random mutations of inputs, repeatable by a seed.

use fastrand::Rng;

/// Longer inputs find nothing that short ones don't, and take longer.
const LONGEST: usize = 4096;

/// Changes an input in a few places: at random, with parts of `other`, or with `words` that mean something in its format.
pub(super) fn mutate(input: &mut Vec<u8>, other: &[u8], words: &[&[u8]], random: &mut Rng) {
    for _ in 0..random.usize(1..=4) {
        let at = random.usize(..=input.len());
        let end = at + random.usize(..=(input.len() - at).min(16));
        match random.usize(..8) {
            0 if at < input.len() => input[at] ^= 1 << random.u8(..8),
            1 if at < input.len() => input[at] = random.u8(..),
            2 => drop(input.drain(at..end)),
            3 => input.extend_from_within(at..end),
            4 => input.truncate(at),
            5 => drop(input.splice(at..end, other[random.usize(..=other.len())..].iter().copied())),
            6 => drop(input.splice(at..at, words[random.usize(..words.len())].iter().copied())),
            _ => overwrite_length(&mut input[at..], random),
        }
    }
    input.truncate(LONGEST);
}

/// If this is a length, it becomes one at which behaviour changes, or next to one.
fn overwrite_length(at: &mut [u8], random: &mut Rng) {
    const EDGES: [u64; 9] = [0, 64, 125, 127, 1000, 0x7FFF, 0xFFFF, 1 << 31, 1 << 63];
    let len = EDGES[random.usize(..EDGES.len())].wrapping_add(random.u64(..3)).wrapping_sub(1);
    let bytes = len.to_be_bytes();
    let width = [1, 2, 4, 8][random.usize(..4)].min(at.len());
    at[..width].copy_from_slice(&bytes[bytes.len() - width..]);
}
