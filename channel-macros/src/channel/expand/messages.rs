//! The messages of one direction, from clients or to them.

use proc_macro2::{Ident, TokenStream};
use quote::{quote, quote_spanned};
use syn::spanned::Spanned as _;
use syn::{Attribute, LitStr, Type};

use crate::channel::model::{Channel, Payload};
use crate::describe;
use crate::syntax::rate::Limit;
use crate::syntax::spans::beside_locals;
use crate::syntax::{types, wire_type};

pub struct Messages<'a> {
    pub name: Ident,
    pub doc: String,
    pub messages: Vec<Message<'a>>,
    /// "handled by", "sent as": the words for the other one of two with the same wire type.
    pub how: &'static str,
    self_ty: &'a Type,
    has_envelope: bool,
    are_sent: bool,
}

pub struct Message<'a> {
    pub cfgs: &'a [Attribute],
    pub variant: &'a Ident,
    pub content: Content<'a>,
    limit: Option<&'a Limit>,
    /// The word on its handler.
    idempotent: Option<&'a Ident>,
    /// The note of a handler's `#[deprecated]`.
    deprecated: Option<&'a str>,
    /// The name of the handler, or the type in `sends(..)`.
    pub owner: String,
}

pub enum Content<'a> {
    Struct(&'a Type),
    Unit(&'a LitStr, &'a str),
}

pub fn from_client(channel: &Channel) -> Messages<'_> {
    let messages = channel.handlers.iter().map(|handler| Message {
        cfgs: &handler.cfgs,
        variant: &handler.variant,
        content: match &handler.payload {
            Payload::Struct(ty) => Content::Struct(ty),
            Payload::Unit(literal) => Content::Unit(literal, &handler.docs),
        },
        limit: Some(&handler.limit),
        idempotent: handler.options.idempotent.as_ref(),
        deprecated: handler.deprecated.as_deref(),
        owner: handler.call.name.to_string(),
    });
    Messages {
        name: channel.name_from_client(),
        doc: format!(" All that a client may say to [`{}`].", channel.name),
        messages: messages.collect(),
        how: "handled by",
        self_ty: &channel.self_ty,
        has_envelope: channel.envelope.is_some(),
        are_sent: false,
    }
}

pub fn to_client(channel: &Channel) -> Messages<'_> {
    let messages = channel.sends.iter().map(|sent| Message {
        cfgs: &sent.cfgs,
        variant: &sent.variant,
        content: Content::Struct(&sent.ty),
        limit: None,
        idempotent: None,
        deprecated: None,
        owner: types::text(&sent.ty),
    });
    Messages {
        name: channel.name_to_client(),
        doc: format!(" All that [`{}`] sends to its clients.", channel.name),
        messages: messages.collect(),
        how: "sent as",
        self_ty: &channel.self_ty,
        has_envelope: channel.envelope.is_some(),
        are_sent: true,
    }
}

impl Messages<'_> {
    pub fn are_sent(&self) -> bool {
        self.are_sent
    }

    pub fn is_counted_here(&self) -> bool {
        self.messages.iter().all(|message| message.cfgs.is_empty())
    }

    pub fn place(&self, message: &Message) -> TokenStream {
        let variant = message.variant;
        match self.messages.iter().position(|other| std::ptr::eq(other, message)) {
            Some(place) if self.is_counted_here() => quote!(#place),
            _ => quote!((__Place::#variant as ::core::primitive::usize)),
        }
    }

    /// Its constant also fails if the message has a name that the channel's envelope keeps for itself.
    pub fn shape(&self, message: &Message) -> TokenStream {
        let limit = message.limit.and_then(describe::limited);
        let deprecated = describe::deprecated(message.deprecated);
        let self_ty = self.self_ty;
        // The word alone, and not all from the message's type on.
        let idempotent = message.idempotent.map(|word| {
            let is_flat = match self.has_envelope {
                true => quote!(::channel_runtime::private::is_flat::<#self_ty>()),
                false => quote!(true),
            };
            quote_spanned!(beside_locals(word.span())=> .idempotent(#is_flat))
        });
        let span = message.span();
        let within =
            self.has_envelope.then(|| quote_spanned!(span=> .within(::channel_runtime::private::kept::<#self_ty>())));
        match message.content {
            Content::Struct(ty) => {
                let within = within.unwrap_or_else(|| quote_spanned!(span=> .flat()));
                let shape = quote_spanned!(span=> <#ty as ::channel_runtime::Message>::SHAPE);
                quote_spanned!(span=> #shape #limit #deprecated #idempotent #within)
            }
            Content::Unit(literal, docs) => {
                let foreign = wire_type::reserved(literal).map(|_| {
                    let has = format!("`{}` has the type {:?}", message.owner, literal.value());
                    quote_spanned!(span=> .foreign(#has, "") #within)
                });
                quote_spanned!(span=> ::channel_runtime::private::MessageShape::unit(#literal, #docs) #limit #deprecated #idempotent #foreign)
            }
        }
    }
}

impl Message<'_> {
    pub fn wire_type(&self) -> TokenStream {
        match self.content {
            Content::Struct(ty) => quote_spanned!(ty.span()=> <#ty as ::channel_runtime::Message>::TYPE),
            Content::Unit(literal, _) => quote!(#literal),
        }
    }

    pub fn span(&self) -> proc_macro2::Span {
        match self.content {
            Content::Struct(ty) => ty.span(),
            Content::Unit(literal, _) => literal.span(),
        }
    }
}
