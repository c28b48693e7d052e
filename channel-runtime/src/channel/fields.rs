//! What the fields of a channel's struct are made from: the path's parameters and the first values of `#[state]`.

use crate::channel::path::Params;
use crate::handshake::reject::BuildError;

/// Reads the path parameter at this index.
///
/// # Errors
/// Not found, if the parameter is none or can't be read.
pub fn param<T>(read: fn(&str) -> Option<T>, params: &Params, index: usize) -> Result<T, BuildError> {
    params.get(index).and_then(read).ok_or(BuildError::NotFound)
}

/// A type whose `Default` is the first value of a `#[state]` field.
#[diagnostic::on_unimplemented(
    message = "`{Self}` has no `Default`",
    label = "`#[state]` begins with the type's `Default`",
    note = "derive or implement `Default` for `{Self}`, or write the first value: `#[state(value)]`"
)]
pub trait FirstValue {
    /// The value.
    fn first_value() -> Self;
}

#[diagnostic::do_not_recommend]
impl<T: Default> FirstValue for T {
    fn first_value() -> Self {
        T::default()
    }
}
