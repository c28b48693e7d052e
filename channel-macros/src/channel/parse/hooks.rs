//! Hooks: methods that are known by their names.

use syn::{Attribute, ReturnType, Signature, Type};

use super::arguments::{self, Expected};
use super::snapshot;
use crate::channel::check::declared::Declared;
use crate::channel::check::hooks::{self, usage};
use crate::channel::check::misplaced::Misplaced;
use crate::channel::model::{Hook, HookKind};
use crate::syntax::errors::Errors;
use crate::syntax::types::{first_type, last_segment, text, ungroup};

pub fn parse(
    kind: HookKind,
    sig: &Signature,
    cfgs: Vec<Attribute>,
    declared: &Declared,
    errors: &mut Errors,
) -> Option<Hook> {
    let (who, usage) = (format!("`{}`", kind.name()), usage(kind, declared));
    if kind == HookKind::Snapshot {
        let call = snapshot::call(sig, declared, &usage, errors)?;
        return Some(Hook { kind, cfgs, call, key: None });
    }
    if let Some(misplaced) = Misplaced::find(sig, kind.owner(), kind.datum(), declared) {
        hooks::report_misplaced(kind, &misplaced, &usage, errors);
        return None;
    }
    let call = arguments::parse(sig, Expected { who: &who, usage: &usage, of: kind.owner() }, errors)?;
    let before = errors.len();
    hooks::check(kind, sig, &call, &cfgs, &usage, errors);
    let key = if kind == HookKind::Identity { key(sig, &usage, errors) } else { None };
    (errors.len() == before).then_some(Hook { kind, cfgs, call, key })
}

/// The key in what `identity` returns: `K`, `&K`, `Option<K>` or `Option<&K>`.
fn key(sig: &Signature, usage: &str, errors: &mut Errors) -> Option<Type> {
    let ReturnType::Type(_, output) = &sig.output else {
        errors.at(&sig.ident, "`identity` returns who the user is", usage);
        return None;
    };
    let mut key = ungroup(output);
    if let Some(inner) = option(key) {
        key = ungroup(inner);
    }
    if let Type::Reference(reference) = key {
        key = ungroup(&reference.elem);
    }
    match key {
        Type::Path(_) if text(key) == "str" => {
            errors.at(
                output,
                "`str` can't be an identity, for the connection keeps its own",
                "return a `String` or `&String`",
            );
            None
        }
        Type::Path(_) | Type::Macro(_) | Type::Tuple(_) => Some(key.clone()),
        _ => {
            errors.at(output, format_args!("`{}` can't be an identity", text(key)), usage);
            None
        }
    }
}

fn option(ty: &Type) -> Option<&Type> {
    last_segment(ty).filter(|segment| segment.ident == "Option").and_then(first_type)
}

#[cfg(test)]
mod tests {
    use quote::quote;

    use super::*;

    #[test]
    fn an_identity_is_what_stands_inside() {
        for output in [quote!(Id), quote!(&Id), quote!(Option<Id>), quote!(std::option::Option<&'a Id>)] {
            let mut errors = Errors::default();
            let hook = parse(
                HookKind::Identity,
                &syn::parse2(quote!(fn identity(&self) -> #output)).unwrap(),
                vec![],
                &Declared::default(),
                &mut errors,
            );
            assert_eq!(text(&hook.unwrap().key.unwrap()), "Id");
        }
    }

    #[test]
    fn signatures_that_cannot_be_called_are_refused() {
        for (kind, signature) in [
            (HookKind::Connect, quote!(fn on_connect(&mut self, m: Move))),
            (HookKind::Authorize, quote!(fn authorize(&mut self))),
            (HookKind::Authorize, quote!(fn authorize(&self, s: &Socket<Self>))),
            (HookKind::Identity, quote!(fn identity(&self))),
            (HookKind::Identity, quote!(async fn identity(&self) -> Id)),
            (HookKind::Identity, quote!(fn identity(&self) -> &str)),
            (HookKind::Identity, quote!(fn identity(&self, app: &App) -> Id)),
            (HookKind::Identity, quote!(fn identity(&self) -> impl Copy)),
            (HookKind::Expires, quote!(fn expires_at(&self))),
            (HookKind::Expires, quote!(async fn expires_at(&self) -> SystemTime)),
            (HookKind::Expires, quote!(fn expires_at(&mut self) -> SystemTime)),
            (HookKind::Expires, quote!(fn expires_at(&self, app: &App) -> SystemTime)),
            (HookKind::Snapshot, quote!(fn snapshot(&self))),
            (HookKind::Snapshot, quote!(fn snapshot(state: &Board) -> BoardIs)),
            (HookKind::Snapshot, quote!(fn snapshot(&self, state: &Board))),
            (HookKind::Snapshot, quote!(fn snapshot(&self, state: Board) -> BoardIs)),
            (HookKind::Snapshot, quote!(fn snapshot(&self, state: &mut Board) -> BoardIs)),
            (HookKind::Snapshot, quote!(fn snapshot(&mut self, state: &Board) -> BoardIs)),
            (HookKind::Snapshot, quote!(fn snapshot(self, state: &Board) -> BoardIs)),
            (HookKind::Snapshot, quote!(fn snapshot(&self, state: &Board, app: &App) -> BoardIs)),
            (HookKind::Snapshot, quote!(fn snapshot(&self, state: &Board, s: &Socket<Self>) -> BoardIs)),
            (HookKind::Snapshot, quote!(async fn snapshot(&self, state: &Board) -> BoardIs)),
            (HookKind::Refresh, quote!(fn on_refresh(&mut self, token: Token))),
            (HookKind::Reauthorize, quote!(fn on_reauthorize(&mut self, room: Room<Self>))),
            (HookKind::Reauthorize, quote!(fn on_reauthorize(&mut self, room: &Room<Self>) -> bool)),
        ] {
            let text = signature.to_string();
            let mut errors = Errors::default();
            let hook = parse(kind, &syn::parse2(signature).unwrap(), vec![], &Declared::default(), &mut errors);
            assert!(hook.is_none(), "{text}");
            assert_eq!(errors.messages().len(), 1, "{text}");
        }
    }
}
