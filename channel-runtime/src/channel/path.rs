//! The paths of channels: their patterns, the parameters in a request's path, and whether two patterns overlap.

use std::fmt::{self, Display};
use std::str::FromStr;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

use crate::protocol::const_text::{ConstText, same};

/// All but RFC 3986's unreserved characters.
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// A channel's path pattern, such as `/game/:game_id`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Path {
    pattern: &'static str,
    segments: &'static [Segment],
}

/// One piece of a [`Path`] between slashes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Segment {
    /// Matches itself.
    Literal(&'static str),
    /// Matches any one segment. The text is the parameter's name.
    Param(&'static str),
}

impl Path {
    /// For the macro: `segments` are those of `pattern`.
    #[doc(hidden)]
    pub const fn new(pattern: &'static str, segments: &'static [Segment]) -> Self {
        Self { pattern, segments }
    }

    /// The pattern as the user wrote it.
    pub const fn pattern(&self) -> &'static str {
        self.pattern
    }

    /// The pieces between the slashes; empty for `/`.
    pub const fn segments(&self) -> &'static [Segment] {
        self.segments
    }

    /// The values of the parameters, decoded and in order. `None` if `path` does not match. A slash at its end is ignored.
    pub fn matches(&self, path: &str) -> Option<Params> {
        let path = path.strip_prefix('/')?;
        let path = path.strip_suffix('/').unwrap_or(path);
        let mut given = path.split('/').filter(|_| !path.is_empty());
        let mut values = Vec::new();
        for segment in self.segments {
            let text = percent_decode_str(given.next()?).decode_utf8().ok()?;
            match segment {
                Segment::Literal(literal) if text == *literal => {}
                Segment::Param(_) if !text.is_empty() => values.push(text.into_owned()),
                _ => return None,
            }
        }
        given.next().is_none().then_some(Params { values })
    }

    /// The encoded path with these values for its parameters, in order.
    pub fn render(&self, values: &[&dyn Display]) -> String {
        let mut path = String::with_capacity(self.pattern.len());
        let mut values = values.iter();
        for segment in self.segments {
            path.push('/');
            match segment {
                Segment::Literal(literal) => path.extend(utf8_percent_encode(literal, ESCAPED)),
                Segment::Param(name) => {
                    let value = values.next().unwrap_or_else(|| panic!("no value for `:{name}`"));
                    path.extend(utf8_percent_encode(&value.to_string(), ESCAPED));
                }
            }
        }
        if path.is_empty() {
            path.push('/');
        }
        path
    }

    /// The more specific path first: a literal before a parameter, from the left.
    pub(crate) fn specificity(&self) -> impl Ord + use<> {
        self.segments.iter().map(|segment| matches!(segment, Segment::Param(_))).collect::<Vec<_>>()
    }

    /// Whether a request can match both paths, and neither is more specific.
    pub const fn is_ambiguous_with(&self, other: &Path) -> bool {
        if self.segments.len() != other.segments.len() {
            return false;
        }
        let (mut narrower, mut wider) = (false, false);
        let mut at = 0;
        while at < self.segments.len() {
            match (self.segments[at], other.segments[at]) {
                (Segment::Literal(a), Segment::Literal(b)) if !same(a, b) => return false,
                (Segment::Literal(_), Segment::Param(_)) => narrower = true,
                (Segment::Param(_), Segment::Literal(_)) => wider = true,
                _ => {}
            }
            at += 1;
        }
        narrower == wider
    }
}

impl Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.pattern)
    }
}

/// The parameters in a request's path, decoded, in the order of the pattern.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Params {
    values: Vec<String>,
}

impl Params {
    /// The value of the parameter at this place.
    pub fn get(&self, index: usize) -> Option<&str> {
        self.values.get(index).map(String::as_str)
    }
}

/// What can be a path parameter: any type that reads from text and writes itself as text again.
///
/// The text that `Display` writes names the room, so two values that are equal must write the same and
/// `FromStr` must read it back: `/game/042` and `/game/42` are both game 42.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be read from a path",
    label = "a path parameter's type implements `FromStr` and `Display`",
    note = "implement `std::str::FromStr` and `std::fmt::Display` for `{Self}`, or take the parameter as a `String`"
)]
pub trait FromPath: Sized {
    /// The value. `None` if the text is not one: the client is sent 404.
    fn from_path(text: &str) -> Option<Self>;

    // The expansions use `Display` through this alone, so that a type without it is one error, that of this trait.
    #[doc(hidden)]
    fn shown(&self) -> &dyn Display;
}

#[diagnostic::do_not_recommend]
impl<T: FromStr + Display> FromPath for T {
    fn from_path(text: &str) -> Option<Self> {
        text.parse().ok()
    }

    fn shown(&self) -> &dyn Display {
        self
    }
}

/// Fails, in a constant, if earlier channels of the list match requests that the one at `index` matches, too.
#[doc(hidden)]
#[track_caller]
pub const fn unambiguous(routes: &[(&str, Path)], index: usize) {
    let mut at = 0;
    while at < index {
        if routes[index].1.is_ambiguous_with(&routes[at].1) {
            clash(routes, index);
        }
        at += 1;
    }
}

/// Panics with all channels that clash with the one at `index`. Apart, so that a list without a clash makes no text.
#[track_caller]
const fn clash(routes: &[(&str, Path)], index: usize) -> ! {
    let (name, path) = routes[index];
    let mut parts = [""; 64];
    let mut len = 0;
    let mut at = 0;
    while at < index {
        let (other, other_path) = routes[at];
        if same(name, other) && same(path.pattern, other_path.pattern) {
            let text = ConstText::concat(&[
                "`",
                name,
                "` (\"",
                path.pattern,
                "\") is listed twice, or another channel has its name and path; take one of them away",
            ]);
            panic!("{}", text.as_str());
        }
        if path.is_ambiguous_with(&other_path) && len + 6 < parts.len() {
            let clash = [if len == 0 { "" } else { " and as " }, "`", other, "` (\"", other_path.pattern, "\")"];
            let (_, free) = parts.split_at_mut(len);
            let (place, _) = free.split_at_mut(clash.len());
            place.copy_from_slice(&clash);
            len += clash.len();
        }
        at += 1;
    }
    let clashes = ConstText::concat(&parts);
    let text = ConstText::concat(&[
        "`",
        name,
        "` (\"",
        path.pattern,
        "\") answers the same requests as ",
        clashes.as_str(),
        "; give one of them a literal segment of its own",
    ]);
    panic!("{}", text.as_str());
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const GAME: Path = Path::new(
        "/game/:id/seat/:name",
        &[Segment::Literal("game"), Segment::Param("id"), Segment::Literal("seat"), Segment::Param("name")],
    );

    proptest! {
        #[test]
        fn what_a_path_renders_it_matches_again(id in any::<u64>(), name in ".+") {
            let rendered = GAME.render(&[&id, &name]);
            let params = GAME.matches(&rendered).unwrap();
            prop_assert_eq!(params.get(0).unwrap().parse::<u64>().unwrap(), id);
            prop_assert_eq!(params.get(1), Some(&*name));
            prop_assert!(rendered.bytes().all(|byte| byte.is_ascii_graphic()), "{}", rendered);
        }

        #[test]
        fn no_path_makes_the_matcher_panic(path in ".*") {
            let _ = GAME.matches(&path);
        }

        #[test]
        fn ambiguous_is_what_some_path_fits_twice_with_neither_more_specific(
            a in prop::collection::vec(0..3u8, 0..4),
            b in prop::collection::vec(0..3u8, 0..4),
        ) {
            let ambiguous = pattern(&a).is_ambiguous_with(&pattern(&b));
            prop_assert_eq!(ambiguous, pattern(&b).is_ambiguous_with(&pattern(&a)));
            let shared = paths(3).iter().any(|path| pattern(&a).matches(path).is_some() && pattern(&b).matches(path).is_some());
            let is_literal = |pattern: &[u8]| pattern.iter().map(|segment| *segment < 2).collect::<Vec<_>>();
            let (a, b) = (is_literal(&a), is_literal(&b));
            let a_only = a.iter().zip(&b).any(|(a, b)| *a && !*b);
            let b_only = a.iter().zip(&b).any(|(a, b)| *b && !*a);
            prop_assert_eq!(ambiguous, shared && a_only == b_only);
        }
    }

    fn pattern(segments: &[u8]) -> Path {
        let segments: Vec<Segment> = segments
            .iter()
            .map(|segment| match segment {
                0 => Segment::Literal("x"),
                1 => Segment::Literal("y"),
                _ => Segment::Param("p"),
            })
            .collect();
        Path::new("/..", Vec::leak(segments))
    }

    fn paths(longest: usize) -> Vec<String> {
        let mut all = vec![String::from("/")];
        let mut last = vec![String::new()];
        for _ in 0..longest {
            last = last.iter().flat_map(|path| ["x", "y", "z"].map(|word| format!("{path}/{word}"))).collect();
            all.extend(last.clone());
        }
        all
    }

    #[test]
    fn a_slash_more_at_the_end_is_passed_over_and_other_shapes_are_not_ours() {
        let lobby = Path::new("/lobby", &[Segment::Literal("lobby")]);
        for path in ["/lobby", "/lobby/", "/%6Cobby"] {
            assert!(lobby.matches(path).is_some(), "{path}");
        }
        for path in ["", "lobby", "/", "//lobby", "/lobby//", "/lobby/x", "/Lobby", "/lobb"] {
            assert!(lobby.matches(path).is_none(), "{path}");
        }
        let root = Path::new("/", &[]);
        assert!(root.matches("/").is_some() && root.matches("").is_none() && root.matches("/x").is_none());
        assert_eq!(root.render(&[]), "/");
    }
}
