//! A task that is started in a method and takes along what the method is only lent, `tokio::spawn(async move { socket.send(..) })`: the
//! compiler says that it escapes, and not what to take instead.

use proc_macro2::{Delimiter, Group, TokenStream, TokenTree};
use quote::{ToTokens as _, quote};
use syn::{FnArg, Pat, Type};

use crate::errors::Errors;
use crate::impl_block::Method;
use crate::spans::{arc, is_named, ungroup};

/// Something that a method is lent.
struct Lent {
    name: String,
    remedy: String,
}

/// Tells of such tasks, and takes what they do out of the body, so that the compiler tells of them no more.
pub fn check(method: &mut Method, errors: &mut Errors) {
    let body = method.body.to_token_stream();
    if !has_spawn(&body) {
        return;
    }
    let lent: Vec<Lent> = lent(method).into_iter().filter(|lent| !may_bind(&lent.name, &body)).collect();
    let before = errors.len();
    let kept = kept(body, &lent, errors);
    if errors.len() > before {
        method.body = kept.into_iter().next().expect("a body is one group");
        method.attrs.push(syn::parse_quote!(#[allow(unused)]));
    }
}

/// What the method takes by reference.
fn lent(method: &Method) -> Vec<Lent> {
    let inputs = || {
        method.sig.inputs.iter().filter_map(|input| match input {
            FnArg::Typed(input) => match (&*input.pat, ungroup(&input.ty)) {
                (Pat::Ident(name), Type::Reference(ty)) => Some((name.ident.to_string(), &*ty.elem)),
                _ => None,
            },
            FnArg::Receiver(_) => None,
        })
    };
    let socket = inputs().find(|(_, ty)| is_named(ty, "Socket")).map(|(name, _)| name);
    let receiver = method.sig.receiver().map(|_| Lent {
        name: "self".into(),
        remedy: "take a copy of what it needs along, such as `let name = self.name.clone();` above; what it has found is told \
                 to the handler by `socket.notify(..)`"
            .into(),
    });
    let others = inputs().filter(|(_, ty)| !is_named(ty, "Room")).map(|(name, ty)| {
        let remedy = match (&socket, arc(ty)) {
            _ if is_named(ty, "Socket") => format!("write `let {name} = {name}.clone();` above, and `async move` here"),
            (_, Some(_)) => format!("write `let {name} = Arc::clone({name});` above, and `async move` here"),
            (Some(socket), None) => format!("write `let {name} = {socket}.app();` above, and `async move` here"),
            (None, None) => {
                format!(
                    "take it as `&Arc<..>`, and write `let {name} = Arc::clone({name});` above, and `async move` here"
                )
            }
        };
        Lent { name, remedy }
    });
    others.chain(receiver).collect()
}

/// Whether a name may be another's somewhere in the body: in doubt it is.
fn may_bind(name: &str, tokens: &TokenStream) -> bool {
    let tokens: Vec<TokenTree> = tokens.clone().into_iter().collect();
    let is = |at: usize, char: char| matches!(tokens.get(at), Some(TokenTree::Punct(punct)) if punct.as_char() == char);
    let until = |at: usize, is_end: &dyn Fn(usize) -> bool| {
        let end = (at..tokens.len()).find(|at| is_end(*at)).unwrap_or(tokens.len());
        tokens[at..end].iter().any(|token| has(name, token))
    };
    tokens.iter().enumerate().any(|(at, token)| match token {
        TokenTree::Group(group) => may_bind(name, &group.stream()),
        TokenTree::Ident(word) if word == "let" => until(at, &|at| is(at, '=') || is(at, ';')),
        TokenTree::Ident(word) if word == "for" => {
            until(at, &|at| matches!(&tokens[at], TokenTree::Ident(word) if word == "in"))
        }
        TokenTree::Ident(word) if word == "fn" => until(at, &|at| {
            is(at, '>') || matches!(&tokens[at], TokenTree::Group(group) if group.delimiter() == Delimiter::Brace)
        }),
        TokenTree::Punct(punct) if punct.as_char() == '|' => {
            // `||` binds nothing.
            let is_double = is(at + 1, '|') || at > 0 && is(at - 1, '|');
            !is_double && until(at + 1, &|at| is(at, '|'))
        }
        TokenTree::Punct(punct) if punct.as_char() == '=' && is(at + 1, '>') => {
            let begin = (0..at).rev().find(|at| is(*at, ',')).map_or(0, |at| at + 1);
            tokens[begin..at].iter().any(|token| has(name, token))
        }
        _ => false,
    })
}

fn has(name: &str, token: &TokenTree) -> bool {
    match token {
        TokenTree::Group(group) => group.stream().into_iter().any(|token| has(name, &token)),
        TokenTree::Ident(ident) => ident == name,
        _ => false,
    }
}

/// Whether a task, or a thread, is started anywhere.
fn has_spawn(tokens: &TokenStream) -> bool {
    let mut read = Vec::new();
    tokens.clone().into_iter().any(|token| {
        let found = match &token {
            TokenTree::Group(group) => is_spawn(&read) || has_spawn(&group.stream()),
            _ => false,
        };
        read.push(token);
        found
    })
}

/// Whether these end with `tokio::spawn`, `task::spawn_blocking`, `thread::spawn` or the like: what it is given outlives the method.
fn is_spawn(read: &[TokenTree]) -> bool {
    let [.., TokenTree::Ident(of), TokenTree::Punct(first), TokenTree::Punct(second), TokenTree::Ident(spawn)] = read
    else {
        return false;
    };
    let is_path = first.as_char() == ':' && second.as_char() == ':';
    is_path
        && (spawn == "spawn" || spawn == "spawn_blocking")
        && ["tokio", "task", "thread"].iter().any(|module| of == module)
}

fn kept(tokens: TokenStream, lent: &[Lent], errors: &mut Errors) -> TokenStream {
    let mut read: Vec<TokenTree> = Vec::new();
    for token in tokens {
        let token = match token {
            TokenTree::Group(group) => {
                let inner = match is_spawn(&read).then(|| escaping(&group.stream(), lent)).flatten() {
                    Some((at, Lent { name, remedy })) => {
                        let what = format!("`{name}` is lent to the method, and what is started here outlives it");
                        errors.at(&at, what, remedy);
                        instead(&group.stream())
                    }
                    None => kept(group.stream(), lent, errors),
                };
                let mut kept = Group::new(group.delimiter(), inner);
                kept.set_span(group.span());
                kept.into()
            }
            other => other,
        };
        read.push(token);
    }
    read.into_iter().collect()
}

/// What the compiler may see in the place of the task.
fn instead(task: &TokenStream) -> TokenStream {
    match task.clone().into_iter().next() {
        Some(TokenTree::Ident(word)) if word == "async" => quote!(async { ::core::unreachable!() }),
        _ => quote!(|| ::core::unreachable!()),
    }
}

/// The first that is lent of what stands in the block or closure that is all of a task.
fn escaping<'a>(task: &TokenStream, lent: &'a [Lent]) -> Option<(TokenTree, &'a Lent)> {
    let tokens: Vec<TokenTree> = task.clone().into_iter().collect();
    let body = match &tokens[..] {
        [TokenTree::Ident(word), rest @ ..] if word == "async" => rest,
        [TokenTree::Ident(word), TokenTree::Punct(bar), ..] if word == "move" && bar.as_char() == '|' => &tokens[1..],
        [TokenTree::Punct(bar), ..] if bar.as_char() == '|' => &tokens[..],
        _ => return None,
    };
    used(body, lent)
}

fn used<'a>(tokens: &[TokenTree], lent: &'a [Lent]) -> Option<(TokenTree, &'a Lent)> {
    let is = |at: Option<usize>, char: char| matches!(at.and_then(|at| tokens.get(at)), Some(TokenTree::Punct(punct)) if punct.as_char() == char);
    tokens.iter().enumerate().find_map(|(at, token)| match token {
        TokenTree::Group(group) => used(&group.stream().into_iter().collect::<Vec<_>>(), lent),
        // Neither a field, `state.socket`, nor that of a struct, `Seat { socket: .. }`, nor a part of a path, `self::Seat`.
        TokenTree::Ident(name) if !is(at.checked_sub(1), '.') && !is(Some(at + 1), ':') => {
            lent.iter().find(|lent| name == lent.name.as_str()).map(|lent| (token.clone(), lent))
        }
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(body: TokenStream) -> Vec<String> {
        let mut method: Method =
            syn::parse2(quote!(fn say(&mut self, m: Say, socket: &Socket<Self>, app: &App) #body)).unwrap();
        let mut errors = Errors::default();
        check(&mut method, &mut errors);
        errors.messages().iter().map(|text| text.split('`').nth(1).unwrap_or_default().to_owned()).collect()
    }

    #[test]
    fn what_is_lent_and_outlives_the_method_is_told() {
        for (body, name) in [
            (
                quote!({
                    tokio::spawn(async move { socket.send(m) });
                }),
                "socket",
            ),
            (
                quote!({
                    tokio::spawn(async { self.work().await });
                }),
                "self",
            ),
            (
                quote!({
                    tokio::task::spawn(async move { app.work(1).await });
                }),
                "app",
            ),
            (
                quote!({
                    let n = 1;
                    if x {
                        tokio::spawn(async move { f(&app, n) });
                    }
                }),
                "app",
            ),
            (
                quote!({
                    std::thread::spawn(move || socket.send(m));
                }),
                "socket",
            ),
            (
                quote!({
                    tokio::task::spawn_blocking(|| app.hash());
                }),
                "app",
            ),
        ] {
            assert_eq!(told(body.clone()), [name], "{body}");
        }
    }

    #[test]
    fn what_may_be_another_is_left_to_the_compiler() {
        for body in [
            quote!({
                let socket = socket.clone();
                tokio::spawn(async move { socket.send(m) });
            }),
            quote!({
                let (app, socket) = (socket.app(), socket.clone());
                tokio::spawn(async move { app.f(socket) });
            }),
            quote!({
                if let Some(socket) = find() {
                    tokio::spawn(async move { socket.send(m) });
                }
            }),
            quote!({
                match find() {
                    Some(socket) => drop(tokio::spawn(async move { socket.send(m) })),
                    None => {}
                }
            }),
            quote!({
                for socket in all() {
                    tokio::spawn(async move { socket.send(m) });
                }
            }),
            quote!({
                all().for_each(|socket| drop(tokio::spawn(async move { socket.send(m) })));
            }),
            quote!({
                tokio::spawn(async move { seat.socket.send(Seat { app: 1 }) });
            }),
            quote!({
                tokio::spawn(work(socket.clone()));
            }),
            quote!({
                scope.spawn(async { socket.send(m) });
            }),
            quote!({
                socket.send(m);
            }),
        ] {
            assert_eq!(told(body.clone()), [""; 0], "{body}");
        }
    }
}
