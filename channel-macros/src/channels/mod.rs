//! `channels![ChatChannel, GameChannel]`: the list of an app's channels, its lock, and the
//! files that are generated from it. After an error the list still compiles.

mod expand;
mod generated_file;
mod lock_file;
mod model;
mod parse;
mod read;

use proc_macro2::TokenStream;
use quote::quote;

use crate::syntax::errors::Errors;

pub fn expand_list(tokens: TokenStream) -> TokenStream {
    let mut errors = Errors::default();
    let list = parse::list(tokens, &mut errors);
    list.runtime.place(match errors.into_tokens() {
        None => expand::list(&list),
        Some(errors) => {
            let list = expand::finished(&list, None);
            quote!({ #errors #list })
        }
    })
}

#[cfg(test)]
mod tests {
    use syn::{LitStr, parse_quote};

    use super::model::{Asked, Files, Generated, Kind, List, Lock};
    use super::*;
    use crate::syntax::runtime_path::Runtime;

    fn expansion(tokens: TokenStream) -> String {
        expand_list(tokens).to_string().replace(' ', "")
    }

    #[test]
    fn every_channel_is_compared_with_those_before_it() {
        let expansion = expansion(quote!(A, b::B, C,));
        for place in ["(__ROUTES,1usize)", "(__ROUTES,2usize)"] {
            assert_eq!(expansion.matches(place).count(), 1, "{expansion}");
        }
        assert!(
            expansion.ends_with("(((::channel_runtime::Channels::new()).with::<A>()).with::<b::B>()).with::<C>()}")
        );
    }

    #[test]
    fn a_list_with_an_error_still_has_the_other_channels() {
        for list in [quote!(A, =, B, A), quote!(A, B; crate = 7, lock)] {
            let expansion = expansion(list);
            assert_eq!(expansion.matches("compile_error").count(), 2, "{expansion}");
            assert!(expansion.ends_with(".with::<A>()).with::<B>()}"), "{expansion}");
        }
    }

    /// A list whose client was generated for the wire 7.
    fn with_files(asked: Asked, lock: &str) -> String {
        let file: LitStr = parse_quote!("web/channels.ts");
        let generated = Generated {
            literal: file,
            name: "web/channels.react.ts".into(),
            kind: Kind::React,
            bigint: false,
            wire: (asked != Asked::Accept).then_some(7),
        };
        let lock = Lock { file: parse_quote!("channels.lock"), sections: lock_file::sections(lock).unwrap() };
        let files = Files { asked, command: "command".into(), lock: Some(lock), generated: vec![generated] };
        let runtime = Runtime(Some(parse_quote!(rt)));
        let list = List { channels: vec![parse_quote!(A)], files: Some(files), cluster: None, runtime };
        let expansion = list.runtime.place(expand::list(&list)).to_string().replace(' ', "");
        assert!(!expansion.contains("channel_runtime"), "{expansion}");
        expansion
    }

    #[test]
    fn a_build_compares_and_a_program_writes_what_it_is_asked_to() {
        for (asked, compares, settles) in
            [(Asked::Nothing, true, false), (Asked::Check, true, true), (Asked::Accept, false, true)]
        {
            let expansion = with_files(asked, "version 1\nchannel /a\n");
            let has = |text: &str| expansion.contains(text);
            assert_eq!(has("channel(&__LOCK,"), compares, "{expansion}");
            assert_eq!(
                has("made_of(__SHAPES,__WIRE,7u64,\"web/channels.react.ts\",\"command\")"),
                compares,
                "{expansion}"
            );
            assert_eq!(has("include_bytes!"), compares, "{expansion}");
            for text in
                ["lock::settle(", "needs_generator(", "kind:rt::private::lock::Kind::React", "client:\"channels.ts\""]
            {
                assert_eq!(has(text), settles, "{expansion}");
            }
            assert!(!has(".older("), "{expansion}");
        }
    }

    #[test]
    fn a_server_gets_the_former_fingerprints_if_there_are_any() {
        let lock = "version 2\nchannel /a\ncompatible 0000000000000001\nchannel /b\ntype C\n";
        let expansion = with_files(Asked::Nothing, lock);
        let older = ".older(&[rt::private::lock::Older{path:\"/a\",compatible:&[1u64],broken:&[],}])}";
        assert!(expansion.ends_with(older), "{expansion}");
    }

    #[test]
    fn a_cluster_is_checked_and_has_no_bus_yet() {
        let expansion = expansion(quote!(A, b::B; cluster));
        for text in ["::has_cluster()", "Clustered::<A>::ROOMS", "Clustered::<A>::NOTICES", "Clustered::<b::B>::ROOMS"]
        {
            assert_eq!(expansion.matches(text).count(), 1, "{expansion}");
        }
        assert!(expansion.ends_with(".with_clustered::<A>()).with_clustered::<b::B>().cluster()}"), "{expansion}");
    }

    #[test]
    fn a_list_without_a_cluster_pays_nothing_for_it() {
        assert!(!expansion(quote!(A, B)).contains("luster"));
    }

    #[test]
    fn the_runtime_may_be_elsewhere() {
        let expansion = expansion(quote!(A; crate = rt));
        assert!(!expansion.contains("channel_runtime") && expansion.contains("(rt::Channels::new())"), "{expansion}");
    }
}
