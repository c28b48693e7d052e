//! Plain methods that were probably meant to be handlers: they have the form of one, but no `#[message]`.
//!
//! Only those count that nothing in the block calls, and whose type no handler takes and no list sends. Whether that type is a
//! message is left to the compiler.

use proc_macro2::{Ident, TokenStream, TokenTree};
use quote::ToTokens as _;
use syn::Type;
use syn::ext::IdentExt as _;

use crate::channel::model::{Channel, HookKind, Unmarked};
use crate::syntax::impl_block::{ImplBlock, ImplItem, Method};
use crate::syntax::types;

/// Each of the `candidates` takes its type by value.
pub fn find<'a>(
    candidates: impl Iterator<Item = (&'a Method, Type)>,
    block: &ImplBlock,
    channel: &Channel,
) -> Vec<Unmarked> {
    let unmarked = candidates.filter_map(|(method, ty)| read(method, ty, channel));
    unmarked.filter(|unmarked| !is_called(&unmarked.name, block)).collect()
}

fn read(method: &Method, ty: Type, channel: &Channel) -> Option<Unmarked> {
    let name = &method.sig.ident;
    let notices = channel.notices.iter().map(|notice| &notice.call);
    let mut called = channel.handlers.iter().map(|handler| &handler.call).chain(notices);
    if called.any(|call| call.name == *name) || HookKind::named(&name.unraw().to_string()).is_some() {
        return None;
    }
    let text = types::text(&ty);
    let handled = channel.handlers.iter().map(|handler| handler.payload.text());
    let sent = channel.sends.iter().map(|sent| types::text(&sent.ty));
    let noticed = channel.notices.iter().map(|notice| types::text(&notice.ty));
    let is_mentioned = handled.chain(sent).chain(noticed).any(|other| other == text);
    // `Self` and lifetimes mean nothing outside of the method.
    let has_names = has_token(&ty.to_token_stream(), &|_, token| match token {
        TokenTree::Ident(ident) => ident == "Self",
        TokenTree::Punct(punct) => punct.as_char() == '\'',
        _ => false,
    });
    let cfgs = method.attrs.iter().filter(|attr| attr.path().is_ident("cfg")).cloned().collect();
    (!is_mentioned && !has_names).then(|| Unmarked { cfgs, name: name.clone(), ty })
}

/// Whether any body or constant in the block has `.name` or `::name`. A name alone may be a local: `fn say(&mut self, say: Say)`.
pub fn is_called(name: &Ident, block: &ImplBlock) -> bool {
    let is_call = |before: Option<&TokenTree>, token: &TokenTree| {
        let is_path = matches!(before, Some(TokenTree::Punct(punct)) if matches!(punct.as_char(), '.' | ':'));
        is_path && matches!(token, TokenTree::Ident(ident) if ident == name)
    };
    block.items.iter().any(|item| match item {
        ImplItem::Method(method) => has_token(&method.body.to_token_stream(), &is_call),
        ImplItem::Other(tokens) => has_token(tokens, &is_call),
    })
}

fn has_token(tokens: &TokenStream, is_it: &impl Fn(Option<&TokenTree>, &TokenTree) -> bool) -> bool {
    let mut before = None;
    tokens.clone().into_iter().any(|token| {
        let found = match &token {
            TokenTree::Group(group) => has_token(&group.stream(), is_it),
            _ => is_it(before.as_ref(), &token),
        };
        before = Some(token);
        found
    })
}

#[cfg(test)]
mod tests {
    use quote::quote;

    use super::*;
    use crate::channel::parse::block;
    use crate::syntax::errors::Errors;

    fn unmarked(methods: TokenStream) -> Vec<String> {
        let mut block = syn::parse2(quote!(impl Game { #methods })).unwrap();
        let mut errors = Errors::default();
        let channel = block::parse(quote!(sends(Moved)), &mut block, &mut errors).unwrap();
        assert_eq!(errors.messages(), [""; 0]);
        channel.unmarked.iter().map(|unmarked| unmarked.name.to_string()).collect()
    }

    #[test]
    fn methods_in_the_form_of_a_handler_are_asked_about() {
        let methods = quote! {
            #[message] fn step(&mut self, step: Step) {}
            async fn say(&mut self, say: Say, socket: &Socket<Self>, app: &App) -> Result<(), Fault> { hear(say) }
            pub fn shout(&self, shout: words::Shout) {}
        };
        assert_eq!(unmarked(methods), ["say", "shout"]);
    }

    #[test]
    fn plain_methods_are_left_alone() {
        let methods = quote! {
            #[message] fn step(&mut self, step: Step) { self.called(Say { }) }
            fn called(&mut self, say: Say) {}
            fn of_a_handled_message(&mut self, step: Step) {}
            #[notice] fn of_a_notice(&mut self, notice: Notice) {}
            fn of_the_same_notice(&mut self, notice: Notice) {}
            fn of_a_sent_message(&mut self, moved: Moved, socket: &Socket<Self>) {}
            fn by_reference(&mut self, say: &Say) {}
            fn of_two(&self, say: Say, other: Other) {}
            fn of_none(&self, socket: &Socket<Self>) {}
            fn generic<T>(&self, say: T) {}
            fn of_itself(&self, other: Self) {}
            fn borrowed<'a>(&self, text: Cow<'a, str>) {}
            fn of_a_tuple(&self, pair: (Say, Say)) {}
            fn new(say: Say) {}
            fn on_close(&mut self, close: Close) {}
            const STEP: fn(&mut Self, Say) = Self::a_constant;
            fn a_constant(&mut self, say: Say) {}
        };
        assert_eq!(unmarked(methods), [""; 0]);
    }
}
