//! Spawned tasks that capture a reference from the method: the compiler reports that it escapes, but not what to capture instead.

use proc_macro2::{Group, TokenStream, TokenTree};
use quote::{ToTokens as _, quote};
use syn::{FnArg, Pat, Type, TypeReference};

use super::bindings::may_bind;
use crate::syntax::errors::Errors;
use crate::syntax::impl_block::Method;
use crate::syntax::receiver::is_reference;
use crate::syntax::types::{arc, is_named, ungroup};

struct Lent {
    name: String,
    remedy: String,
}

/// Reports such tasks, and empties them, so that the compiler does not report them again.
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

fn lent(method: &Method) -> Vec<Lent> {
    let inputs = || {
        method.sig.inputs.iter().filter_map(|input| match input {
            FnArg::Typed(input) => match (&*input.pat, ungroup(&input.ty)) {
                (Pat::Ident(name), Type::Reference(ty)) if !is_static(ty) => Some((name.ident.to_string(), &*ty.elem)),
                _ => None,
            },
            FnArg::Receiver(_) => None,
        })
    };
    let socket = inputs().find(|(_, ty)| is_named(ty, "Socket")).map(|(name, _)| name);
    let receiver = method.sig.receiver().filter(|receiver| is_reference(receiver)).map(|_| Lent {
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

fn is_static(ty: &TypeReference) -> bool {
    ty.lifetime.as_ref().is_some_and(|lifetime| lifetime.ident == "static")
}

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

fn instead(task: &TokenStream) -> TokenStream {
    match task.clone().into_iter().next() {
        Some(TokenTree::Ident(word)) if word == "async" => quote!(async { ::core::unreachable!() }),
        _ => quote!(|| ::core::unreachable!()),
    }
}

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
    tokens.iter().enumerate().find_map(|(at, token)| match token {
        TokenTree::Group(group) => used(&group.stream().into_iter().collect::<Vec<_>>(), lent),
        TokenTree::Ident(name) if is_value(&tokens[..at], &tokens[at + 1..]) => {
            lent.iter().find(|lent| name == lent.name.as_str()).map(|lent| (token.clone(), lent))
        }
        _ => None,
    })
}

fn is_value(before: &[TokenTree], behind: &[TokenTree]) -> bool {
    let char = |token: Option<&TokenTree>| match token {
        Some(TokenTree::Punct(punct)) => Some(punct.as_char()),
        _ => None,
    };
    let mut before = before.iter().rev();
    let (last, last_but_one) = (char(before.next()), char(before.next()));
    match (last, char(behind.first())) {
        // A field, `state.socket`, a lifetime or a label, `'socket`.
        (Some('.' | '\''), _) => false,
        // A path, `config::app()`.
        (Some(':'), _) if last_but_one == Some(':') => false,
        // A field's name, `Seat { socket: .. }`, or a path, `self::Seat`.
        (_, Some(':')) => false,
        // A macro's key, `info!(app = "chat")`, or an assignment; but not `app == other`.
        (_, Some('=')) => char(behind.get(1)) == Some('='),
        // A macro, `app!()`; but not `app != other`.
        (_, Some('!')) => char(behind.get(1)) == Some('='),
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(body: TokenStream) -> Vec<String> {
        told_of(quote!(&mut self, m: Say, socket: &Socket<Self>, app: &App), body)
    }

    fn told_of(inputs: TokenStream, body: TokenStream) -> Vec<String> {
        let mut method: Method = syn::parse2(quote!(fn say(#inputs) #body)).unwrap();
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

    #[test]
    fn a_name_is_not_always_that_of_what_is_lent() {
        for body in [
            quote!(config::app().run().await),
            quote!(info!(app = "chat", socket = 7, "begun")),
            quote!(println!("{app}", app = 7)),
            quote!('app: loop {
                break 'app;
            }),
            quote!(app!(7)),
            quote!(self::run(Seat { app: 7 })),
        ] {
            assert_eq!(told(quote!({ tokio::spawn(async move { #body }); })), [""; 0], "{body}");
        }
        for body in [quote!(if app == other {}), quote!(f(app != other)), quote!(Seat { lent: app }), quote!(*app = 7)]
        {
            let told = told(quote!({ tokio::spawn(async move { #body }); }));
            let expected: &[&str] = if body.to_string().starts_with('*') { &[] } else { &["app"] };
            assert_eq!(told, expected, "{body}");
        }
    }

    #[test]
    fn what_is_owned_or_lent_for_ever_may_be_taken_along() {
        let body = quote!({
            tokio::spawn(async move { self.work(app).await });
        });
        for receiver in [quote!(self), quote!(mut self), quote!(self: Arc<Self>), quote!(self: Box<Self>)] {
            assert_eq!(told_of(quote!(#receiver, app: &'static App), body.clone()), [""; 0], "{receiver}");
        }
        for receiver in [quote!(&self), quote!(&'a mut self), quote!(self: &Self), quote!(self: (&mut Self))] {
            assert_eq!(told_of(quote!(#receiver), body.clone()), ["self"], "{receiver}");
        }
        assert_eq!(told_of(quote!(app: &'a App), body), ["app"]);
    }
}
