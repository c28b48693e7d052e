//! What clients say: each message shows whether it is whole and somebody's own, so that whoever receives it can tell.

use fastrand::Rng;

/// How many octets a message's seed takes, in hexadecimal in a text.
const SEED: usize = 16;

/// A text of about so many octets, which compresses well.
pub fn text(random: &mut Rng, len: usize) -> String {
    let seed = format!("{:016x}", random.u64(..));
    seed.repeat(1 + len / SEED)
}

pub fn is_text(text: &str) -> bool {
    let octets = text.as_bytes();
    octets.len() >= SEED
        && octets.len().is_multiple_of(SEED)
        && octets.chunks(SEED).all(|chunk| *chunk == octets[..SEED])
}

/// Octets that nothing compresses, behind the seed that they follow from.
pub fn noise(random: &mut Rng, len: usize) -> Vec<u8> {
    noise_of(random.u64(..), len)
}

fn noise_of(seed: u64, len: usize) -> Vec<u8> {
    let mut noise = vec![0; len];
    Rng::with_seed(seed).fill(&mut noise);
    [&seed.to_be_bytes(), &noise[..]].concat()
}

pub fn is_noise(octets: &[u8]) -> bool {
    let Some((seed, noise)) = octets.split_first_chunk() else { return false };
    noise_of(u64::from_be_bytes(*seed), noise.len()) == octets
}
