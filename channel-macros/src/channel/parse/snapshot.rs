//! The hook `snapshot`, which is lent the room's state: `fn snapshot(&self, state: &Board) -> BoardIs`.

use syn::{FnArg, ReturnType, Signature, Type, parse_quote};

use super::arguments::{self, Expected};
use crate::channel::check::declared::Declared;
use crate::channel::model::{Argument, Call, Owner};
use crate::syntax::errors::Errors;
use crate::syntax::impl_block::Method;
use crate::syntax::receiver::takes_mut_self;
use crate::syntax::types::{is_named, text, ungroup};

const WHO: &str = "`snapshot`";

/// `None` after an error.
pub fn call(sig: &Signature, declared: &Declared, usage: &str, errors: &mut Errors) -> Option<Call> {
    let before = errors.len();
    check(sig, declared, usage, errors);
    if errors.len() > before {
        return None;
    }
    let mut call = arguments::parse(sig, Expected { who: WHO, usage, of: Owner::Connection }, errors)?;
    for argument in &mut call.arguments {
        // By its form it is the app.
        if let Argument::App(state) = argument {
            *argument = Argument::State(state.clone());
        }
    }
    Some(call)
}

/// The state's type is the room's, and no slice of it will do.
pub fn free_state(method: &mut Method) {
    if method.sig.ident == "snapshot" {
        method.attrs.push(parse_quote!(#[allow(clippy::ptr_arg)]));
    }
}

fn check(sig: &Signature, declared: &Declared, usage: &str, errors: &mut Errors) {
    if let Some(keyword) = &sig.asyncness {
        errors.at(keyword, "`snapshot` is not `async`: nothing waits under the lock of the room's state", usage);
    }
    if takes_mut_self(sig) {
        errors.at(sig.receiver(), "`snapshot` changes nothing, and takes `&self`", usage);
    }
    let taken: Vec<&Type> = sig.inputs.iter().filter_map(typed).collect();
    if let Some((ty, what)) = taken.iter().find_map(|ty| Some((ty, mistaken(ty, declared)?))) {
        errors.at(ty, format_args!("`snapshot` {what}"), usage);
    } else if let Some(second) = taken.get(1) {
        errors.at(second, "`snapshot` takes the room's state alone", usage);
    } else if taken.is_empty() && sig.receiver().is_some() {
        errors.at(&sig.ident, "`snapshot` takes the room's state", usage);
    } else if matches!(sig.output, ReturnType::Default) {
        errors.at(&sig.ident, "`snapshot` returns the message that is sent", usage);
    }
}

fn typed(input: &FnArg) -> Option<&Type> {
    match input {
        FnArg::Typed(input) => Some(ungroup(&input.ty)),
        FnArg::Receiver(_) => None,
    }
}

/// What is wrong with an argument. `None` if it may be the state.
fn mistaken(ty: &Type, declared: &Declared) -> Option<String> {
    let Type::Reference(reference) = ty else {
        return Some("is lent the room's state, and takes nothing by value".into());
    };
    let elem = &reference.elem;
    let name = text(elem);
    match () {
        () if is_named(elem, "Socket") || is_named(elem, "Room") => {
            Some(format!("takes no `&{name}`: what it returns is sent to the client"))
        }
        () if reference.mutability.is_some() => Some(format!("changes nothing, and takes no `&mut {name}`")),
        () if declared.is_app(elem) && !declared.is_state(elem) => {
            Some(format!("is not lent the app: take no `&{name}`"))
        }
        () => None,
    }
}
