//! FNV-1a of 64 bits, as the runtime computes it.

pub const BASIS: u64 = 0xcbf2_9ce4_8422_2325;

/// `seed` is [`BASIS`], or the hash of what stands before the bytes.
pub fn fnv(seed: u64, bytes: impl Iterator<Item = u8>) -> u64 {
    bytes.fold(seed, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_is_the_published_one() {
        let of = |text: &str| fnv(BASIS, text.bytes());
        assert_eq!([of(""), of("a"), of("foobar")], [BASIS, 0xaf63_dc4c_8601_ec8c, 0x8594_4171_f739_67e8]);
        assert_eq!(fnv(of("foo"), "bar".bytes()), of("foobar"));
    }
}
