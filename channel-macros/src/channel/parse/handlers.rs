//! Handlers, marked `#[message]`: of one message at a time, or of a batch.

use proc_macro2::Ident;
use quote::format_ident;
use syn::ext::IdentExt as _;
use syn::{Attribute, FnArg, LitStr, Signature, Type};

use super::arguments::{self, Expected};
use super::batches;
use super::handler_args::HandlerArgs;
use crate::channel::check::declared::Declared;
use crate::channel::check::deferrals;
use crate::channel::check::misplaced::Misplaced;
use crate::channel::model::{Argument, Batch, Call, Handler, Owner, Payload};
use crate::syntax::deprecated;
use crate::syntax::docs::docs;
use crate::syntax::errors::Errors;
use crate::syntax::impl_block::Method;
use crate::syntax::names::camel;
use crate::syntax::types::{self, is_data};

pub const HANDLER: Expected = Expected {
    who: "a handler",
    usage: "write `#[message] async fn name(&mut self, m: Message, socket: &Socket<Self>, app: &App)`",
    of: Owner::Connection,
};

pub fn parse(
    marker: &Attribute,
    method: &Method,
    cfgs: Vec<Attribute>,
    declared: &Declared,
    has_envelope: bool,
    errors: &mut Errors,
) -> Option<Handler> {
    let HandlerArgs { wire_type, variant, limit, options, batch, is_broken } =
        HandlerArgs::parse(marker, has_envelope, errors);
    let sig = &method.sig;
    if let (Some(misplaced), None) = (Misplaced::find(sig, Owner::Connection, None, declared), &batch) {
        report_misplaced(&misplaced, sig, wire_type.is_some(), errors);
        return None;
    }
    let (call, payload) = match &batch {
        Some(_) => batches::call(sig, wire_type, &options, errors)?,
        None if batches::has_no_bounds(sig, errors) => return None,
        None => {
            options.check(sig, errors);
            single(sig, wire_type, is_broken, errors)?
        }
    };
    if let Some(inner) = call.returns.as_ref().and_then(deferrals::nested) {
        let remedy = "write what is answered in the end: `Deferred<Answered>`, `Deferred<Result<Answered, Fault>>`";
        errors.at(inner, "a deferred answer is no answer to be deferred once more", remedy);
    }
    let variant = match variant {
        Some(variant) => variant,
        None => usual_variant(&call, &payload, errors)?,
    };
    let (docs, deprecated) = (docs(&method.attrs), deprecated::note(&method.attrs));
    let batch = batch.flatten().map(|batch| Batch { answer: batches::answer(&call), ..batch });
    Some(Handler { cfgs, docs, deprecated, variant, payload, limit, options, batch, call, defers: false })
}

/// The message's name, or the handler's for a message without fields.
fn usual_variant(call: &Call, payload: &Payload, errors: &mut Errors) -> Option<Ident> {
    match payload {
        Payload::Unit(_) => Some(format_ident!("{}", camel(&call.name.unraw().to_string()), span = call.name.span())),
        Payload::Struct(ty) => {
            let name = types::last_ident(ty);
            if name.is_none() {
                errors.at(ty, format_args!("`{}` is not a message", types::text(ty)), HANDLER.usage);
            }
            name.map(Ident::unraw)
        }
    }
}

pub fn is_new(handler: &Handler, others: &[Handler], errors: &mut Errors) -> bool {
    // Which of two `cfg`s holds is not known here: the compiler reports what remains.
    let mut others = others.iter().filter(|other| handler.cfgs.is_empty() && other.cfgs.is_empty());
    let (text, variant) = (handler.payload.text(), &handler.variant);
    let Some(other) = others.find(|other| other.payload.text() == text || other.variant == *variant) else {
        return true;
    };
    let (what, remedy) = if other.payload.text() == text {
        (format!("`{text}` already has a handler, `{}`", other.call.name), "take one of the two away".into())
    } else {
        let arguments = match &handler.payload {
            Payload::Struct(_) => format!("as = Other{variant}"),
            Payload::Unit(_) => format!("type = {text}, as = Other{variant}"),
        };
        (
            format!("`{text}` and `{}` would both be the variant `{variant}`", other.payload.text()),
            format!("give it another name: `#[message({arguments})]`"),
        )
    };
    errors.at(handler.payload.tokens(), what, remedy);
    false
}

fn report_misplaced(misplaced: &Misplaced, sig: &Signature, is_typed: bool, errors: &mut Errors) {
    let takes_by_value =
        |input: &FnArg| matches!(input, FnArg::Typed(input) if !matches!(*input.ty, Type::Reference(_)));
    match misplaced {
        Misplaced::Stranger(message) if !is_typed && !sig.inputs.iter().any(takes_by_value) => {
            let what = format!("the handler `{}` takes its message by reference", sig.ident.unraw());
            errors.at(message, what, format_args!("write `{}`", types::text(&message.elem)));
        }
        _ => misplaced.report(HANDLER.who, HANDLER.usage, errors),
    }
}

fn single(sig: &Signature, wire_type: Option<LitStr>, is_broken: bool, errors: &mut Errors) -> Option<(Call, Payload)> {
    let call = arguments::parse(sig, HANDLER, errors)?;
    let payload = match (call.datum(), wire_type) {
        (Some(ty), None) => Payload::Struct(Box::new(types::for_static(ty))),
        (None, Some(literal)) => Payload::Unit(literal),
        (Some(ty), Some(literal)) if is_data(ty) => {
            let what =
                format!("`{}` is no message: a message is a struct, with its type written on it", types::text(ty));
            let message = camel(&call.name.unraw().to_string());
            let field = match types::is_named(ty, "Value") {
                true => "#[serde(flatten)] fields: serde_json::Map<String, serde_json::Value>".into(),
                false => format!("value: {}", types::text(ty)),
            };
            let remedy = format!(
                "write `#[message(type = {:?})] struct {message} {{ {field} }}`, and here `#[message]` and `m: {message}`",
                literal.value()
            );
            errors.at(ty, what, remedy);
            return None;
        }
        (Some(ty), Some(literal)) => {
            let what = format!("this message's type is written on its struct, `{}`", types::text(ty));
            errors.at(literal, what, "write `#[message]`");
            return None;
        }
        (None, None) => {
            if !is_broken {
                no_message(&call, sig, errors);
            }
            return None;
        }
    };
    Some((call, payload))
}

fn no_message(call: &Call, sig: &Signature, errors: &mut Errors) {
    let name = call.name.unraw();
    let by_reference = call.arguments.iter().find_map(|argument| match argument {
        Argument::App(Type::Reference(ty)) if types::arc(&ty.elem).is_none() => Some(ty),
        _ => None,
    });
    let typed = sig.inputs.iter().filter(|input| matches!(input, FnArg::Typed(_))).count();
    match by_reference {
        // A reference is the app; a lone one was probably meant to be the message.
        Some(reference) if typed == 1 || call.socket().is_some() => {
            let inner = types::text(&reference.elem);
            let remedy = format!(
                "write `{inner}`; or, if that is the app and the message has no fields, `#[message(type = \"{name}\")]`"
            );
            errors.at(reference, format_args!("the handler `{name}` takes its message by reference"), remedy);
        }
        _ => {
            let remedy =
                format!("take it by value, `m: Message`, or write `#[message(type = \"{name}\")]` if it has no fields");
            errors.at(&call.name, format_args!("the handler `{name}` has no message"), remedy);
        }
    }
}
