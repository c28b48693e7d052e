//! Handlers of notices, marked `#[notice]`: the server sends a notice to a connection from outside.

use syn::ext::IdentExt as _;
use syn::{Attribute, Meta, Signature, Type};

use super::arguments::{self, Expected};
use crate::channel::check::declared::Declared;
use crate::channel::check::misplaced::Misplaced;
use crate::channel::model::{Call, Notice, Owner};
use crate::syntax::errors::Errors;
use crate::syntax::types;

const EXPECTED: Expected = Expected {
    who: "the handler of a notice",
    usage: "write `#[notice] async fn name(&mut self, n: Notice, socket: &Socket<Self>, app: &App)`",
    of: Owner::Connection,
};

pub fn parse(
    marker: &Attribute,
    sig: &Signature,
    cfgs: Vec<Attribute>,
    declared: &Declared,
    errors: &mut Errors,
) -> Option<Notice> {
    let is_here = is_here(&marker.meta, errors);
    // Any type by value may be a notice; a reference is reported below.
    let misplaced = Misplaced::find(sig, Owner::Connection, None, declared);
    if let Some(misplaced @ (Misplaced::State(_) | Misplaced::Room(_))) = misplaced {
        misplaced.report(EXPECTED.who, EXPECTED.usage, errors);
        return None;
    }
    let call = arguments::parse(sig, EXPECTED, errors)?;
    let Some(ty) = call.datum().cloned() else {
        no_notice(&call, errors);
        // The notice that was probably meant, so that those who send it get no error.
        let Some(Type::Reference(meant)) = call.app() else { return None };
        return Some(Notice { cfgs, ty: (*meant.elem).clone(), is_here, call });
    };
    Some(Notice { cfgs, ty, is_here, call })
}

fn is_here(meta: &Meta, errors: &mut Errors) -> bool {
    match meta {
        Meta::Path(_) => return false,
        Meta::List(list) if list.tokens.to_string() == "here" => return true,
        Meta::List(_) | Meta::NameValue(_) => {}
    }
    let what = "`#[notice]` has one argument, the word `here`";
    let remedy = "what it is about is the type that the method takes: write `#[notice]`; or `#[notice(here)]` for a notice that \
                  never leaves its node";
    errors.at(meta, what, remedy);
    false
}

pub fn is_new(notice: &Notice, others: &[Notice], errors: &mut Errors) -> bool {
    let text = types::text(&notice.ty);
    let is_same = |other: &&Notice| notice.cfgs.is_empty() && other.cfgs.is_empty() && types::text(&other.ty) == text;
    let other = others.iter().find(is_same);
    if let Some(other) = other {
        let what = format!("the notice `{text}` already has a handler, `{}`", other.call.name);
        errors.at(&notice.ty, what, "take one of the two away, or give this notice a type of its own");
    }
    other.is_none()
}

fn no_notice(call: &Call, errors: &mut Errors) {
    let name = call.name.unraw();
    match call.app() {
        Some(Type::Reference(app)) if types::arc(&app.elem).is_none() => {
            let inner = types::text(&app.elem);
            let remedy = format!("write `{inner}`; or, if that is the app, take a notice as well, `n: Notice`");
            errors.at(app, format_args!("the handler `{name}` takes its notice by reference"), remedy);
        }
        _ => {
            errors.at(&call.name, format_args!("the handler `{name}` has no notice"), "take it by value, `n: Notice`");
        }
    }
}
