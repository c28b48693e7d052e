//! An impl block whose function bodies are not parsed: they may be incomplete, and the editor still completes in them.

use proc_macro2::{Span, TokenStream, TokenTree};
use quote::{ToTokens, quote};
use syn::parse::discouraged::Speculative as _;
use syn::parse::{Parse, ParseStream};
use syn::{Attribute, Generics, Signature, Token, Type, Visibility, braced, token};

pub struct ImplBlock {
    pub attrs: Vec<Attribute>,
    pub generics: Generics,
    pub of_trait: Option<TokenStream>,
    pub self_ty: Type,
    pub items: Vec<ImplItem>,
    unsafety: Option<Token![unsafe]>,
    impl_token: Token![impl],
    /// Errors about the end of the block stand here.
    braces: token::Brace,
}

pub enum ImplItem {
    Method(Box<Method>),
    /// Constants, types, macro calls, and incomplete methods.
    Other(TokenStream),
}

pub struct Method {
    pub attrs: Vec<Attribute>,
    pub vis: Visibility,
    pub sig: Signature,
    pub body: TokenTree,
}

impl Parse for ImplBlock {
    fn parse(input: ParseStream) -> syn::Result<Self> {
        let attrs = input.call(Attribute::parse_outer)?;
        let unsafety = input.parse()?;
        let impl_token = input.parse()?;
        let mut generics: Generics = if input.peek(Token![<]) { input.parse()? } else { Generics::default() };
        let first: Type = input.parse()?;
        let (of_trait, self_ty) = match input.parse::<Option<Token![for]>>()? {
            Some(for_token) => (Some(quote!(#first #for_token)), input.parse()?),
            None => (None, first),
        };
        generics.where_clause = input.parse()?;
        let content;
        let braces = braced!(content in input);
        let mut items = Vec::new();
        while !content.is_empty() {
            items.push(content.parse()?);
        }
        Ok(Self { attrs, generics, of_trait, self_ty, items, unsafety, impl_token, braces })
    }
}

impl Parse for ImplItem {
    fn parse(input: ParseStream) -> syn::Result<Self> {
        let ahead = input.fork();
        if let Ok(method) = ahead.parse() {
            input.advance_to(&ahead);
            return Ok(Self::Method(Box::new(method)));
        }
        // After a constant's `=` braces are part of its value; any other item ends with its braces.
        let mut tokens = TokenStream::new();
        let mut in_value = false;
        while !input.is_empty() {
            let is_brace = input.peek(token::Brace);
            let is_semi = input.peek(Token![;]);
            in_value |= input.peek(Token![=]);
            tokens.extend([input.parse::<TokenTree>()?]);
            if is_semi || is_brace && !in_value {
                break;
            }
        }
        Ok(Self::Other(tokens))
    }
}

impl Parse for Method {
    fn parse(input: ParseStream) -> syn::Result<Self> {
        let attrs = input.call(Attribute::parse_outer)?;
        let vis = input.parse()?;
        let sig = input.parse()?;
        if !input.peek(token::Brace) {
            return Err(input.error("expected a function body"));
        }
        Ok(Self { attrs, vis, sig, body: input.parse()? })
    }
}

impl ImplBlock {
    pub fn span(&self) -> Span {
        self.impl_token.span
    }

    pub fn methods(&self) -> impl Iterator<Item = &Method> {
        self.items.iter().filter_map(|item| match item {
            ImplItem::Method(method) => Some(&**method),
            ImplItem::Other(_) => None,
        })
    }

    pub fn methods_mut(&mut self) -> impl Iterator<Item = &mut Method> {
        self.items.iter_mut().filter_map(|item| match item {
            ImplItem::Method(method) => Some(&mut **method),
            ImplItem::Other(_) => None,
        })
    }

    pub fn other_items_mut(&mut self) -> impl Iterator<Item = &mut TokenStream> {
        self.items.iter_mut().filter_map(|item| match item {
            ImplItem::Method(_) => None,
            ImplItem::Other(tokens) => Some(tokens),
        })
    }
}

impl ToTokens for ImplBlock {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        let Self { attrs, generics, of_trait, self_ty, items, unsafety, impl_token, braces } = self;
        let where_clause = &generics.where_clause;
        tokens.extend(quote!(#(#attrs)* #unsafety #impl_token #generics #of_trait #self_ty #where_clause));
        braces.surround(tokens, |tokens| tokens.extend(quote!(#(#items)*)));
    }
}

impl ToTokens for ImplItem {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        match self {
            Self::Method(method) => {
                let Method { attrs, vis, sig, body } = &**method;
                tokens.extend(quote!(#(#attrs)* #vis #sig #body));
            }
            Self::Other(other) => other.to_tokens(tokens),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(tokens: TokenStream) -> ImplBlock {
        syn::parse2(tokens).unwrap()
    }

    fn methods(block: &mut ImplBlock) -> Vec<String> {
        block.methods_mut().map(|method| method.sig.ident.to_string()).collect()
    }

    #[test]
    fn bodies_may_be_half_typed() {
        let tokens = quote! {
            impl Game {
                async fn make_move(&mut self, m: Move) { let x = m. }
                fn seat(&self) -> Option<Color> { match self. { => } }
                #[message] fn leave(&self) { if }
            }
        };
        let mut block = parse(tokens.clone());
        assert_eq!(methods(&mut block), ["make_move", "seat", "leave"]);
        assert_eq!(block.to_token_stream().to_string(), tokens.to_string());
    }

    #[test]
    fn a_half_typed_signature_is_kept_and_hides_no_other_method() {
        let tokens = quote! {
            impl Game {
                fn before(&self) {}
                async fn make_move(&mut self, m: ) { socket. }
                fn after(&self) {}
            }
        };
        let mut block = parse(tokens.clone());
        assert_eq!(methods(&mut block), ["before", "after"]);
        assert_eq!(block.to_token_stream().to_string(), tokens.to_string());
    }

    #[test]
    fn other_items_are_kept() {
        let tokens = quote! {
            #[allow(dead_code)]
            impl super::Game {
                const SIZE: Size = Size { x: 8, y: 8 };
                const fn size() -> Size { Self::SIZE }
                helpers! { a b c }
                helpers!(a, b);
                pub(crate) fn last<'a>(&'a self) -> &'a str where Self: Sized { "" }
            }
        };
        let mut block = parse(tokens.clone());
        assert_eq!(methods(&mut block), ["size", "last"]);
        assert_eq!(block.to_token_stream().to_string(), tokens.to_string());
    }

    #[test]
    fn a_trait_s_impl_is_told_apart() {
        assert!(parse(quote!(impl Clone for Game {})).of_trait.is_some());
        assert!(
            parse(quote!(
                impl<T> Game<T> where T: Copy {}
            ))
            .of_trait
            .is_none()
        );
    }
}
