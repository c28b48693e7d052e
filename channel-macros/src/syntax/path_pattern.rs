//! A channel's path pattern, `/game/:game_id`, parsed and checked.

use std::collections::HashSet;
use std::ops::Range;

use proc_macro2::Span;
use syn::LitStr;

use crate::syntax::errors::Errors;

pub struct Pattern {
    pub literal: LitStr,
    pub segments: Vec<Segment>,
    /// It has a wildcard: no field can be checked, because the parameter's name is unknown.
    pub is_guessed: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Segment {
    Literal(String),
    Param(String),
}

impl Pattern {
    /// Reports every flaw at its place in the literal, and keeps the segments that can be read.
    pub fn parse(literal: LitStr, errors: &mut Errors) -> Self {
        let (segments, flaws) = parse(&literal.value());
        let is_guessed = !flaws.is_empty() && literal.value().contains('*');
        for flaw in flaws {
            errors.at_span(place(&literal, flaw.range), flaw.what, flaw.remedy);
        }
        Self { literal, segments, is_guessed }
    }

    pub fn params(&self) -> impl Iterator<Item = &str> {
        self.segments.iter().filter_map(|segment| match segment {
            Segment::Param(name) => Some(name.as_str()),
            Segment::Literal(_) => None,
        })
    }
}

fn place(literal: &LitStr, range: Range<usize>) -> Span {
    let token = literal.token();
    let is_verbatim = token.to_string() == format!("\"{}\"", literal.value());
    let inside = range.start + 1..range.end + 1;
    is_verbatim.then(|| token.subspan(inside)).flatten().unwrap_or_else(|| literal.span())
}

struct Flaw {
    range: Range<usize>,
    what: String,
    remedy: String,
}

fn parse(text: &str) -> (Vec<Segment>, Vec<Flaw>) {
    let mut segments = Vec::new();
    let mut flaws = Vec::new();
    let mut flaw = |range: Range<usize>, what: String, remedy: String| flaws.push(Flaw { range, what, remedy });

    let Some(rest) = text.strip_prefix('/') else {
        let remedy = format!("write `\"{}\"`", usable(text));
        flaw(0..text.len(), format!("the path \"{text}\" does not begin with a slash"), remedy);
        // The fields are still checked against what was meant.
        return (parse(&usable(text)).0, flaws);
    };
    if rest.is_empty() {
        return (segments, flaws);
    }
    let mut seen = HashSet::new();
    let mut start = 1;
    for segment in rest.split('/') {
        let range = start..start + segment.len();
        start = range.end + 1;
        if segment.is_empty() {
            let (what, range) = match range.end == text.len() {
                true => ("ends with a slash", range.start - 1..range.end),
                false => ("has an empty segment, `//`", range.start - 1..range.end + 1),
            };
            flaw(range, format!("the path \"{text}\" {what}"), "take one slash away".into());
        } else if let Some(name) = segment.strip_prefix(':') {
            match flaw_of_name(name) {
                Some((what, remedy)) => flaw(range, what, remedy),
                None if !seen.insert(name) => {
                    let what = format!("the path \"{text}\" has two parameters `:{name}`");
                    flaw(range, what, "give one of them another name".into());
                }
                None => segments.push(Segment::Param(name.into())),
            }
        } else if let Some((what, remedy)) = flaw_of_literal(segment) {
            flaw(range, what, remedy);
            // Its field is still a parameter's.
            segments.extend(foreign_param(segment).map(|name| Segment::Param(name.into())));
        } else {
            segments.push(Segment::Literal(segment.into()));
        }
    }
    (segments, flaws)
}

fn flaw_of_name(name: &str) -> Option<(String, String)> {
    let remedy = "a parameter is named like the field that takes it: `:game_id`";
    if name.is_empty() {
        return Some(("a parameter without a name, `:`".into(), remedy.into()));
    }
    if let Some(plain) = name.strip_prefix("r#") {
        return Some((format!("`:{name}` is no name for a parameter"), format!("write `:{plain}`, without the `r#`")));
    }
    let is_identifier =
        syn::parse_str::<syn::Ident>(name).is_ok() || syn::parse_str::<syn::Ident>(&format!("r#{name}")).is_ok();
    (!is_identifier).then(|| (format!("`:{name}` is no name for a parameter"), remedy.into()))
}

/// As other frameworks write it: `<id>`, `{id}`.
fn foreign_param(segment: &str) -> Option<&str> {
    let inner = |open, close| segment.strip_prefix(open).and_then(|rest: &str| rest.strip_suffix(close));
    inner('<', '>').or_else(|| inner('{', '}')).map(|name| name.trim_end_matches(".."))
}

fn usable(text: &str) -> String {
    let path = text.split(['?', '#']).next().unwrap_or_default();
    let segments = path.split('/').flat_map(|segment| {
        // `room:*` and `game-:id` become two segments. In a Phoenix topic such as `room:lobby` the part after the colon is a name.
        let pieces: Vec<&str> = segment.split(':').collect();
        (0..pieces.len()).map(move |at| {
            let is_topic = at > 0 && pieces[at - 1].ends_with(|char: char| char.is_alphanumeric() || char == '*');
            Segment::meant(pieces[at], at > 0 && !is_topic)
        })
    });
    let (mut path, mut names) = (String::new(), HashSet::new());
    for segment in segments.flatten() {
        path.push('/');
        match segment {
            Segment::Literal(text) => path.push_str(&text),
            Segment::Param(name) => {
                let free = (2..).map(|number| format!("{name}{number}"));
                let name = std::iter::once(name.clone()).chain(free).find(|name| !names.contains(name)).unwrap_or(name);
                path.push(':');
                path.push_str(&name);
                names.insert(name);
            }
        }
    }
    if path.is_empty() { "/".into() } else { path }
}

impl Segment {
    fn meant(piece: &str, is_param: bool) -> Option<Self> {
        let piece: String = piece.chars().filter(|char| *char != '%' && !char.is_control()).collect();
        let name = match piece.strip_prefix('*').or_else(|| foreign_param(&piece)) {
            None if !is_param => {
                return (!matches!(&*piece, "" | "." | "..")).then_some(Self::Literal(piece));
            }
            name => name.unwrap_or(&piece),
        };
        Some(Self::Param(if flaw_of_name(name).is_none() { name.into() } else { "name".into() }))
    }
}

fn flaw_of_literal(segment: &str) -> Option<(String, String)> {
    if let Some(name) = foreign_param(segment) {
        return Some((format!("`{segment}` is not how a parameter is written"), format!("write `:{name}`")));
    }
    if segment.starts_with('*') {
        let remedy = format!("a parameter takes one segment: `{}`", &usable(segment)[1..]);
        return Some((format!("`{segment}`: a path has no wildcards"), remedy));
    }
    if segment.contains(':') {
        let remedy = format!("give it a segment of its own: `{}`", &usable(segment)[1..]);
        return Some((format!("`{segment}`: a parameter is a whole segment"), remedy));
    }
    if segment == "." || segment == ".." {
        return Some((
            format!("the segment `{segment}` never reaches a server"),
            "clients resolve it; take it away".into(),
        ));
    }
    if let Some(char) = segment.chars().find(|char| matches!(char, '?' | '#' | '%') || char.is_control()) {
        let remedy = match char {
            '?' => "the query is no part of it; read it with an `#[extract]` field",
            '#' => "a fragment never reaches a server; take it away",
            '%' => "write the path as it reads when decoded",
            _ => "take it away",
        };
        return Some((format!("the path's segment `{}` contains {char:?}", segment.escape_debug()), remedy.into()));
    }
    None
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn segments(text: &str) -> Vec<Segment> {
        let (segments, flaws) = parse(text);
        assert!(flaws.is_empty(), "{text}: {}", flaws[0].what);
        segments
    }

    fn flaws(text: &str) -> Vec<String> {
        parse(text).1.into_iter().map(|flaw| format!("{} @ {}", flaw.what, &text[flaw.range])).collect()
    }

    fn literal(text: &str) -> Segment {
        Segment::Literal(text.into())
    }

    fn param(name: &str) -> Segment {
        Segment::Param(name.into())
    }

    #[test]
    fn literals_and_parameters() {
        assert_eq!(segments("/"), []);
        assert_eq!(segments("/game/:game_id"), [literal("game"), param("game_id")]);
        assert_eq!(segments("/:a/v1.2/:type"), [param("a"), literal("v1.2"), param("type")]);
        assert_eq!(segments("/größe/:straße"), [literal("größe"), param("straße")]);
    }

    #[test]
    fn slashes() {
        assert_eq!(flaws("game"), ["the path \"game\" does not begin with a slash @ game"]);
        assert_eq!(flaws(""), ["the path \"\" does not begin with a slash @ "]);
        assert_eq!(flaws("/a//b"), ["the path \"/a//b\" has an empty segment, `//` @ //"]);
        assert_eq!(flaws("/a/"), ["the path \"/a/\" ends with a slash @ /"]);
    }

    #[test]
    fn names() {
        assert_eq!(flaws("/:"), ["a parameter without a name, `:` @ :"]);
        assert_eq!(flaws("/:1x"), ["`:1x` is no name for a parameter @ :1x"]);
        assert_eq!(flaws("/:a-b"), ["`:a-b` is no name for a parameter @ :a-b"]);
        assert_eq!(flaws("/:r#type"), ["`:r#type` is no name for a parameter @ :r#type"]);
        for word in ["self", "Self", "super", "crate", "_"] {
            assert_eq!(flaws(&format!("/:{word}")).len(), 1, "{word} can't be a field");
        }
        assert_eq!(flaws("/:a/:a"), ["the path \"/:a/:a\" has two parameters `:a` @ :a"]);
    }

    #[test]
    fn other_routers_ways_of_writing() {
        for text in ["/<id>", "/{id}", "/<id..>", "/*rest", "/game-:id", "/a?b=c", "/a#b", "/a%20b", "/.."] {
            assert_eq!(flaws(text).len(), 1, "{text}");
        }
    }

    #[test]
    fn what_is_advised_is_a_path() {
        for (text, path) in [
            ("game", "/game"),
            ("room:*", "/room/:name"),
            ("room:lobby", "/room/lobby"),
            ("rooms:*:users:*", "/rooms/:name/users/:name2"),
            ("game-:id", "/game-/:id"),
            ("chat/{room}/<seat>", "/chat/:room/:seat"),
            ("files/*rest", "/files/:rest"),
            ("", "/"),
            ("a?b=c", "/a"),
            (":", "/:name"),
        ] {
            assert_eq!(usable(text), path, "{text}");
        }
    }

    #[test]
    fn every_flaw_is_found() {
        assert_eq!(flaws("/<a>//:1/x").len(), 3);
    }

    proptest! {
        #[test]
        fn what_parses_is_the_text_again(text in "(/:?[a-z0-9_.{}<>*?%-]{0,4}){0,5}/?") {
            let (segments, flaws) = parse(&text);
            if flaws.is_empty() {
                let again: String = segments
                    .iter()
                    .map(|segment| match segment {
                        Segment::Literal(literal) => format!("/{literal}"),
                        Segment::Param(name) => format!("/:{name}"),
                    })
                    .collect();
                prop_assert_eq!(if again.is_empty() { "/" } else { &again }, text);
            }
        }

        #[test]
        fn what_is_advised_has_no_flaw(text in "([a-z:*{}<>%?#./1-]{0,12})|\\PC{0,20}") {
            let advised = usable(&text);
            prop_assert!(parse(&advised).1.is_empty(), "{text}: {advised}");
        }

        #[test]
        fn any_text_is_read_without_a_panic_and_flaws_lie_inside(text in "\\PC{0,20}") {
            for flaw in parse(&text).1 {
                prop_assert!(text.get(flaw.range).is_some());
            }
        }
    }
}
