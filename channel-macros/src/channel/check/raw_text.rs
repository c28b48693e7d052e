//! The rules for `on_text`, which takes every text of a client.

use syn::ext::IdentExt as _;
use syn::{Attribute, Error, Ident};

use crate::channel::model::{Channel, Hook, HookKind};
use crate::syntax::errors::Errors;
use crate::syntax::impl_block::ImplBlock;

pub fn check(channel: &mut Channel, block: &ImplBlock, errors: &mut Errors) {
    let mut conditional = Vec::new();
    for on_text in channel.hook(HookKind::Text) {
        for (cfgs, error) in rivals(on_text, channel, block) {
            match &cfgs[..] {
                [] => errors.push(error),
                [..] => conditional.push((cfgs, error)),
            }
        }
    }
    channel.conditional = conditional;
}

fn rivals(on_text: &Hook, channel: &Channel, block: &ImplBlock) -> Vec<(Vec<Attribute>, Error)> {
    let own = |name: &Ident| name.unraw().to_string();
    let place = |name: &Ident| block.methods().position(|method| method.sig.ident == *name);
    let both = |cfgs: &[Attribute]| on_text.cfgs.iter().chain(cfgs).cloned().collect();
    let handlers = channel.handlers.iter().map(|handler| {
        let name = &handler.call.name;
        let second = if place(name) < place(&on_text.call.name) { &on_text.call.name } else { name };
        let name = own(name);
        let what = "a channel with `on_text` has no messages, not even binary ones";
        let remedy = "take one of them away, and use `on_binary` for bytes; or leave `on_text` out, and have the texts sent as fields \
                      of messages";
        (both(&handler.cfgs), Error::new_spanned(second, format!("{what}, so `{name}` would never be called\n{remedy}")))
    });
    let refreshes = [HookKind::Refresh, HookKind::Reauthorize];
    let refreshes = channel.hooks.iter().filter(|hook| refreshes.contains(&hook.kind)).map(|hook| {
        let name = &hook.call.name;
        let what = format!("`{}` waits for the message `$auth`, and `on_text` takes every text", own(name));
        let remedy = "take it away: at `expires_at` the connection is closed with 4401, and the client comes back with a new token";
        (both(&hook.cfgs), Error::new_spanned(name, format!("{what}\n{remedy}")))
    });
    let envelope = channel.envelope.iter().map(|_| {
        let what = "`on_text` takes every text, so none would be read with the envelope";
        let remedy = "take `envelope = ..` away, or leave `on_text` out and write handlers of messages";
        (on_text.cfgs.clone(), Error::new_spanned(&on_text.call.name, format!("{what}\n{remedy}")))
    });
    handlers.chain(refreshes).chain(envelope).collect()
}
