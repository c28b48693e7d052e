//! From a struct: `Route`, `ServedBy`, the constructor of its rooms and their kinds.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::ext::IdentExt as _;
use syn::spanned::Spanned as _;

use super::rooms::{room, room_kind};
use super::{bounds, build, description, history, presence, subprotocols};
use crate::channel::model::Route;
use crate::syntax::path_pattern::{Pattern, Segment};
use crate::syntax::types;

pub fn expand(route: &Route) -> TokenStream {
    let Some(pattern) = &route.pattern else { return TokenStream::new() };
    let name = &route.name;
    let [app_type, room_state_type] = types(route);
    let path = path(pattern);
    let text = name.unraw().to_string();
    let (build, room_at, read_params) = (build::build(route), build::room_at(route), build::read_params(route));
    let shape = description::of_route(route);
    let grace = route.room_grace.map(|grace| {
        quote!(const ROOM_GRACE: ::core::option::Option<::core::time::Duration> = ::core::option::Option::Some(
            ::core::time::Duration::from_millis(#grace)
        );)
    });
    let each_node = route.each_node.as_ref().map(|_| each_node());
    let (histories, numbered) = (history::constants(route), history::check(route));
    let (presence, shown) = (presence::constant(route), presence::checks(route));
    let bounds = bounds::constant(&route.bounds);
    let subprotocols = subprotocols::constant(route.subprotocols.as_ref());
    let (initial_state, made, says_something) = (initial_state(route), made(route), says_something(route));
    let (halves, both) = (halves(route), both(route));
    let own: Vec<_> = route.params.iter().map(|param| &param.name).collect();
    let room = room(route, |values| quote!(::channel_runtime::private::path_room(&[#(#values),*])));
    let served_by = served_by(route);
    let stated = stated(route);
    let kinds = route.rooms.iter().map(|kind| room_kind(route, kind));
    // A struct that is not `Send` is reported here and at `build`, in the same words. At the same place the compiler shows it once.
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
                #initial_state
                const NAME: &'static ::core::primitive::str = #text;
                const PATH: ::channel_runtime::private::Path = #path;
                #shape
                #grace
                #histories
                #presence
                #each_node
                #bounds
                #subprotocols

                #build

                #room_at

                fn own_room(&self) -> ::channel_runtime::Room<Self> {
                    Self::room(#(&self.#own),*)
                }
            }

            #read_params
            #served_by
            #stated
            #(#kinds)*
            #made
            #says_something
            #numbered
            #shown
            #both
        };
    }
}

/// The traits by which the impl block asks for the app and the rooms' state, and others for what is seen of who is present.
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
    let presence = presence::stated(route);
    quote!(#app #room_state #presence)
}

/// `App` and `RoomState`, each with the span of the user's type, where errors are shown.
pub fn types(route: &Route) -> [TokenStream; 2] {
    [("App", &route.app), ("RoomState", &route.room_state)].map(|(name, ty)| {
        let name = syn::Ident::new(name, proc_macro2::Span::call_site());
        match ty {
            Some(ty) => quote_spanned!(ty.span()=> type #name = #ty;),
            None => quote!(type #name = ();),
        }
    })
}

fn initial_state(route: &Route) -> TokenStream {
    let initial_state = match &route.room_state {
        None => quote!(::channel_runtime::private::NO_STATE),
        Some(ty) => {
            let text = types::text(ty);
            quote!((#text, {
                #[allow(unused_imports)]
                use ::channel_runtime::private::NoDefault as _;
                ::channel_runtime::private::DefaultOf::<#ty>::NEW
            }))
        }
    };
    quote!(const INITIAL_STATE: ::channel_runtime::private::InitialState<Self::RoomState> = #initial_state;)
}

fn made(route: &Route) -> Option<TokenStream> {
    let name = &route.name;
    route.room_state.as_ref().map(|ty| {
        let made = quote_spanned!(ty.span()=> ::channel_runtime::private::made::<#name>());
        quote!(const _: () = #made;)
    })
}

pub fn each_node() -> TokenStream {
    quote!(
        const EACH_NODE: ::core::primitive::bool = true;
    )
}

/// Whether there is anything that `each_node` is about.
fn says_something(route: &Route) -> Option<TokenStream> {
    let name = &route.name;
    route.each_node.as_ref().map(|word| {
        let check = quote_spanned!(word.span()=> ::channel_runtime::private::each_node::<#name>());
        quote!(const _: () = #check;)
    })
}

/// A type that says whether the impl block has its `#[channel]`: a missing one is one error, however often the channel is used.
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
