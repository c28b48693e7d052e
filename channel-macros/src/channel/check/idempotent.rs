//! The rule for `idempotent`: a message that is said again is known by who says it.

use syn::ext::IdentExt as _;

use super::declared::Declared;
use super::hooks::usage;
use crate::channel::model::{Channel, HookKind};
use crate::syntax::errors::Errors;
use crate::syntax::impl_block::ImplBlock;

pub fn check(channel: &Channel, block: &ImplBlock, declared: &Declared, errors: &mut Errors) {
    let identity = HookKind::Identity.name();
    // Perhaps with an error of its own.
    if block.methods().any(|method| method.sig.ident == identity) {
        return;
    }
    for handler in &channel.handlers {
        let Some(word) = &handler.options.idempotent else { continue };
        let name = handler.call.name.unraw();
        let what = format!("`{name}` is idempotent, and `{}` does not know whose message it is", channel.name);
        errors.at(word, what, usage(HookKind::Identity, declared));
    }
}
