//! One printer of JSON Schema in two dialects: the forms of types as schemas. What an object or an enum is made of is in
//! `objects` and `enums`, which add to it.

use super::shape::Shape;
use super::words::{integer, len_of, or_null, schema, text, typed};
use crate::contract::directions::Direction;
use crate::contract::json::{Json, Object};
use crate::protocol::describe::{ContentDescription, Description, TypeDefinition, TypeDescription, TypeShape};

/// The words of JSON Schema that are used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// What AsyncAPI takes for granted. Keys beside a `$ref` are ignored, and nothing is known of keys in an `allOf`.
    Draft07,
    /// 2020-12.
    Draft2020,
}

type NameOf<'a> = dyn Fn(&str, Direction) -> String + 'a;

pub struct Printer<'a> {
    pub description: &'a Description,
    /// The name of a type's definition, by its key.
    pub name: Box<NameOf<'a>>,
    pub dialect: Dialect,
    /// What stands before the name of a definition.
    pub definitions: &'static str,
}

/// A schema that accepts everything is empty.
impl Printer<'_> {
    pub fn ty(&self, ty: &TypeDescription, direction: Direction) -> Object {
        match ty {
            TypeDescription::Null => typed("null"),
            TypeDescription::Bool => typed("boolean"),
            TypeDescription::Integer { signed, bits } => integer(*signed, *bits),
            TypeDescription::Float { .. } => typed("number"),
            TypeDescription::Text { format } => text(format.as_deref()),
            TypeDescription::Literal { value } => Object::new().with("const", value),
            TypeDescription::Nullable { inner } => or_null(self.ty(inner, direction)),
            TypeDescription::List { items } => typed("array").with("items", schema(self.ty(items, direction))),
            TypeDescription::Array { items, len } => {
                let items = schema(self.ty(items, direction));
                typed("array").with("items", items).with("minItems", len_of(*len)).with("maxItems", len_of(*len))
            }
            TypeDescription::Tuple { items } => self.tuple(items, direction),
            TypeDescription::Record { key, value } => {
                let keys = self.key(key, direction);
                typed("object")
                    .maybe("propertyNames", (!keys.is_empty()).then_some(keys))
                    .with("additionalProperties", schema(self.ty(value, direction)))
            }
            TypeDescription::Named { name } if self.description.types.contains_key(name) => {
                self.reference(name, direction)
            }
            // What is opaque is an error of the document, unless it is asked to go on.
            _ => Object::new(),
        }
    }

    pub fn reference(&self, name: &str, direction: Direction) -> Object {
        self.reference_to(&(self.name)(name, direction))
    }

    pub fn reference_to(&self, definition: &str) -> Object {
        Object::new().with("$ref", format!("{}{definition}", self.definitions))
    }

    pub fn definition(&self, definition: &TypeDefinition, direction: Direction) -> Object {
        let schema = match &definition.shape {
            TypeShape::Struct(content) => self.content(content, direction),
            TypeShape::Enum(of) => self.enumeration(of, direction),
        };
        self.documented(schema, &definition.docs, definition.deprecated.as_deref())
    }

    pub fn content(&self, content: &ContentDescription, direction: Direction) -> Object {
        match content {
            ContentDescription::Unit => typed("null"),
            ContentDescription::As { ty } => self.ty(ty, direction),
            ContentDescription::Tuple { items } => self.tuple(items, direction),
            ContentDescription::Fields { fields, closed } => {
                let mut shape = Shape::default();
                self.add_fields(&mut shape, fields, *closed, direction);
                self.object(shape, direction)
            }
        }
    }

    /// The schema with documentation.
    pub fn documented(&self, schema: Object, docs: &str, deprecated: Option<&str>) -> Object {
        if docs.is_empty() && deprecated.is_none() {
            return schema;
        }
        let note = deprecated.filter(|note| !note.is_empty()).map(|note| format!("Deprecated: {note}"));
        let texts: Vec<_> = [Some(docs), note.as_deref(), schema.text("description")]
            .into_iter()
            .flatten()
            .filter(|text| !text.is_empty())
            .map(str::to_owned)
            .collect();
        let mut documented = if schema.has("$ref") && self.dialect == Dialect::Draft07 {
            Object::new().with("allOf", vec![schema])
        } else {
            schema
        };
        if !texts.is_empty() {
            documented.set("description", texts.join("\n\n"));
        }
        if deprecated.is_some() {
            documented.set("deprecated", true);
        }
        documented
    }

    fn tuple(&self, items: &[TypeDescription], direction: Direction) -> Object {
        let (len, none) = (len_of(items.len()), items.is_empty());
        let items: Vec<Json> = items.iter().map(|item| schema(self.ty(item, direction))).collect();
        let array = typed("array");
        let array = match self.dialect {
            _ if none => array,
            Dialect::Draft07 => array.with("items", items).with("additionalItems", false),
            Dialect::Draft2020 => array.with("prefixItems", items).with("items", false),
        };
        array.with("minItems", len).with("maxItems", len)
    }

    /// What a key that is text on the wire looks like; empty for any text.
    fn key(&self, key: &TypeDescription, direction: Direction) -> Object {
        match key {
            TypeDescription::Integer { signed, .. } => {
                let sign = if *signed { "-?" } else { "" };
                typed("string").with("pattern", format!("^{sign}(0|[1-9][0-9]*)$"))
            }
            TypeDescription::Bool => typed("string").with("enum", vec!["true", "false"]),
            TypeDescription::Text { format: Some(format) } => {
                let text = text(Some(format));
                if text.iter().count() > 1 { text } else { Object::new() }
            }
            TypeDescription::Literal { .. } => self.ty(key, direction),
            TypeDescription::Named { name } => {
                match self.description.types.get(name).map(|definition| &definition.shape) {
                    Some(TypeShape::Struct(ContentDescription::As { ty })) => self.key(ty, direction),
                    Some(TypeShape::Enum(of))
                        if of.variants.iter().all(|variant| variant.content == ContentDescription::Unit) =>
                    {
                        self.reference(name, direction)
                    }
                    _ => Object::new(),
                }
            }
            _ => Object::new(),
        }
    }
}
