//! Group 6: text in UTF-8, however odd, and what is none.

use super::support::{Frame, head, masked};
use super::{Case, case, echo_of, fragments, message, ping, text};

/// 6.3 and 6.8 to 6.21: what is no UTF-8, in hexadecimal digits.
const NOT_UTF8: [(&str, &str); 14] = [
    ("6.3", "cebae1bdb9cf83cebcceb5eda080656469746564"),
    ("6.8, five and six bytes", "f888808080 fc8480808080"),
    ("6.10, the last of each length", "f7bfbfbf fbbfbfbfbf fdbfbfbfbfbf"),
    ("6.11, behind U+10FFFF", "f4908080"),
    (
        "6.12, continuation bytes alone",
        "80 bf 80bf 80bf80 80bf80bf 80bf80bf80 80bf80bf80bf 808182838485868788898a8b8c8d8e8f b0b1b2b3b4b5b6b7b8b9babbbc",
    ),
    (
        "6.13, first bytes alone",
        "c220 df20 e020 ef20 f020 f420 f720 c020c120c220c320 e020e120e220e320 f020f120f220f320 f820f920fa20fb20 fc20fd20",
    ),
    ("6.14, the last byte missing", "c0 e080 f08080 f8808080 fc80808080 df efbf f7bfbf fbbfbfbf fdbfbfbfbf"),
    ("6.15, all of those", "c0e080f08080f8808080fc80808080dfefbff7bfbffbbfbfbffdbfbfbfbf"),
    ("6.16, impossible bytes", "fe ff fefeffff"),
    ("6.17, a slash, overlong", "c0af e080af f08080af f8808080af fc80808080af"),
    ("6.18, the longest overlong", "c1bf e09fbf f08fbfbf f887bfbfbf fc83bfbfbfbf"),
    ("6.19, zero, overlong", "c080 e08080 f0808080 f880808080 fc8080808080"),
    ("6.20, surrogates", "eda080 edadbf edae80 edafbf edb080 edbe80 edbfbf"),
    (
        "6.21, surrogates in pairs",
        "eda080edb080 eda080edbfbf edadbfedb080 edadbfedbfbf edae80edb080 edae80edbfbf edafbfedb080 edafbfedbfbf",
    ),
];

fn bytes(digits: &str) -> Vec<u8> {
    digits.as_bytes().chunks(2).map(|pair| u8::from_str_radix(str::from_utf8(pair).unwrap(), 16).unwrap()).collect()
}

/// 6.2, 6.5, 6.7, 6.9, 6.11, 6.22 and 6.23: what is UTF-8, however odd.
fn odd_but_utf8() -> Vec<(&'static str, String)> {
    let listed = [
        ("6.2, 6.4", "Hello-µ@ßöäüàá-UTF-8!!".into()),
        ("6.5", "κόσμε".into()),
        // 6.7.1 is U+0000, which JSON writes as an escape.
        ("6.7, the first of two bytes", "\u{80}".into()),
        ("6.7, the first of three", "\u{800}".into()),
        ("6.7, the first of four", "\u{10000}".into()),
        ("6.9, the last of one byte", "\u{7F}".into()),
        ("6.9, the last of two", "\u{7FF}".into()),
        ("6.9, the last of three", "\u{FFFF}".into()),
        ("6.9, the last of four", "\u{10FFFF}".into()),
        ("6.11, before the surrogates", "\u{D7FF}".into()),
        ("6.11, behind the surrogates", "\u{E000}".into()),
        ("6.11", "\u{FFFD}".into()),
    ];
    let ends_of_planes = (0..=0x10).flat_map(|plane| [plane << 16 | 0xFFFE, plane << 16 | 0xFFFF]);
    let specials = 0xFFF9..=0xFFFF;
    let char = |group| move |char: u32| (group, char::from_u32(char).unwrap().to_string());
    listed.into_iter().chain(ends_of_planes.map(char("6.22"))).chain(specials.map(char("6.23"))).collect()
}

/// 6.4: refused at the first impossible byte. What would follow is announced, and never comes.
fn utf8_that_fails_fast() -> Vec<Case> {
    let greek = "κόσμε".as_bytes();
    let begun = |first: u8, bytes: &[u8]| [&head(first, 100)[..], &masked(0, bytes)[6..]].concat();
    let mut cases = vec![
        case("6.4.1", [masked(0x01, greek), masked(0x00, b"\xF4\x90\x80\x80")]),
        case("6.4.2", [masked(0x01, [greek, b"\xF4"].concat()), masked(0x00, b"\x90")]),
        case("6.4.3", [begun(0x81, &[greek, b"\xF4\x90\x80\x80"].concat())]),
        case("6.4.4", [begun(0x81, &[greek, b"\xF4\x90"].concat())]),
        case("6.4 + in the second fragment", [masked(0x01, b"caf\xC3"), begun(0x80, b"(")]),
        case("6.4 + behind a ping", [masked(0x01, b"caf\xC3"), ping(""), begun(0x80, b"(")]).hears([Frame::pong(b"")]),
    ];
    for impossible in
        [&b"\xC0"[..], b"\xC1", b"\xE0\x9F", b"\xED\xA0", b"\xF0\x8F", b"\xF4\x90", b"\xF5", b"\xC3\x28", b"\xFF"]
    {
        cases.push(case(
            format!("6.4 + {impossible:02x?}"),
            [begun(0x81, &message(impossible)[..23 + impossible.len()])],
        ));
    }
    cases.into_iter().map(Case::breaks_utf8).collect()
}

/// 6.*
pub fn cases() -> Vec<Case> {
    let mut cases = vec![
        case("6.1.1", [text("")]).hears_it_is_malformed(),
        case("6.1.2", [masked(0x01, ""), masked(0x00, ""), masked(0x80, "")]).hears_it_is_malformed(),
        case("6.1.3", [masked(0x01, ""), masked(0x00, message("middle")), masked(0x80, "")])
            .hears([echo_of(message("middle"))]),
        case("6.7.1", [text("\0")]).hears_it_is_malformed(),
    ];
    for (group, content) in odd_but_utf8() {
        let whole = message(content);
        cases.push(case(group, [text(&whole)]).hears([echo_of(&*whole)]));
        // In five the first cut falls two bytes into the content.
        for size in [1, 2, 5] {
            let id = format!("{group}, in fragments of {size}");
            cases.push(case(id, fragments(0x01, &whole, size)).hears([echo_of(&*whole)]));
        }
    }
    for (group, contents) in NOT_UTF8 {
        for digits in contents.split(' ') {
            let (id, content) = (format!("{group}: {digits}"), &bytes(digits));
            cases.push(case(&*id, [text(content)]).breaks_utf8());
            cases.push(case(format!("{id}, in a message"), [text(message(content))]).breaks_utf8());
            cases.push(case(format!("{id}, bytes as fragments"), fragments(0x01, &message(content), 1)).breaks_utf8());
        }
    }
    // 6.6: beginnings of a text, of which some end within a character.
    let greek = "κόσμε".as_bytes();
    for len in 1..=greek.len() {
        let (id, said) = (format!("6.6.{len}"), &greek[..len]);
        let [whole, pieces] = [vec![text(said)], fragments(0x01, said, 1)].map(|says| case(&*id, says));
        match str::from_utf8(said) {
            Ok(_) => cases.extend([whole, pieces].map(Case::hears_it_is_malformed)),
            Err(_) => cases.extend([whole, pieces].map(Case::breaks_utf8)),
        }
    }
    cases.extend(utf8_that_fails_fast());
    cases
}
