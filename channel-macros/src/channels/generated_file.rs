//! The text of a generated file: whether it is as it was generated, and for which wire.

use super::model::Kind;
use crate::syntax::fnv::{BASIS, fnv};

/// How each generated script begins, the same as the runtime's.
const MADE: &str = "// Made from Rust by channel-runtime: change the Rust. ";

/// The key of each generated JSON file, the same as the runtime's.
const KEY: &str = "\"x-channels-fingerprint\"";

/// What is wrong with a file, as the end of a sentence about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flaw {
    /// It is not as it was generated.
    Changed(&'static str),
    /// It was generated with other arguments.
    Other(&'static str),
}

const BEGINS: Flaw = Flaw::Changed("does not begin as it was made");

/// The fingerprint of the wire that the file was generated for.
///
/// # Errors
/// What is wrong with the file.
pub fn wire(text: &str, kind: Kind, bigint: bool) -> Result<u64, Flaw> {
    if kind.is_json() {
        let behind = text.split_once(KEY).and_then(|(_, behind)| behind.trim_start().strip_prefix(':'));
        let digits = behind.and_then(|value| value.trim_start().strip_prefix('"')).and_then(|value| value.get(..16));
        return digits
            .and_then(fingerprint)
            .ok_or(Flaw::Changed("does not have the fingerprint of the wire that it was made for"));
    }
    let (first, body) = text.split_once('\n').unwrap_or((text, ""));
    let stamp = first.strip_prefix(MADE).ok_or(BEGINS)?;
    let mut words = stamp.split_ascii_whitespace();
    let mut value = |name| (words.next() == Some(name)).then(|| words.next().and_then(fingerprint)).flatten();
    let (Some(wire), Some(contents)) = (value("fingerprint"), value("contents")) else {
        return Err(BEGINS);
    };
    if contents != hash(body) {
        return Err(Flaw::Changed("is not as it was made: it was edited, or a merge has left it so"));
    }
    match (words.next(), bigint) {
        (None, false) | (Some("bigint"), true) => Ok(wire),
        (None, true) => Err(Flaw::Other("was made without `bigint`")),
        (Some("bigint"), false) => Err(Flaw::Other("was made with `bigint`")),
        _ => Err(BEGINS),
    }
}

/// Sixteen hexadecimal digits.
fn fingerprint(digits: &str) -> Option<u64> {
    let are_digits = digits.len() == 16 && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    are_digits.then(|| u64::from_str_radix(digits, 16).ok()).flatten()
}

/// Carriage returns are passed over, because a checkout may add them.
fn hash(body: &str) -> u64 {
    fnv(BASIS, body.bytes().filter(|&byte| byte != b'\r'))
}

#[cfg(test)]
mod tests {
    use super::*;

    const BODY: &str = "export const a = 1\n// \u{2028} \u{85}\n\u{feff}";

    fn made(options: &str, body: &str) -> String {
        format!("{MADE}fingerprint 00000000000000ff contents {:016x}{options}\n{body}", hash(body))
    }

    #[test]
    fn a_file_as_it_was_made_says_its_wire() {
        assert_eq!(wire(&made("", BODY), Kind::TypeScript, false), Ok(255));
        assert_eq!(wire(&made(" bigint", BODY), Kind::React, true), Ok(255));
        assert_eq!(wire(&made("", ""), Kind::Declarations, false), Ok(255));
        // As the runtime's tests have it.
        assert_eq!(hash("export {}\n"), 0xd22c_a0e7_d21b_d981);
    }

    #[test]
    fn another_kind_of_line_end_is_no_change() {
        for text in [made("", BODY).replace('\n', "\r\n"), made("", &BODY.replace('\n', "\r\n"))] {
            assert_eq!(wire(&text, Kind::TypeScript, false), Ok(255));
        }
    }

    #[test]
    fn a_file_that_is_not_as_it_was_made_is_told_why() {
        let begins = BEGINS;
        let edited = Flaw::Changed("is not as it was made: it was edited, or a merge has left it so");
        for (text, bigint, flaw) in [
            (String::new(), false, begins),
            ("\n".into(), false, begins),
            (format!("\u{feff}{}", made("", BODY)), false, begins),
            (format!("// mine\n{}", made("", BODY)), false, begins),
            (format!("<<<<<<< HEAD\n{}", made("", BODY)), false, begins),
            (format!("{MADE}fingerprint ff contents ff\n"), false, begins),
            (format!("{MADE}fingerprint +0000000000000ff contents 00000000000000ff\n"), false, begins),
            (format!("{MADE}fingerprint 00000000000000ff\n"), false, begins),
            (MADE.into(), false, begins),
            (made(" bigints", BODY), false, begins),
            (made("", BODY) + " ", false, edited),
            (made("", BODY).replace("= 1", "= 2"), false, edited),
            (made("", BODY).lines().next().unwrap().into(), false, edited),
            (made("", BODY), true, Flaw::Other("was made without `bigint`")),
            (made(" bigint", BODY), false, Flaw::Other("was made with `bigint`")),
        ] {
            assert_eq!(wire(&text, Kind::TypeScript, bigint), Err(flaw), "{text}");
        }
    }

    #[test]
    fn json_has_its_wire_under_a_key() {
        for text in [
            "{\"x-channels-fingerprint\":\"00000000000000ff\"}",
            "{\r\n  \"info\": {\r\n    \"x-channels-fingerprint\" : \"00000000000000FF\"\r\n}}",
        ] {
            assert_eq!(wire(text, Kind::AsyncApi, true), Ok(255), "{text}");
        }
        for text in [
            "",
            "{}",
            "{\"x-channels-fingerprint\":\"ff\"}",
            "{\"x-channels-fingerprint\":7}",
            "{\"x-channels-fingerprint\":\"00000000000000fé\"}",
        ] {
            assert!(wire(text, Kind::Schemas, false).is_err(), "{text}");
        }
    }
}
