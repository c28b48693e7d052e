//! Validation of well-formed messages by the rules of their structs: `#[message(.., validate)]`.

use crate::protocol::codec::{DecodeError, InvalidField};
use crate::protocol::message::Message;

#[cfg_attr(
    feature = "garde",
    diagnostic::on_unimplemented(
        message = "`{Self}` has no rules to be validated by",
        label = "`validate` needs `garde::Validate`",
        note = "write `#[derive(garde::Validate)]` on `{Self}`, with `garde` in `Cargo.toml`; its `Context` is `Default`"
    )
)]
#[cfg_attr(
    not(feature = "garde"),
    diagnostic::on_unimplemented(
        message = "channel-runtime validates nothing without its feature `garde`",
        label = "`validate` needs the feature `garde`",
        note = "write `channel-runtime = {{ .., features = [\"garde\"] }}` in `Cargo.toml`"
    )
)]
pub trait Validated {
    /// The fields that break a rule; empty if there are none.
    fn broken_rules(&self) -> Vec<InvalidField>;
}

#[cfg(feature = "garde")]
#[diagnostic::do_not_recommend]
impl<M: garde::Validate<Context: Default>> Validated for M {
    fn broken_rules(&self) -> Vec<InvalidField> {
        let Err(report) = self.validate() else { return Vec::new() };
        let fields = report.iter().take(InvalidField::MOST);
        fields.map(|(path, error)| InvalidField::new(path.to_string(), error.message())).collect()
    }
}

/// Validates a message. `names` are its fields whose keys on the wire differ from their names, with these keys.
pub fn check<M: Message + Validated>(message: &M, names: &[(&str, &str)]) -> Result<(), DecodeError> {
    let mut fields = message.broken_rules();
    if fields.is_empty() {
        return Ok(());
    }
    for field in &mut fields {
        let end = field.path.find(['.', '[']).unwrap_or(field.path.len());
        if let Some((_, key)) = names.iter().find(|(name, _)| *name == &field.path[..end]) {
            field.path.replace_range(..end, key);
        }
    }
    Err(DecodeError::Validation { kind: M::TYPE.to_owned(), fields })
}
