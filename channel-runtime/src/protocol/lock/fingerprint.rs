//! The fingerprint of the wire: a hash of 64 bits.

use super::lines::Lines;
use super::types::Types;
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

const FNV_BASIS: u64 = 0xcbf2_9ce4_8422_2325;

/// The last step of MurmurHash3, so that equal parts of two hashes do not cancel out in their sum.
const fn mix(mut hash: u64) -> u64 {
    hash = (hash ^ (hash >> 33)).wrapping_mul(0xff51_afd7_ed55_8ccd);
    hash = (hash ^ (hash >> 33)).wrapping_mul(0xc4ce_b9fe_1a85_ec53);
    hash ^ (hash >> 33)
}
