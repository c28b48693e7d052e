//! The second `#[channel]` impl block of a channel.

use proc_macro2::Ident;

use crate::syntax::errors::Errors;
use crate::syntax::expanded_before;
use crate::syntax::impl_block::ImplBlock;
use crate::syntax::types;

pub fn check(channel: &Ident, block: &ImplBlock, errors: &mut Errors) -> bool {
    let is_second = expanded_before::has_another(channel, block.span());
    if is_second {
        let what = format!("`{}` has a `#[channel]` impl block already", types::text(&block.self_ty));
        let remedy = "put all handlers and hooks into one; plain methods may stand in a block without `#[channel]`";
        errors.at(&block.self_ty, what, remedy);
    }
    is_second
}
