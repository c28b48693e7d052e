//! Encoding of the framework's own answers: `success` and `error`.

use serde::Serialize;
use serde::ser::SerializeStruct;
use serde_json::Value;

use super::encode::append;
use super::error::EncodeError;
use super::head::Head;
use crate::protocol::fault::Fault;

/// Appends `{"type":"success","ref":..}`, with `data` and its `timestamp` if any; nothing if the data does not serialize.
pub(crate) fn encode_success<T: Serialize + ?Sized>(
    data: Option<(&T, &str)>,
    head: Head<'_>,
    out: &mut Vec<u8>,
) -> Result<(), EncodeError> {
    append::<false>("success", head, out, |serializer| {
        let mut object = serializer.open(None)?;
        if let Some((data, timestamp)) = data {
            object.serialize_field("data", data)?;
            object.serialize_field("timestamp", timestamp)?;
        }
        SerializeStruct::end(object)
    })
}

/// Appends `{"type":"error","ref":..,"code":..,"message":..,"timestamp":..,"details":..}`, without `details` if they are null.
pub(crate) fn encode_fault(fault: &Fault, timestamp: &str, head: Head<'_>, out: &mut Vec<u8>) {
    append::<false>("error", head, out, |serializer| {
        let mut object = serializer.open(None)?;
        object.serialize_field("code", &fault.code)?;
        object.serialize_field("message", &fault.message)?;
        object.serialize_field("timestamp", timestamp)?;
        if fault.details != Value::Null {
            object.serialize_field("details", &fault.details)?;
        }
        SerializeStruct::end(object)
    })
    .expect("strings and a `Value` always serialize, and none of these keys is reserved");
}
