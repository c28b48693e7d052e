//! The first line of a generated file, by which the compiler knows whether the file is what was generated for this wire.

/// The file, below a line with the wire's fingerprint and the hash of what follows.
///
/// The version of the crate is not in it, so that an upgrade alone makes no file stale.
pub(super) fn stamped(fingerprint: &str, body: &str) -> String {
    format!("{MADE}fingerprint {fingerprint} contents {:016x}\n{body}", contents(body))
}

/// The file with a word more in its first line, for what it was asked to be.
pub(super) fn with_option(file: &str, option: &str) -> String {
    file.replacen('\n', &format!(" {option}\n"), 1)
}

const MADE: &str = "// Made from Rust by channel-runtime: change the Rust. ";

/// FNV-1a of 64 bits. Carriage returns are passed over, because a checkout may add them.
fn contents(body: &str) -> u64 {
    let bytes = body.bytes().filter(|&byte| byte != b'\r');
    bytes.fold(0xcbf2_9ce4_8422_2325, |hash: u64, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3))
}
