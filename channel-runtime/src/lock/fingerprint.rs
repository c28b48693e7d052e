//! The fingerprint: the wire in 64 bits.

use super::line::Line;
use super::lines::Lines;
use super::types::Types;
use crate::describe::ChannelShape;

/// As clients see it: sixteen hexadecimal digits.
pub(crate) fn fingerprint(channels: &[ChannelShape]) -> String {
    format!("{:016x}", sum(channels))
}

/// The sum of the hashes of all lines, each with its section's header: the same on every machine and for every order of the source.
pub const fn sum(channels: &[ChannelShape]) -> u64 {
    let mut sum = 0;
    let mut at = 0;
    while at < channels.len() {
        let section = hash(SEED, &["channel ", channels[at].pattern]);
        sum = add(sum, section, Lines::of_channel(&channels[at]));
        at += 1;
    }
    let types = Types::of(channels);
    at = 0;
    while let Some((definition, used)) = types.get(at) {
        let mut name = Line::new();
        name.push_name(definition);
        sum = add(sum, hash(SEED, &["type ", name.as_str()]), Lines::of_type(definition, used));
        at += 1;
    }
    sum
}

const fn add(mut sum: u64, section: u64, mut lines: Lines) -> u64 {
    sum = mix(section).wrapping_add(sum);
    let mut line = Line::new();
    while lines.next(&mut line) {
        sum = mix(hash(section, &["\n", line.as_str()])).wrapping_add(sum);
    }
    sum
}

const SEED: u64 = 0xcbf2_9ce4_8422_2325;

/// FNV-1a.
const fn hash(mut hash: u64, parts: &[&str]) -> u64 {
    let mut part = 0;
    while part < parts.len() {
        let bytes = parts[part].as_bytes();
        let mut at = 0;
        while at < bytes.len() {
            hash = (hash ^ bytes[at] as u64).wrapping_mul(0x0000_0100_0000_01b3);
            at += 1;
        }
        part += 1;
    }
    hash
}

/// The end of MurmurHash3: what is alike in two hashes must not be in their sum.
const fn mix(mut hash: u64) -> u64 {
    hash = (hash ^ (hash >> 33)).wrapping_mul(0xff51_afd7_ed55_8ccd);
    hash = (hash ^ (hash >> 33)).wrapping_mul(0xc4ce_b9fe_1a85_ec53);
    hash ^ (hash >> 33)
}
