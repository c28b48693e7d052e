//! Whether a name keeps its meaning throughout a method's body, as its tokens show: bodies are not parsed.

use proc_macro2::{Delimiter, TokenStream, TokenTree};

const BEFORE_CLOSURES: [&str; 11] =
    ["move", "async", "static", "return", "break", "in", "else", "match", "if", "while", "const"];

/// Whether `tokens` may give `name` another meaning. In doubt it is so.
pub fn may_bind(name: &str, tokens: &TokenStream) -> bool {
    let tokens: Vec<TokenTree> = tokens.clone().into_iter().collect();
    let is = |at: usize, char: char| is_punct(tokens.get(at), char);
    let until = |at: usize, is_end: &dyn Fn(usize) -> bool| {
        let end = (at..tokens.len()).find(|at| is_end(*at)).unwrap_or(tokens.len());
        tokens[at..end].iter().any(|token| has(name, token))
    };
    tokens.iter().enumerate().any(|(at, token)| match token {
        TokenTree::Group(group) => {
            is_pattern_macro(&tokens[..at]) && has(name, token) || may_bind(name, &group.stream())
        }
        TokenTree::Ident(word) if word == "let" => until(at, &|at| is(at, '=') || is(at, ';')),
        TokenTree::Ident(word) if word == "for" => {
            until(at, &|at| matches!(&tokens[at], TokenTree::Ident(word) if word == "in"))
        }
        TokenTree::Ident(word) if word == "fn" => until(at, &|at| is(at, ';') || is_brace(&tokens[at])),
        TokenTree::Punct(punct) if punct.as_char() == '|' && begins_closure(&tokens[..at]) => {
            !is(at + 1, '|') && until(at + 1, &|at| is(at, '|'))
        }
        TokenTree::Punct(punct) if punct.as_char() == '=' && is(at + 1, '>') => {
            let begin = (0..at).rev().find(|before| is(*before, ',') || ends_arm(&tokens[*before..=at]));
            tokens[begin.map_or(0, |begin| begin + 1)..at].iter().any(|token| has(name, token))
        }
        _ => false,
    })
}

/// The tokens without `let socket = socket.clone();`, which keeps the name's meaning.
pub fn without_clone(name: &str, tokens: TokenStream) -> TokenStream {
    let tokens: Vec<TokenTree> = tokens.into_iter().collect();
    let mut left = Vec::new();
    let mut rest = &tokens[..];
    while let [token, behind @ ..] = rest {
        if is_clone(name, rest) {
            rest = &rest[CLONE..];
            continue;
        }
        left.push(match token {
            TokenTree::Group(group) => {
                let inner = without_clone(name, group.stream());
                proc_macro2::Group::new(group.delimiter(), inner).into()
            }
            other => other.clone(),
        });
        rest = behind;
    }
    left.into_iter().collect()
}

const CLONE: usize = 8;

fn is_clone(name: &str, tokens: &[TokenTree]) -> bool {
    let [
        TokenTree::Ident(word),
        TokenTree::Ident(new),
        equals,
        TokenTree::Ident(old),
        dot,
        TokenTree::Ident(clone),
        TokenTree::Group(_),
        end,
        ..,
    ] = tokens
    else {
        return false;
    };
    let are_names = word == "let" && new == name && old == name && clone == "clone";
    are_names && [(equals, '='), (dot, '.'), (end, ';')].into_iter().all(|(token, char)| is_punct(Some(token), char))
}

/// Whether a `|` after these tokens begins a closure. Any other ends its parameters, or stands between values or patterns.
fn begins_closure(before: &[TokenTree]) -> bool {
    match before {
        [] => true,
        [.., TokenTree::Ident(word)] => BEFORE_CLOSURES.iter().any(|before| word == before),
        // `Some(x) => |y| ..`, and not the end of `|x: Vec<u8>| ..`.
        [.., last, TokenTree::Punct(punct)] if punct.as_char() == '>' => is_punct(Some(last), '='),
        [.., TokenTree::Punct(punct)] => !matches!(punct.as_char(), '|' | '?'),
        [.., TokenTree::Group(group)] => group.delimiter() == Delimiter::Brace,
        [.., TokenTree::Literal(_)] => false,
    }
}

/// Whether these tokens, up to the `=` of a `=>`, begin with the previous arm's block. A struct pattern ends with braces too.
fn ends_arm(tokens: &[TokenTree]) -> bool {
    let [block, next, ..] = tokens else { return false };
    let is_in_pattern = match next {
        TokenTree::Ident(word) => word == "if",
        TokenTree::Punct(punct) => matches!(punct.as_char(), '|' | '=' | '&'),
        _ => false,
    };
    is_brace(block) && !is_in_pattern
}

fn is_pattern_macro(before: &[TokenTree]) -> bool {
    match before {
        [.., TokenTree::Ident(name), bang] => {
            is_punct(Some(bang), '!') && ["matches", "assert_matches"].iter().any(|with| name == with)
        }
        _ => false,
    }
}

fn has(name: &str, token: &TokenTree) -> bool {
    match token {
        TokenTree::Group(group) => group.stream().into_iter().any(|token| has(name, &token)),
        TokenTree::Ident(ident) => ident == name,
        _ => false,
    }
}

fn is_brace(token: &TokenTree) -> bool {
    matches!(token, TokenTree::Group(group) if group.delimiter() == Delimiter::Brace)
}

fn is_punct(token: Option<&TokenTree>, char: char) -> bool {
    matches!(token, Some(TokenTree::Punct(punct)) if punct.as_char() == char)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn binds(body: &str) -> bool {
        may_bind("socket", &without_clone("socket", body.parse().unwrap()))
    }

    #[test]
    fn a_name_that_a_pattern_may_bind_is_another_s() {
        for body in [
            "let socket = find();",
            "let mut socket: Udp;",
            "if let Some(socket) = &self.upstream { socket.close(None) }",
            "let (_, socket) = pair() else { return };",
            "for (_, socket) in all() {}",
            "all().for_each(|(_, socket)| socket.close())",
            "all().for_each(move |&socket| socket.close())",
            "let f = |x: Vec<u8>, socket| x;",
            "match peer() { Peer { socket, .. } => socket.close(), _ => {} }",
            "match peer() { Peer { socket } | Other { socket } => 1, _ => 2 }",
            "match peer() { None => {} Peer { socket } if socket.is_up() => 1 }",
            "match peer() { Some(_) => { 1 } socket => 2 }",
            "fn f(socket: &UdpSocket) { socket.close() }",
            "fn f<T: AsRef<str>>(socket: T) -> u8 { 1 }",
            "if matches!(peer(), Some(socket) if socket.is_up()) {}",
            "select! { socket = next() => socket.close(), }",
            "{ { let socket = socket.other(); } }",
            "let socket = socket.clone(); let socket = 7;",
        ] {
            assert!(binds(body), "{body}");
        }
    }

    #[test]
    fn a_use_is_no_binding_and_a_clone_is_the_same() {
        for body in [
            "let socket = socket.clone(); spawn(async move { socket.close() });",
            "if x { let socket = socket.clone(); }",
            "let n = socket.room().len(); f(socket)",
            "all().for_each(|x| socket.send(x))",
            "all().for_each(|x: Vec<u8>| socket.send(x))",
            "let a = b | socket.flags() | c;",
            "let a = f()? | socket.flags();",
            "if a || socket.is_up() || b {}",
            "spawn(|| socket.close())",
            "match m { A => { socket.close() } B { x } => socket.send(x), C => {} D(y) if y => {} }",
            "match m { A => socket.close(), B => socket.send(1) }",
            "fn f() -> u8 { 7 } socket.close()",
            "matches!(m, A | B)",
        ] {
            assert!(!binds(body), "{body}");
        }
    }
}
