//! Where a description does not say what travels.

use std::fmt;

use super::description::{ChannelDescription, Description, MessageDescription};
use super::type_description::{ContentDescription, TypeDescription, TypeShape};

/// A place whose form on the wire is not known, from [`Description::opaque`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct OpaqueDescription {
    /// Where it stands: `` `move.from` of `Game` `` for a field of a message, `` `Page.items` `` for one of a type.
    pub place: String,
    /// The type's name as written.
    pub name: String,
}

/// `` `Square` in `move.from` of `Game` ``
impl fmt::Display for OpaqueDescription {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` in {}", self.name, self.place)
    }
}

impl Description {
    /// Every place where an [opaque](TypeDescription::Opaque) type stands, channels first and then types. Derive
    /// [`Describe`](super::Describe) on the types. A binary message that is read and written by functions of yours is no such place,
    /// and neither is a parameter of a path or the key of a room, which travel as text.
    pub fn opaque(&self) -> Vec<OpaqueDescription> {
        let mut found = Vec::new();
        self.channels.iter().for_each(|channel| in_channel(channel, &mut found));
        for (name, definition) in &self.types {
            match &definition.shape {
                TypeShape::Struct(content) => in_content(content, name, "", &mut found),
                TypeShape::Enum(shape) => {
                    for variant in &shape.variants {
                        let variant_name = variant.written.as_ref().or(variant.read.as_ref());
                        let place = format!("{name}::{}", variant_name.map_or("", String::as_str));
                        in_content(&variant.content, &place, "", &mut found);
                    }
                }
            }
        }
        found
    }
}

fn in_channel(channel: &ChannelDescription, found: &mut Vec<OpaqueDescription>) {
    let of = format!(" of `{}`", channel.name);
    for message in channel.from_client.iter().chain(&channel.to_client) {
        in_message(message, &of, found);
    }
    if let Some(presence) = &channel.presence {
        in_type(&presence.seen, &format!("what is seen of who is present{of}"), found);
    }
}

fn in_message(message: &MessageDescription, of: &str, found: &mut Vec<OpaqueDescription>) {
    let is_bytes = message.kind.is_some()
        && matches!(&message.content, ContentDescription::As { ty: TypeDescription::Opaque { .. } });
    if !is_bytes {
        in_content(&message.content, &message.wire_type, of, found);
    }
    for fault in message.reply.iter().flat_map(|reply| &reply.faults) {
        if let Some(details) = &fault.details {
            in_content(details, &fault.code, &format!(", a fault of `{}`{of}", message.wire_type), found);
        }
    }
    let replied = message.reply.as_ref().and_then(|reply| reply.success.as_ref());
    for answer in replied.into_iter().chain(&message.answer) {
        in_type(answer, &format!("the answer to `{}`{of}", message.wire_type), found);
    }
}

fn in_content(content: &ContentDescription, owner: &str, of: &str, found: &mut Vec<OpaqueDescription>) {
    match content {
        ContentDescription::Unit => {}
        ContentDescription::As { ty } => in_type(ty, &format!("`{owner}`{of}"), found),
        ContentDescription::Tuple { items } => {
            for (index, item) in items.iter().enumerate() {
                in_type(item, &format!("`{owner}.{index}`{of}"), found);
            }
        }
        ContentDescription::Fields { fields, .. } => {
            for field in fields {
                let key = field.written.as_ref().or(field.read.as_ref()).map_or("", String::as_str);
                in_type(&field.ty, &format!("`{owner}.{key}`{of}"), found);
            }
        }
    }
}

fn in_type(ty: &TypeDescription, place: &str, found: &mut Vec<OpaqueDescription>) {
    match ty {
        TypeDescription::Opaque { name } => {
            found.push(OpaqueDescription { place: place.to_owned(), name: name.clone() });
        }
        TypeDescription::Nullable { inner: items }
        | TypeDescription::List { items }
        | TypeDescription::Array { items, .. } => in_type(items, place, found),
        TypeDescription::Tuple { items } => items.iter().for_each(|item| in_type(item, place, found)),
        TypeDescription::Record { key, value } => [key, value].into_iter().for_each(|ty| in_type(ty, place, found)),
        _ => {}
    }
}
