//! Inputs made of others, by chance that a seed repeats.

/// A random sequence of its own for each seed: Steele, Lea and Flood's SplitMix64.
pub(super) struct Random(u64);

impl Random {
    pub(super) fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ self.0 >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ mixed >> 31
    }

    /// A number below `bound`, which is not zero.
    pub(super) fn below(&mut self, bound: usize) -> usize {
        (self.next() % bound as u64) as usize
    }

    pub(super) fn one_of<'a, T: ?Sized>(&mut self, list: &[&'a T]) -> &'a T {
        list[self.below(list.len())]
    }
}

/// Inputs over this length are cut: long ones find nothing that short ones don't, and take their time.
const LONGEST: usize = 4096;

/// Changes an input in a few places: by itself, with parts of `other` or with `words` that have a meaning in its language.
pub(super) fn mutate(input: &mut Vec<u8>, other: &[u8], words: &[&[u8]], random: &mut Random) {
    for _ in 0..=random.below(4) {
        let at = random.below(input.len() + 1);
        let end = at + random.below((input.len() - at).min(16) + 1);
        match random.below(8) {
            0 if at < input.len() => input[at] ^= 1 << random.below(8),
            1 if at < input.len() => input[at] = random.next() as u8,
            2 => drop(input.drain(at..end)),
            3 => input.extend_from_within(at..end),
            4 => input.truncate(at),
            5 => drop(input.splice(at..end, other[random.below(other.len() + 1)..].iter().copied())),
            6 => drop(input.splice(at..at, random.one_of(words).iter().copied())),
            _ => overwrite_length(&mut input[at..], random),
        }
    }
    input.truncate(LONGEST);
}

/// Where this is the length of something, it is now one at which something changes, or next to it.
fn overwrite_length(at: &mut [u8], random: &mut Random) {
    const EDGES: [u64; 9] = [0, 64, 125, 127, 1000, 0x7FFF, 0xFFFF, 1 << 31, 1 << 63];
    let len = EDGES[random.below(EDGES.len())].wrapping_add(random.below(3) as u64).wrapping_sub(1);
    let bytes = len.to_be_bytes();
    let width = [1, 2, 4, 8][random.below(4)].min(at.len());
    at[..width].copy_from_slice(&bytes[bytes.len() - width..]);
}
