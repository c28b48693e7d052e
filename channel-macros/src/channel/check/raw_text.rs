//! The rules for `on_text`, which takes every text of a client.

use syn::Ident;
use syn::ext::IdentExt as _;

use crate::channel::model::{Channel, HookKind};
use crate::syntax::errors::Errors;
use crate::syntax::impl_block::ImplBlock;

pub fn check(channel: &Channel, block: &ImplBlock, errors: &mut Errors) {
    let Some(on_text) = channel.hook(HookKind::Text).next() else { return };
    let own = |name: &Ident| name.unraw().to_string();
    let place = |name: &Ident| block.methods().position(|method| method.sig.ident == *name);
    // Which of two `cfg`s holds is not known here: the runtime checks what remains.
    for handler in channel.handlers.iter().filter(|handler| handler.cfgs.is_empty() && on_text.cfgs.is_empty()) {
        let name = &handler.call.name;
        let second = if place(name) < place(&on_text.call.name) { &on_text.call.name } else { name };
        errors.at(
            second,
            format_args!("`on_text` takes every text, so `{}` would never be called", own(name)),
            "take one of them away; or leave `on_text` out, and have the texts sent as fields of messages",
        );
    }
    let refreshes = [HookKind::Refresh, HookKind::Reauthorize];
    for hook in channel.hooks.iter().filter(|hook| refreshes.contains(&hook.kind)) {
        errors.at(
            &hook.call.name,
            format_args!("`{}` waits for the message `$auth`, and `on_text` takes every text", own(&hook.call.name)),
            "take it away: at `expires_at` the connection is closed with 4401, and the client comes back with a new token",
        );
    }
}
