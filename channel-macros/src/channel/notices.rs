//! `#[notice]`: the methods that are told something from outside.

use proc_macro2::TokenStream;
use quote::{ToTokens as _, quote, quote_spanned};
use syn::ext::IdentExt as _;
use syn::spanned::Spanned as _;
use syn::{Attribute, Meta, Signature, Type};

use super::arguments::{Call, Expected, Of};
use super::declared::Declared;
use super::expand_handlers::handling;
use super::handlers::Channel;
use super::misplaced::Misplaced;
use crate::syntax::errors::Errors;
use crate::syntax::types;

const EXPECTED: Expected = Expected {
    who: "the handler of a notice",
    usage: "write `#[notice] async fn name(&mut self, n: Notice, socket: &Socket<Self>, app: &App)`",
    of: Of::Connection,
};

pub struct Notice {
    cfgs: Vec<Attribute>,
    pub ty: Type,
    pub call: Call,
}

impl Notice {
    pub fn parse(
        marker: &Attribute,
        sig: &Signature,
        cfgs: Vec<Attribute>,
        declared: &Declared,
        errors: &mut Errors,
    ) -> Option<Self> {
        if !matches!(marker.meta, Meta::Path(_)) {
            let what = "`#[notice]` has no arguments";
            errors.at(&marker.meta, what, "what it is about is the type that the method takes: write `#[notice]`");
        }
        // Whatever comes by value may be a notice, and what stands by reference beside the app was probably meant to be one.
        let misplaced = Misplaced::find(sig, Of::Connection, None, declared);
        if let Some(misplaced @ (Misplaced::State(_) | Misplaced::Room(_))) = misplaced {
            misplaced.tell(EXPECTED.who, EXPECTED.usage, errors);
            return None;
        }
        let call = Call::parse(sig, EXPECTED, errors)?;
        let Some(ty) = call.datum().cloned() else {
            no_notice(&call, errors);
            // What was probably meant, so that those who tell of it are not told that nobody listens.
            let Some(Type::Reference(meant)) = call.app() else { return None };
            return Some(Self { cfgs, ty: (*meant.elem).clone(), call });
        };
        Some(Self { cfgs, ty, call })
    }

    /// Adds it to the others of its channel, each of which has another type.
    pub fn add_to(self, others: &mut Vec<Self>, errors: &mut Errors) {
        let text = types::text(&self.ty);
        // Which of two conditions hold is not known here; the compiler finds what is left.
        let is_same = |other: &&Self| self.cfgs.is_empty() && other.cfgs.is_empty() && types::text(&other.ty) == text;
        match others.iter().find(is_same) {
            Some(other) => {
                let what = format!("the notice `{text}` already has a handler, `{}`", other.call.name);
                errors.at(&self.ty, what, "take one of the two away, or give this notice a type of its own");
            }
            None => others.push(self),
        }
    }
}

/// The error for a handler without a notice.
fn no_notice(call: &Call, errors: &mut Errors) {
    let name = call.name.unraw();
    match call.app() {
        // What comes by reference is the app; alone it was probably meant to be the notice.
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

/// `NoticeFor` for each type of notice.
pub fn kinds(channel: &Channel) -> TokenStream {
    let self_ty = &channel.self_ty;
    let kinds = channel.notices.iter().map(|Notice { cfgs, ty, call }| {
        let handler = call.name.unraw().to_string();
        // All of it stands at the type, as do the compiler's errors for what is no notice, or is another's too.
        quote_spanned! {ty.span()=>
            #(#cfgs)*
            impl ::channel_runtime::NoticeFor<#self_ty> for #ty {
                const HANDLER: &'static ::core::primitive::str = #handler;
            }
        }
    });
    quote!(#(#kinds)*)
}

/// The method of `Channel` that calls them, where there are any.
pub fn method(channel: &Channel) -> Option<TokenStream> {
    let notices = channel.notices.iter().map(|Notice { cfgs, ty, call }| {
        let ty = ty.to_token_stream();
        let handling = handling(call, call.begun_holding(ty.clone(), "__content"));
        quote! {
            #(#cfgs)*
            let __notice = match ::channel_runtime::private::Notice::into::<#ty>(__notice) {
                ::core::result::Result::Ok(__content) => return #handling,
                ::core::result::Result::Err(__notice) => __notice,
            };
        }
    });
    (!channel.notices.is_empty()).then(|| {
        quote! {
            fn noticed<'a>(
                &'a mut self,
                __notice: ::channel_runtime::private::Notice,
                __socket: &'a ::channel_runtime::Socket<Self>,
                __app: &'a ::channel_runtime::private::App<Self>,
            ) -> ::channel_runtime::private::Handling<'a> {
                #(#notices)*
                ::core::unreachable!("{__notice:?} has no handler")
            }
        }
    })
}
