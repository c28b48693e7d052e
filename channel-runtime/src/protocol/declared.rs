//! Faults as the expansion of `#[derive(Fault)]` makes them: a code, a message, and details from the fields one by one.

use serde::Serialize;
use serde_json::{Map, Value};

use crate::protocol::codec::InFinite;
use crate::protocol::fault::Fault;

/// A fault whose details are being written.
#[derive(Debug)]
pub struct Declared {
    fault: Fault,
    /// A field could not be written, so there are no details as a whole.
    is_lost: bool,
}

/// A fault without details. The macro has checked the code.
pub fn declared(code: &'static str, message: String) -> Declared {
    Declared { fault: Fault::framework(code.into(), message), is_lost: false }
}

impl Declared {
    /// Adds a field to the details.
    #[must_use]
    pub fn field<T: Detail + ?Sized>(mut self, key: &'static str, value: &T) -> Self {
        match value.to_json() {
            Some(value) if !self.is_lost => match &mut self.fault.details {
                Value::Object(fields) => _ = fields.insert(key.into(), value),
                details => *details = Map::from_iter([(key.into(), value)]).into(),
            },
            Some(_) => {}
            None => {
                self.is_lost = true;
                self.fault.details = Value::Null;
            }
        }
        self
    }

    /// Sets the details, of a fault with one field that has no name.
    #[must_use]
    pub fn whole<T: Detail + ?Sized>(mut self, value: &T) -> Self {
        self.fault.details = value.to_json().unwrap_or_default();
        self
    }

    /// The fault.
    pub fn end(self) -> Fault {
        self.fault
    }
}

/// The fault of a variant that is `transparent`.
pub fn transparent<E: Transparent>(inner: E) -> Fault {
    inner.into_fault()
}

/// A field that is a fault by itself. In front of `Into`, so that the error is about the variant.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no fault, which `transparent` would pass on",
    label = "nothing says what a client is told of it",
    note = "write `#[derive(channel_runtime::Fault)]` on it, or `#[fault(internal)]` here: it is logged, and the client is told an id"
)]
pub trait Transparent {
    /// The fault.
    fn into_fault(self) -> Fault;
}

#[diagnostic::do_not_recommend]
impl<E: Into<Fault>> Transparent for E {
    fn into_fault(self) -> Fault {
        self.into()
    }
}

/// A field in the details of a fault. In front of serde's trait, so that the error is about the fault.
#[diagnostic::on_unimplemented(
    message = "`{Self}` can't be in the details of a fault",
    label = "serde can't serialize this",
    note = "write `#[derive(serde::Serialize)]` on it, or `#[fault(skip)]` on the field, which then stays on the server"
)]
pub trait Detail {
    /// `None` if JSON can't say it, as NaN.
    fn to_json(&self) -> Option<Value>;
}

#[diagnostic::do_not_recommend]
impl<T: Serialize + ?Sized> Detail for T {
    fn to_json(&self) -> Option<Value> {
        serde_json::to_value(InFinite(self)).ok()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn details_are_the_fields_or_nothing_at_all() {
        let details =
            |least: f64| declared("bid.too_low", String::new()).field("least", &least).field("lot", "ring").end();
        assert_eq!(details(1.5).details, json!({ "least": 1.5, "lot": "ring" }));
        assert_eq!(details(f64::NAN).details, Value::Null);
        assert_eq!(declared("a.b", String::new()).whole(&[1, 2]).end().details, json!([1, 2]));
        assert_eq!(declared("a.b", String::new()).whole(&f64::INFINITY).end().details, Value::Null);
    }
}
