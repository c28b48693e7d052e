//! The socket among a method's arguments.

use proc_macro2::Ident;
use syn::{FnArg, Pat, Type};

use crate::syntax::impl_block::Method;
use crate::syntax::types;

pub fn argument(method: &Method) -> Option<Ident> {
    method.sig.inputs.iter().find_map(|argument| {
        let FnArg::Typed(argument) = argument else { return None };
        let (Pat::Ident(pattern), Type::Reference(ty)) = (&*argument.pat, &*argument.ty) else { return None };
        let is_socket = types::last_segment(&ty.elem)?.ident == "Socket";
        is_socket.then(|| pattern.ident.clone())
    })
}
