//! Texts that are no JSON, JSON that is no message, and messages that are too much of something.

use super::Attack;
use crate::support::text;

pub fn attacks() -> Vec<Attack> {
    let json = |name, tries, ends, json: &str| Attack::frames(name, tries, ends, text(json));
    let nested = |open: &str, close: &str, depth: usize| open.repeat(depth) + &close.repeat(depth);
    let tags = |count: usize| (0..count).map(|n| format!(r#""k{n}":1"#)).collect::<Vec<_>>().join(",");
    let bomb = nested("[", "]", 30_000);
    vec![
        json("empty_text", "a text of no bytes", "`malformed`, goes on", ""),
        json("no_json", "words that are no JSON", "`malformed`, goes on", "let me in"),
        json("broken_off", "an object that does not end", "`malformed`, goes on", r#"{"type":"echo","text":"#),
        json(
            "behind_the_object",
            "a second object behind the first",
            "`malformed`, goes on",
            r#"{"type":"wave"}{"type":"wave"}"#,
        ),
        json(
            "byte_order_mark",
            "a byte order mark at the front",
            "`malformed`, goes on",
            "\u{feff}{\"type\":\"wave\"}",
        ),
        json("nul_in_json", "NUL between the tokens", "`malformed`, goes on", "{\0\"type\":\"wave\"}"),
        json("array", "an array of messages", "`malformed`, goes on", r#"[{"type":"wave"}]"#),
        json("number", "a number", "`malformed`, goes on", "1"),
        json("depth_bomb", "60,000 brackets", "`malformed`, goes on", &bomb),
        json(
            "unclosed_depth_bomb",
            "60,000 brackets that are never closed",
            "`malformed`, goes on",
            &"[{\"a\":".repeat(10_000),
        ),
        json(
            "depth_bomb_in_a_field",
            "30,000 arrays within each other in a field",
            "`malformed`, goes on",
            &format!(r#"{{"type":"put","tags":{{"a":{bomb}}}}}"#),
        ),
        json(
            "depth_bomb_unread",
            "the same where nobody reads it",
            "`malformed`, goes on",
            &format!(r#"{{"type":"wave","nothing":{bomb}}}"#),
        ),
        json(
            "depth_bomb_in_an_extension",
            "the same behind a key of the protocol's",
            "`malformed`, goes on",
            &format!(r#"{{"$x":{bomb},"type":"wave"}}"#),
        ),
        json("infinite_number", "1e999", "`invalid_payload`, goes on", r#"{"type":"put","ratio":1e999}"#),
        json(
            "infinite_number_unread",
            "1e999 where nobody reads it",
            "success, goes on",
            r#"{"type":"put","ref":1,"nothing":1e999}"#,
        ),
        json(
            "infinite_single",
            "1e39 for a number of 32 bits",
            "`invalid_payload`, goes on",
            r#"{"type":"put","share":1e39}"#,
        ),
        json("not_a_number", "NaN", "`malformed`, goes on", r#"{"type":"put","ratio":NaN}"#),
        json(
            "long_number",
            "a number of 60,000 digits",
            "`invalid_payload`, goes on",
            &format!(r#"{{"type":"put","count":1{}}}"#, "0".repeat(60_000)),
        ),
        json(
            "long_fraction",
            "a fraction of 60,000 digits",
            "success, goes on",
            &format!(r#"{{"type":"put","ref":1,"ratio":0.{}}}"#, "3".repeat(60_000)),
        ),
        json(
            "integer_over_64_bits",
            "2^64",
            "`invalid_payload`, goes on",
            r#"{"type":"put","count":18446744073709551616}"#,
        ),
        json("two_types", "`type` twice", "`malformed`, goes on", r#"{"type":"wave","type":"shout"}"#),
        json("two_fields", "a field twice", "`invalid_payload`, goes on", r#"{"type":"put","count":1,"count":2}"#),
        json("two_refs", "`ref` twice", "`malformed`, goes on", r#"{"type":"put","ref":1,"ref":2}"#),
        json(
            "escaped_type",
            "`type` and its value in escapes",
            "`validation`, goes on",
            r#"{"\u0074ype":"\u0070ut","count":-1}"#,
        ),
        json(
            "lone_surrogate",
            "half a surrogate pair as an escape",
            "`invalid_payload`, goes on",
            r#"{"type":"echo","text":"\ud800"}"#,
        ),
        json("bad_escape", "an escape that is none", "`malformed`, goes on", r#"{"type":"echo","text":"\x41"}"#),
        json(
            "control_character",
            "a line's end within a string",
            "`malformed`, goes on",
            "{\"type\":\"echo\",\"text\":\"a\nb\"}",
        ),
        json(
            "long_key",
            "a key of 60,000 bytes",
            "success, goes on",
            &format!(r#"{{"type":"put","ref":1,"{}":1}}"#, "k".repeat(60_000)),
        ),
        json(
            "many_keys",
            "5000 keys of a map",
            "success, goes on",
            &format!(r#"{{"type":"put","ref":1,"tags":{{{}}}}}"#, tags(5000)),
        )
        .holding(1024),
        json(
            "many_unknown_keys",
            "5000 keys that nobody reads",
            "success, goes on",
            &format!(r#"{{"type":"put","ref":1,{}}}"#, tags(5000)),
        ),
        json(
            "protocol_keys",
            "keys of the protocol's that a server alone writes",
            "echo, goes on",
            r#"{"$room":"/square/other","$id":{},"type":"echo","text":"mine"}"#,
        ),
        json(
            "prototype_names",
            "`__proto__` and `constructor`",
            "success, goes on",
            r#"{"type":"put","ref":1,"__proto__":{"admin":true},"constructor":{},"tags":{"__proto__":1}}"#,
        ),
        json("ref_of_a_wrong_kind", "an object for a `ref`", "`malformed`, goes on", r#"{"type":"put","ref":{"a":1}}"#),
        json(
            "ref_too_long",
            "a `ref` of 65 bytes",
            "`malformed`, goes on",
            &format!(r#"{{"type":"put","ref":"{}"}}"#, "r".repeat(65)),
        ),
        json("ref_too_large", "a `ref` of 2^63", "`malformed`, goes on", r#"{"type":"put","ref":9223372036854775808}"#),
        json("type_of_a_wrong_kind", "a number for a `type`", "`malformed`, goes on", r#"{"type":1}"#),
        json(
            "type_of_the_protocol",
            "a `type` of the protocol's that nobody knows",
            "`unknown_type`, goes on",
            r#"{"type":"$system","ref":1}"#,
        ),
        json(
            "type_of_the_servers",
            "a `type` that only the server sends",
            "`unknown_type`, goes on",
            r#"{"type":"error","code":"internal"}"#,
        ),
        json(
            "long_type",
            "a `type` of 60,000 bytes",
            "`unknown_type`, goes on",
            &format!(r#"{{"type":"{}"}}"#, "t".repeat(60_000)),
        ),
        json(
            "type_with_a_face",
            "an unknown `type` of control characters",
            "`unknown_type`, goes on",
            r#"{"type":"\u0000\u001b[2J\u202e"}"#,
        ),
        json(
            "wrong_fields",
            "a field of a wrong kind, whose value is 60,000 bytes long",
            "`invalid_payload`, goes on",
            &format!(r#"{{"type":"put","count":"{}"}}"#, "c".repeat(60_000)),
        ),
        json(
            "long_way_to_a_field",
            "a wrong value far below long keys",
            "success, goes on",
            &format!(r#"{{"type":"put","ref":1,"tags":{{"{}":{{"a":[]}}}}}}"#, "k".repeat(50_000)),
        ),
    ]
}
