//! The parser of the header `Forwarded` (RFC 7239), in which each proxy reports the peer that connected to it.

use http::HeaderMap;
use http::header::FORWARDED;

use crate::config::hop::{Hop, NodeIdentifier};

/// Nearest proxy first. A line that can't be read is one hop, because an open quote may have swallowed the elements behind it.
pub(crate) fn hops(headers: &HeaderMap) -> impl Iterator<Item = Hop> {
    let nonsense = || vec![Hop { node: NodeIdentifier::Nonsense, host: None, port: None, scheme: None }];
    let lines = headers.get_all(FORWARDED).into_iter().rev();
    // Bytes that are no text spoil only their own element: the client may have written it, and the proxy the next one.
    let read = |line: &[u8]| parse(&String::from_utf8_lossy(line));
    lines.flat_map(move |line| read(line.as_bytes()).unwrap_or_else(nonsense).into_iter().rev())
}

fn parse(line: &str) -> Option<Vec<Hop>> {
    let (mut hops, mut element, mut rest) = (Vec::new(), Element::default(), line);
    loop {
        rest = rest.trim_start_matches(BLANK);
        if !rest.is_empty() && !rest.starts_with([';', ',']) {
            let (name, behind) = rest.split_once('=')?;
            let (value, behind) = value(behind)?;
            element.set(name, value)?;
            rest = behind.trim_start_matches(BLANK);
        }
        let mut chars = rest.chars();
        match chars.next() {
            Some(';') => {}
            Some(',') => hops.extend(std::mem::take(&mut element).into_hop()),
            None => {
                hops.extend(element.into_hop());
                return Some(hops);
            }
            Some(_) => return None,
        }
        rest = chars.as_str();
    }
}

const BLANK: [char; 2] = [' ', '\t'];

/// A value, and the text behind it. Without quotes it ends at the next separator, as addresses with ports are often written.
fn value(text: &str) -> Option<(String, &str)> {
    let Some(quoted) = text.strip_prefix('"') else {
        let end = text.find([' ', '\t', ';', ',']).unwrap_or(text.len());
        let (value, behind) = text.split_at(end);
        return (!value.is_empty() && !value.contains('"')).then(|| (value.to_owned(), behind));
    };
    let (mut value, mut chars) = (String::new(), quoted.chars());
    loop {
        match chars.next()? {
            '"' => return Some((value, chars.as_str())),
            '\\' => value.push(chars.next()?),
            other => value.push(other),
        }
    }
}

#[derive(Default)]
struct Element {
    is_there: bool,
    node: Option<String>,
    host: Option<String>,
    scheme: Option<String>,
}

impl Element {
    fn set(&mut self, name: &str, value: String) -> Option<()> {
        self.is_there = true;
        let known = match name.to_ascii_lowercase().as_str() {
            "for" => &mut self.node,
            "host" => &mut self.host,
            "proto" => &mut self.scheme,
            other => {
                let is_name =
                    !other.is_empty() && other.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b));
                return is_name.then_some(());
            }
        };
        known.replace(value).is_none().then_some(())
    }

    fn into_hop(self) -> Option<Hop> {
        let Self { is_there, node, host, scheme } = self;
        let node = node.map_or(NodeIdentifier::Nonsense, |node| NodeIdentifier::parse(&node));
        is_there.then_some(Hop { node, host, port: None, scheme })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(line: &str) -> Option<Vec<String>> {
        let show = |Hop { node, host, scheme, .. }: Hop| {
            let node = match node {
                NodeIdentifier::Address(address) => address.to_string(),
                other => format!("{other:?}"),
            };
            [Some(node), host, scheme].into_iter().flatten().collect::<Vec<_>>().join(" ")
        };
        parse(line).map(|hops| hops.into_iter().map(show).collect())
    }

    #[test]
    fn elements_are_those_of_the_rfc() {
        for (line, expected) in [
            ("for=192.0.2.43", &["192.0.2.43:0"][..]),
            ("for=192.0.2.43, for=198.51.100.17", &["192.0.2.43:0", "198.51.100.17:0"]),
            ("for=192.0.2.43:47011", &["192.0.2.43:47011"]),
            ("For=\"[2001:db8:cafe::17]:4711\"", &["[2001:db8:cafe::17]:4711"]),
            ("for=192.0.2.60;proto=http;by=203.0.113.43", &["192.0.2.60:0 http"]),
            ("for=_gazonk", &["Hidden"]),
            ("for=\"_gazonk\"", &["Hidden"]),
            ("for=UNKNOWN;host=a", &["Hidden a"]),
            ("host=\"a\\\"b,c;d=e\" ; for=1.1.1.1", &["1.1.1.1:0 a\"b,c;d=e"]),
            ("\t for=1.1.1.1\t,\t,; ,for=2.2.2.2;", &["1.1.1.1:0", "2.2.2.2:0"]),
            ("by=1.1.1.1", &["Nonsense"]),
            ("for=nonsense", &["Nonsense"]),
            ("", &[]),
        ] {
            let hops = shown(line).unwrap_or_else(|| panic!("`{line}` can't be read"));
            assert_eq!(hops, expected, "{line}");
        }
    }

    #[test]
    fn what_is_broken_is_nothing() {
        for line in [
            "for",
            "for=",
            "for=;host=a",
            "=1.1.1.1",
            "for=\"1.1.1.1",
            "for=\"1.1.1.1\\",
            "for=\"1.1.1.1\"x",
            "for=1.1.1.1 x",
            "for=1.1\"1.1",
            "for=1.1.1.1;for=2.2.2.2",
            "for =1.1.1.1",
            "f\u{f6}r=1.1.1.1",
            "for=1.1.1.1;x y=2",
        ] {
            assert_eq!(shown(line), None, "{line}");
        }
    }
}
