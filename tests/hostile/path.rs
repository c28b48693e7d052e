//! Paths that want to be elsewhere, and those that are no path.

use super::Attack;
use crate::support::upgrade;

pub fn attacks() -> Vec<Attack> {
    let path = |name, tries, ends, path: &str| Attack::request(name, tries, ends, upgrade(path));
    vec![
        path("dot_dot", "`..` between the segments", "404, goes on", "/square/../square/market"),
        path("dot_dot_at_the_end", "`..` for a parameter", "101, in \"..\", goes on", "/square/.."),
        path("encoded_dots", "`%2e%2e` for a parameter", "101, in \"..\", goes on", "/square/%2e%2e"),
        path(
            "encoded_slashes",
            "`..%2f` within a parameter",
            "101, in \"../../etc/passwd\", goes on",
            "/square/..%2f..%2Fetc%2fpasswd",
        ),
        path("encoded_separator", "`%2f` between the segments", "404, goes on", "/square%2fmarket"),
        path(
            "encoded_nul",
            "`%00` within a parameter",
            "101, in \"market\\0.html\", goes on",
            "/square/market%00.html",
        ),
        path("encoded_line", "`%0d%0a` within a parameter", "101, in \"a\\r\\nb\", goes on", "/square/a%0d%0ab"),
        path("encoded_twice", "`%252e` within a parameter", "101, in \"%2e%2e\", goes on", "/square/%252e%252e"),
        path("overlong_utf8_in_the_path", "a dot in two bytes, `%c0%ae`", "404, goes on", "/square/%c0%ae%c0%ae"),
        path("surrogate_in_the_path", "half a surrogate pair, `%ed%a0%80`", "404, goes on", "/square/%ed%a0%80"),
        path("bad_escapes", "`%zz` and a `%` at the end", "101, in \"%zz%\", goes on", "/square/%zz%"),
        path(
            "right_to_left",
            "a character that turns the text around",
            "101, in \"a\\u{202e}b\", goes on",
            "/square/a%e2%80%aeb",
        ),
        path("double_slash", "two slashes before the parameter", "404, goes on", "/square//market"),
        path("slashes_at_the_front", "two slashes at the front", "404, goes on", "//square/market"),
        path(
            "another_spelling",
            "the same name with escapes and a slash at the end",
            "101, goes on",
            "/s%71uare/%6darke%74/",
        ),
        path("upper_case", "the path in upper case", "404, goes on", "/SQUARE/market"),
        path("backslash", "a backslash for a slash", "404, goes on", "/square\\market"),
        path("fragment", "a fragment, which no client sends", "101, goes on", "/square/market#top"),
        path("deep_path", "7000 segments", "404, goes on", &"/a".repeat(7000)),
        path("empty_segments", "10,000 slashes", "404, goes on", &"/".repeat(10_000)),
        path(
            "long_parameter",
            "a name of 12,000 bytes",
            "101, in 12000 bytes, goes on",
            &format!("/square/{}", "x".repeat(12_000)),
        ),
        path(
            "long_escaped_parameter",
            "a name of 1300 characters, all of them escaped",
            "101, in 3900 bytes, goes on",
            &format!("/square/{}", "%e2%82%ac".repeat(1300)),
        ),
        path(
            "many_query_parameters",
            "3500 query parameters",
            "101, goes on",
            &format!("/square/market?{}", "a=b&".repeat(3500)),
        ),
    ]
}
