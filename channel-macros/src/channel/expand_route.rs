//! From the struct's half: `Route`, `ServedBy`, the constructor of its rooms and their kinds.

use proc_macro2::TokenStream;
use quote::{format_ident, quote, quote_spanned};
use syn::ext::IdentExt as _;
use syn::spanned::Spanned as _;

use super::rooms::RoomKind;
use super::route::{OtherField, Param, Route, Source};
use crate::describe;
use crate::describe::types::{Context, is_plain};
use crate::syntax::path_pattern::{Pattern, Segment};
use crate::syntax::spans::{self, beside_locals};
use crate::syntax::types;

pub fn expand(route: &Route) -> TokenStream {
    let Some(pattern) = &route.pattern else { return TokenStream::new() };
    let name = &route.name;
    let [app_type, room_state_type] = types(route);
    let path = path(pattern);
    let text = name.unraw().to_string();
    let build = build(route);
    let shape = shape(route);
    let grace = route.room_grace.map(|grace| {
        quote!(const ROOM_GRACE: ::core::option::Option<::core::time::Duration> = ::core::option::Option::Some(
            ::core::time::Duration::from_millis(#grace)
        );)
    });
    let bounds = route.bounds.tokens();
    let (first_state, made) = (first_state(route), made(route));
    let (halves, both) = (halves(route), both(route));
    let own: Vec<_> = route.params.iter().map(|param| &param.name).collect();
    let room = room(route, |values| quote!(::channel_runtime::private::path_room(&[#(#values),*])));
    let served_by = served_by(route);
    let stated = stated(route);
    let kinds = route.rooms.iter().map(|kind| room_kind(route, kind));
    // Of a struct that is not `Send` the compiler tells here and at `build`: in the same words, so once, if in the same place.
    let mut implementor = name.clone();
    implementor.set_span(proc_macro2::Span::call_site());
    quote! {
        #room

        #[automatically_derived]
        #[allow(deprecated)]
        const _: () = {
            impl ::channel_runtime::Route for #implementor {
                #app_type
                #room_state_type
                type Itself = Self;
                #halves
                #first_state
                const NAME: &'static ::core::primitive::str = #text;
                const PATH: ::channel_runtime::private::Path = #path;
                #shape
                #grace
                #bounds

                #build

                fn own_room(&self) -> ::channel_runtime::Room<Self> {
                    Self::room(#(&self.#own),*)
                }
            }

            #served_by
            #stated
            #(#kinds)*
            #made
            #both
        };
    }
}

/// What the impl block's half asks about: whether an app and a room's state are named here.
pub fn stated(route: &Route) -> TokenStream {
    let name = &route.name;
    let app = route.app.as_ref().map(|_| {
        quote! {
            impl<__T: ?::core::marker::Sized> ::channel_runtime::private::HasApp<__T> for #name {
                type Given = <Self as ::channel_runtime::Route>::App;
            }
        }
    });
    let room_state = route.room_state.as_ref().map(|_| {
        quote! {
            impl<__T> ::channel_runtime::private::HasRoomState<__T> for #name {
                type State = <Self as ::channel_runtime::Route>::RoomState;
                type Opened = ::core::result::Result<Self::State, ::channel_runtime::Fault>;

                fn opened<__R: ::channel_runtime::private::OpenReply<Self::State>>(__reply: __R) -> Self::Opened {
                    ::channel_runtime::private::room_opened(__reply)
                }
            }
        }
    });
    quote!(#app #room_state)
}

/// `App` and `RoomState`, each standing at the user's type: what is wrong with it is told there.
pub fn types(route: &Route) -> [TokenStream; 2] {
    [("App", &route.app), ("RoomState", &route.room_state)].map(|(name, ty)| {
        let name = syn::Ident::new(name, proc_macro2::Span::call_site());
        match ty {
            Some(ty) => quote_spanned!(ty.span()=> type #name = #ty;),
            None => quote!(type #name = ();),
        }
    })
}

/// What the state of a room begins with, where no hook makes it.
fn first_state(route: &Route) -> TokenStream {
    let first_state = match &route.room_state {
        None => quote!(::channel_runtime::private::NO_STATE),
        Some(ty) => {
            let text = types::text(ty);
            quote!((#text, {
                #[allow(unused_imports)]
                use ::channel_runtime::private::NoDefault as _;
                ::channel_runtime::private::DefaultOf::<#ty>::FRESH
            }))
        }
    };
    quote!(const FIRST_STATE: ::channel_runtime::private::FirstState<Self::RoomState> = #first_state;)
}

/// Where nothing makes the state of the channel's rooms, it is told at the state's type.
fn made(route: &Route) -> Option<TokenStream> {
    let name = &route.name;
    route.room_state.as_ref().map(|ty| {
        let made = quote_spanned!(ty.span()=> ::channel_runtime::private::made::<#name>());
        quote!(const _: () = #made;)
    })
}

/// Whether the impl block has its `#[channel]`, as a type: where it has not, that is one error, and all that uses the channel is none.
pub fn halves(route: &Route) -> TokenStream {
    let is_handled = is_handled(route);
    quote!(type Halves = ::channel_runtime::private::Halves<#is_handled>;)
}

fn both(route: &Route) -> TokenStream {
    let (name, is_handled) = (&route.name, is_handled(route));
    let text = name.unraw().to_string();
    let is_told = quote!({
        #[allow(unused_imports)]
        use ::channel_runtime::private::NotTold as _;
        #name::__CHANNEL_NOT_MARKED
    });
    let both = quote_spanned!(name.span()=> ::channel_runtime::private::both(#is_handled || #is_told, #text));
    quote!(const _: () = #both;)
}

fn is_handled(route: &Route) -> TokenStream {
    let name = &route.name;
    quote!({
        #[allow(unused_imports)]
        use ::channel_runtime::private::NotHandled as _;
        ::channel_runtime::private::HandledBy::<#name>::IS
    })
}

pub fn path(pattern: &Pattern) -> TokenStream {
    let literal = &pattern.literal;
    let segments = pattern.segments.iter().map(|segment| match segment {
        Segment::Literal(text) => quote!(::channel_runtime::private::Segment::Literal(#text)),
        Segment::Param(name) => quote!(::channel_runtime::private::Segment::Param(#name)),
    });
    quote!(::channel_runtime::private::Path::new(#literal, &[#(#segments),*]))
}

/// What is told of it, where there is something to tell.
fn shape(route: &Route) -> TokenStream {
    let (names, docs) = (describe::names(), &route.docs);
    let docs = (!docs.is_empty()).then(|| quote!(const DOCS: &'static ::core::primitive::str = #docs;));
    let is_plain = route.params.iter().all(|param| is_plain(types::ungroup(&param.ty)));
    let params = route.params.iter().map(|Param { name, docs, ty }| {
        let name = name.unraw().to_string();
        if is_plain {
            return quote!(::channel_runtime::private::shapes::param::<#ty>(#name, #docs));
        }
        let ty = Context::default().ty(ty);
        quote!(__s::Param { name: #name, docs: #docs, ty: #ty })
    });
    let param_names = (!is_plain).then_some(&names);
    let params = (!route.params.is_empty()).then(|| {
        quote! {
            const PARAMS: &'static [::channel_runtime::private::shapes::Param] = { #param_names &[#(#params),*] };
        }
    });
    let rooms = route.rooms.iter().map(|RoomKind { ty, kind }| {
        let key = Context::default().ty(ty);
        quote!(__s::RoomShape { kind: #kind, key: #key })
    });
    let rooms = (!route.rooms.is_empty()).then(
        || quote!(const ROOMS: &'static [::channel_runtime::private::shapes::RoomShape] = { #names &[#(#rooms),*] };),
    );
    quote!(#docs #params #rooms)
}

/// Parameters first, so that a path that is none of ours is 404 whatever the extractors say.
fn build(route: &Route) -> TokenStream {
    let app = route.app.as_ref().map_or_else(|| quote!(()), |app| quote!(#app));
    let local = |name: &syn::Ident| format_ident!("__{}", name.unraw(), span = beside_locals(name.span()));
    let params = route.params.iter().enumerate().map(|(index, Param { name, ty, .. })| {
        let local = local(name);
        let read = quote_spanned!(ty.span()=> <#ty as ::channel_runtime::private::FromPath>::from_path);
        quote!(let #local = ::channel_runtime::private::param(#read, __params, #index)?;)
    });
    let extracts = route.fields.iter().map(|OtherField { name, ty, cfgs, source }| {
        let local = local(name);
        match source {
            Source::Extract => {
                // All but the locals stands at the type, so that the compiler's errors for what is no extractor are one. They
                // stand at all of it, or at the first token of one that is made from another.
                let is_made_from_another = ["Option", "Auth", "Jwt"].iter().any(|name| types::is_named(ty, name));
                let end = if is_made_from_another { ty.span() } else { spans::end(ty) };
                let (locals, extract) = (quote!(__handshake, __app), quote!(::channel_runtime::Extract<#app>));
                let arguments = quote_spanned!(end=> (#locals));
                let value = quote_spanned!(ty.span()=> <#ty as #extract>::extract #arguments.await?);
                quote!(#(#cfgs)* let #local = #value;)
            }
            Source::State(_) => TokenStream::new(),
        }
    });
    let set_params = route.params.iter().map(|Param { name, .. }| {
        let local = local(name);
        quote!(#name: #local)
    });
    let set_others = route.fields.iter().map(|OtherField { name, ty, cfgs, source }| {
        let value = match source {
            Source::Extract => {
                let local = local(name);
                quote!(#local)
            }
            // A value of another type is told of with the field's own beside it.
            Source::State(Some(value)) => quote!({
                let __first: #ty = #value;
                __first
            }),
            Source::State(None) => {
                quote_spanned!(ty.span()=> <#ty as ::channel_runtime::private::FirstValue>::first_value())
            }
        };
        quote!(#(#cfgs)* #name: #value)
    });
    quote! {
        async fn build(
            __handshake: &::channel_runtime::Handshake,
            __params: &::channel_runtime::private::Params,
            __app: &Self::App,
        ) -> ::core::result::Result<Self, ::channel_runtime::private::Refusal> {
            #(#params)*
            #(#extracts)*
            ::core::result::Result::Ok(Self { #(#set_params,)* #(#set_others,)* })
        }
    }
}

/// `GameChannel::room(&game_id)`. A `String` is taken as `&str`, so that `room("lobby")` can be written.
pub fn room(route: &Route, body: impl FnOnce(Vec<TokenStream>) -> TokenStream) -> TokenStream {
    let Route { name, vis, params, .. } = route;
    let arguments = params.iter().map(|Param { name, ty, .. }| {
        let taken = if types::is_string(ty) { quote!(::core::primitive::str) } else { quote!(#ty) };
        quote!(#name: &#taken)
    });
    let values = params.iter().map(|Param { name, ty, .. }| {
        if types::is_string(ty) {
            quote!(&#name)
        } else {
            let shown = quote_spanned!(ty.span()=> <#ty as ::channel_runtime::private::FromPath>::shown);
            quote!(#shown(#name))
        }
    });
    let body = body(values.collect());
    let pattern = route.pattern.as_ref().map(|pattern| pattern.literal.value()).unwrap_or_default();
    let doc = format!(" The room of all that are connected to `{pattern}`.");
    quote! {
        #[allow(deprecated)]
        impl #name {
            #[doc = #doc]
            #[allow(private_interfaces, clippy::needless_pass_by_value, clippy::self_named_constructors, clippy::trivially_copy_pass_by_ref)]
            #vis fn room(#(#arguments),*) -> ::channel_runtime::Room<Self> {
                #body
            }
        }
    }
}

/// A channel without `app = ..` stands in any app.
pub fn served_by(route: &Route) -> TokenStream {
    let name = &route.name;
    match &route.app {
        Some(app) => quote! {
            impl ::channel_runtime::ServedBy<#app> for #name where for<'__a> #name: ::channel_runtime::Route<App = #app> {
                fn served_app(__app: &::std::sync::Arc<#app>) -> ::std::sync::Arc<#app> {
                    ::core::clone::Clone::clone(__app)
                }
            }
        },
        None => quote! {
            impl<__A> ::channel_runtime::ServedBy<__A> for #name where for<'__a> #name: ::channel_runtime::Route<App = ()> {
                fn served_app(_: &::std::sync::Arc<__A>) -> ::std::sync::Arc<()> {
                    ::channel_runtime::private::no_app()
                }
            }
        },
    }
}

fn room_kind(route: &Route, RoomKind { ty, kind }: &RoomKind) -> TokenStream {
    let name = &route.name;
    let key = quote_spanned!(ty.span()=> <#ty as ::channel_runtime::private::RoomKey>::shown);
    let room = quote! {
        fn room(&self) -> ::channel_runtime::Room<#name> {
            ::channel_runtime::private::declared_room(#kind, #key(self))
        }
    };
    // They stand at the type, where the compiler shows which kinds there are.
    quote_spanned! {ty.span()=>
        impl ::channel_runtime::RoomOf<#name> for #ty {
            #room
        }
        impl ::channel_runtime::RoomKind<#name> for #ty {}
    }
}
