//! Enums as schemas: serde's four ways to represent a variant.

use super::printer::Printer;
use super::shape::Shape;
use super::words::{schema, typed};
use crate::contract::directions::Direction;
use crate::contract::json::{Json, Object};
use crate::protocol::describe::{ContentDescription, EnumDescription, TaggingDescription, VariantDescription};

impl Printer<'_> {
    pub fn enumeration(&self, of: &EnumDescription, direction: Direction) -> Object {
        self.variants(of, false, direction)
    }

    /// As it stands among the keys of another object.
    pub fn flat_enumeration(&self, of: &EnumDescription, direction: Direction) -> Object {
        self.variants(of, true, direction)
    }

    fn variants(&self, of: &EnumDescription, flat: bool, direction: Direction) -> Object {
        let travels = |variant| direction.variant(variant).map(|name| (name, variant));
        let travelling: Vec<_> = of.variants.iter().filter_map(travels).collect();
        let known: Vec<&str> = travelling.iter().filter(|(_, variant)| !variant.other).map(|(name, _)| *name).collect();
        let untagged = |variant: &VariantDescription| variant.untagged || of.tagging == TaggingDescription::Untagged;
        let is_text = |variant: &VariantDescription| {
            !flat
                && !untagged(variant)
                && of.tagging == TaggingDescription::External
                && variant.content == ContentDescription::Unit
        };
        let mut schemas: Vec<Object> = Vec::new();
        let texts: Vec<_> = travelling.iter().filter(|(_, variant)| is_text(variant)).copied().collect();
        if !texts.is_empty() {
            schemas.push(one_of_texts(&texts, direction));
        }
        let mut overlap = false;
        for (name, variant) in travelling.into_iter().filter(|(_, variant)| !is_text(variant)) {
            overlap |= untagged(variant);
            let schema = if untagged(variant) {
                self.untagged(&variant.content, flat, direction)
            } else {
                self.tagged(&of.tagging, name, &known, variant, flat, direction)
            };
            schemas.push(self.documented(schema, &variant.docs, None));
        }
        match schemas.len() {
            // Such an enum has no value in this direction.
            0 => Object::new().with("not", Object::new()),
            1 => schemas.remove(0),
            _ => Object::new().with(if overlap { "anyOf" } else { "oneOf" }, schemas),
        }
    }

    fn tagged(
        &self,
        tagging: &TaggingDescription,
        name: &str,
        known: &[&str],
        variant: &VariantDescription,
        flat: bool,
        direction: Direction,
    ) -> Object {
        let mut shape = Shape::default();
        let name_schema = || -> Json {
            match variant.other && direction == Direction::Said {
                true => typed("string").with("not", Object::new().with("enum", known.to_vec())).into(),
                false => Object::new().with("const", name).into(),
            }
        };
        match tagging {
            TaggingDescription::Internal { tag } => {
                shape.require(tag, name_schema());
                self.add_content(&mut shape, &variant.content, direction);
                shape.closed &= !flat;
                self.object(shape, direction)
            }
            TaggingDescription::Adjacent { tag, content } => {
                shape.require(tag, name_schema());
                if variant.content != ContentDescription::Unit {
                    shape.require(content, schema(self.content(&variant.content, direction)));
                }
                self.object(shape, direction)
            }
            TaggingDescription::External | TaggingDescription::Untagged => {
                shape.require(name, schema(self.content(&variant.content, direction)));
                let object = self.object(shape, direction);
                if flat { object } else { object.with("additionalProperties", false) }
            }
        }
    }

    fn untagged(&self, content: &ContentDescription, flat: bool, direction: Direction) -> Object {
        if !flat {
            return self.content(content, direction);
        }
        let mut shape = Shape::default();
        self.add_content(&mut shape, content, direction);
        shape.closed = false;
        self.object(shape, direction)
    }

    /// Adds the keys of a content that stands among other keys.
    pub fn add_content(&self, shape: &mut Shape, content: &ContentDescription, direction: Direction) {
        match content {
            ContentDescription::Fields { fields, closed } => self.add_fields(shape, fields, *closed, direction),
            ContentDescription::As { ty } => self.flatten(shape, ty, false, direction),
            _ => {}
        }
    }
}

/// The variants without content, whose docs stand in a list.
fn one_of_texts(variants: &[(&str, &VariantDescription)], direction: Direction) -> Object {
    let names: Vec<&str> = variants.iter().filter(|(_, variant)| !variant.other).map(|(name, _)| *name).collect();
    let docs: Vec<_> = variants
        .iter()
        .filter(|(_, variant)| !variant.docs.is_empty())
        .map(|(name, variant)| format!("- `{name}`: {}", variant.docs.replace('\n', "\n  ")))
        .collect();
    let takes_others = direction == Direction::Said && variants.iter().any(|(_, variant)| variant.other);
    let text = if takes_others {
        typed("string").with("examples", names)
    } else {
        let all: Vec<&str> = variants.iter().map(|(name, _)| *name).collect();
        typed("string").with("enum", all)
    };
    text.maybe("description", (!docs.is_empty()).then(|| docs.join("\n")))
}
