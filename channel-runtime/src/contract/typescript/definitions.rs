//! Named types and messages as declarations.

use super::comment::{comment, deprecated_tag, format_tag};
use super::expression::{Expression, union};
use super::forms::Expressions;
use super::sentences;
use super::words::quoted;
use crate::contract::directions::Direction;
use crate::protocol::describe::{ContentDescription, FieldDescription, MessageDescription, TypeDefinition, TypeShape};

impl Expressions<'_> {
    /// `export interface Name {..}` or `export type Name = ..`, below its comment.
    pub fn definition(&self, name: &str, definition: &TypeDefinition, direction: Direction) -> String {
        let mut tags = Vec::new();
        if let TypeShape::Struct(ContentDescription::As { ty }) = &definition.shape {
            tags.extend(format_tag(ty));
        }
        tags.extend(deprecated_tag(definition.deprecated.as_deref()));
        let docs = comment(&definition.docs, &tags, 0);
        let text = match &definition.shape {
            TypeShape::Enum(of) => union(name, self.variants(of, direction, false, 2)),
            TypeShape::Struct(ContentDescription::Fields { fields, .. }) if !has_flat(fields, direction) => {
                format!("export interface {name} {}\n", self.braces(&[], fields, direction, 0))
            }
            TypeShape::Struct(content) => alias(name, &self.content(content, direction, 0)),
        };
        format!("{docs}{text}")
    }

    /// A message as a client sends it, or as it receives it: then it has its `type`, if the envelope is the default one.
    pub fn message(&self, name: &str, message: &MessageDescription, is_flat: bool, direction: Direction) -> String {
        let docs =
            comment(&sentences::of_type(message), &Vec::from_iter(deprecated_tag(message.deprecated.as_deref())), 0);
        let has_type = is_flat && direction == Direction::Heard;
        let tags = if has_type { vec![("type".to_owned(), quoted(&message.wire_type))] } else { Vec::new() };
        let text = match &message.content {
            ContentDescription::Fields { fields, .. } if !has_flat(fields, direction) => {
                format!("export interface {name} {}\n", self.braces(&tags, fields, direction, 0))
            }
            ContentDescription::Unit => format!("export interface {name} {}\n", self.braces(&tags, &[], direction, 0)),
            content if has_type => alias(name, &self.beside(tags, content, direction, 0)),
            content => alias(name, &self.content(content, direction, 0)),
        };
        format!("{docs}{text}")
    }
}

fn alias(name: &str, value: &Expression) -> String {
    format!("export type {name} = {}\n", value.text)
}

fn has_flat(fields: &[FieldDescription], direction: Direction) -> bool {
    fields.iter().any(|field| field.flat && direction.key(field).is_some())
}
