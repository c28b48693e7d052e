//! Objects as schemas: fields in each direction, what is flattened into them, and rules of values.

use super::printer::{Dialect, Printer};
use super::shape::Shape;
use super::words::{schema, typed};
use crate::contract::directions::Direction;
use crate::contract::json::Object;
use crate::protocol::describe::{ContentDescription, FieldDescription, TypeDescription, TypeShape};

impl Printer<'_> {
    pub fn object(&self, shape: Shape, direction: Direction) -> Object {
        let Shape { properties, required, all_of, rest, closed, .. } = shape;
        let closed = closed && direction == Direction::Said;
        let beside = match (rest, all_of.is_empty(), self.dialect) {
            (Some(rest), true, _) => Some(("additionalProperties", schema(rest))),
            (Some(rest), false, Dialect::Draft2020) => Some(("unevaluatedProperties", schema(rest))),
            (None, true, _) if closed => Some(("additionalProperties", false.into())),
            (None, false, Dialect::Draft2020) if closed => Some(("unevaluatedProperties", false.into())),
            _ => None,
        };
        let object = typed("object")
            .maybe("properties", (!properties.is_empty()).then_some(properties))
            .maybe("required", (!required.is_empty()).then_some(required))
            .maybe("allOf", (!all_of.is_empty()).then_some(all_of));
        match beside {
            Some((word, rest)) => object.with(word, rest),
            None => object,
        }
    }

    pub fn add_fields(&self, shape: &mut Shape, fields: &[FieldDescription], closed: bool, direction: Direction) {
        shape.closed |= closed;
        for field in fields {
            self.add_field(shape, field, false, direction);
        }
    }

    fn add_field(&self, shape: &mut Shape, field: &FieldDescription, optional: bool, direction: Direction) {
        let said = direction == Direction::Said;
        let Some(key) = direction.key(field) else { return };
        if field.flat {
            return self.flatten(shape, &field.ty, optional, direction);
        }
        let ty = match &field.ty {
            TypeDescription::Nullable { inner } if field.never_null && !said => inner,
            ty => ty,
        };
        let value = self.ty(ty, direction);
        let value = if said { self.ruled(value, &field.ty, &field.rules) } else { value };
        let value = schema(self.documented(value, &field.docs, field.deprecated.as_deref()));
        let may_be_missing = optional || if said { field.has_default } else { field.may_be_skipped };
        if may_be_missing {
            shape.properties.set(key, value);
        } else {
            shape.require(key, value);
        }
    }

    /// Adds the keys of a value that has none of its own: `#[serde(flatten)]`, and what a newtype contains.
    pub fn flatten(&self, shape: &mut Shape, ty: &TypeDescription, optional: bool, direction: Direction) {
        match ty {
            TypeDescription::Nullable { inner } => self.flatten(shape, inner, true, direction),
            TypeDescription::Record { value, .. } => {
                let value = self.ty(value, direction);
                shape.rest = Some(match shape.rest.take() {
                    Some(other) if !other.is_empty() && !value.is_empty() && other != value => {
                        Object::new().with("anyOf", vec![other, value])
                    }
                    Some(other) if other.is_empty() => other,
                    _ => value,
                });
            }
            TypeDescription::Json | TypeDescription::Opaque { .. } => shape.rest = Some(Object::new()),
            TypeDescription::Named { name } => self.flatten_named(shape, name, optional, direction),
            _ => {}
        }
    }

    fn flatten_named(&self, shape: &mut Shape, name: &str, optional: bool, direction: Direction) {
        let Some(definition) = self.description.types.get(name) else { return };
        if shape.within.iter().any(|outer| outer == name) {
            return;
        }
        shape.within.push(name.into());
        match &definition.shape {
            TypeShape::Struct(ContentDescription::As { ty }) => self.flatten(shape, ty, optional, direction),
            TypeShape::Struct(ContentDescription::Fields { fields, .. }) => {
                fields.iter().for_each(|field| self.add_field(shape, field, optional, direction));
            }
            TypeShape::Struct(_) => {}
            TypeShape::Enum(of) => {
                let keys = self.flat_enumeration(of, direction);
                shape.all_of.push(match optional {
                    true => Object::new().with("anyOf", vec![keys, typed("object")]),
                    false => keys,
                });
            }
        }
        shape.within.pop();
    }
}
