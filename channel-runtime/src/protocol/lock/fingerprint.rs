//! The fingerprint of the wire: a hash of 64 bits.

use super::lines::Lines;
use super::types::Types;
use crate::protocol::const_text::ConstText;
use crate::protocol::describe::ChannelShape;

pub(crate) fn fingerprint(channels: &[ChannelShape]) -> String {
    format!("{:016x}", sum(channels))
}

/// The sum of all sections. It is the same on every machine and for every order of the source.
pub const fn sum(channels: &[ChannelShape]) -> u64 {
    let mut sum = 0_u64;
    let mut at = 0;
    while at < channels.len() {
        sum = sum.wrapping_add(section(Lines::of_channel(&channels[at])));
        at += 1;
    }
    let types = Types::of(channels);
    at = 0;
    while let Some((definition, used)) = types.get(at) {
        sum = sum.wrapping_add(section(Lines::of_type(definition, used)));
        at += 1;
    }
    sum
}

/// The sum of the hashes of all lines, each with the header. The macros compute the same sum for the sections of a file.
pub const fn section(mut lines: Lines) -> u64 {
    let mut line = lines.header();
    let header = line.hash(FNV_BASIS);
    let mut sum = mix(header);
    line.clear();
    line.push("\n");
    let begin = line.hash(header);
    while lines.next(&mut line) {
        sum = sum.wrapping_add(mix(line.hash(begin)));
    }
    sum
}

/// The sum of a section, from its text in a lock file.
pub(super) fn sum_of_text<'a>(header: &str, lines: impl IntoIterator<Item = &'a str>) -> u64 {
    let hash = |from: u64, text: &str| {
        text.bytes().fold(from, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3))
    };
    let header = hash(FNV_BASIS, header);
    let begin = hash(header, "\n");
    lines.into_iter().fold(mix(header), |sum, line| sum.wrapping_add(mix(hash(begin, line))))
}

/// Sixteen hexadecimal digits.
pub(super) const fn push<const N: usize>(text: &mut ConstText<N>, fingerprint: u64) {
    let mut left = 16;
    while left > 0 {
        left -= 1;
        let digit = (fingerprint >> (4 * left)) as usize & 15;
        text.push("0123456789abcdef".split_at(digit).1.split_at(1).0);
    }
}

const FNV_BASIS: u64 = 0xcbf2_9ce4_8422_2325;

/// The last step of MurmurHash3, so that equal parts of two hashes do not cancel out in their sum.
const fn mix(mut hash: u64) -> u64 {
    hash = (hash ^ (hash >> 33)).wrapping_mul(0xff51_afd7_ed55_8ccd);
    hash = (hash ^ (hash >> 33)).wrapping_mul(0xc4ce_b9fe_1a85_ec53);
    hash ^ (hash >> 33)
}
