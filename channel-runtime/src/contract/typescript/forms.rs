//! The forms of types on the wire as expressions of TypeScript.

use std::collections::BTreeMap;

use super::comment::{comment, field_tags};
use super::expression::{Expression, WIDTH, tuple};
use super::words::{key, quoted};
use crate::contract::directions::Direction;
use crate::protocol::describe::{
    ContentDescription, EnumDescription, FieldDescription, TaggingDescription, TypeDefinition, TypeDescription,
    TypeShape, VariantDescription,
};

/// Arrays up to this length are tuples.
const LONGEST_TUPLE: usize = 8;

const ANY_KEYS: &str = "{ [key: string]: unknown }";

/// Prints types. Named types are printed by their names, which differ by direction.
pub(super) struct Expressions<'d> {
    pub types: &'d BTreeMap<String, TypeDefinition>,
    /// By key and direction. A type that is not here is printed by its key.
    pub names: BTreeMap<(&'d str, Direction), String>,
    /// Whether all integers of 64 bits are `bigint`.
    pub bigint: bool,
}

/// How a property stands in front of others: a message's `type`, an enum's tag.
pub(super) type Property = (String, String);

impl<'d> Expressions<'d> {
    pub fn ty(&self, ty: &TypeDescription, direction: Direction) -> Expression {
        self.value(ty, direction, self.bigint)
    }

    fn value(&self, ty: &TypeDescription, direction: Direction, bigint: bool) -> Expression {
        let inner = |ty: &TypeDescription| self.value(ty, direction, bigint);
        match ty {
            TypeDescription::Json | TypeDescription::Opaque { .. } => Expression::whole("unknown"),
            TypeDescription::Null => Expression::whole("null"),
            TypeDescription::Bool => Expression::whole("boolean"),
            TypeDescription::Integer { bits, .. } => {
                let is_long = *bits > 64 || *bits == 64 && bigint;
                Expression::whole(if is_long { "bigint" } else { "number" })
            }
            TypeDescription::Float { .. } => Expression::whole("number"),
            TypeDescription::Text { .. } => Expression::whole("string"),
            TypeDescription::Literal { value } => Expression::whole(quoted(value)),
            TypeDescription::Nullable { inner: some } => inner(some).or_null(),
            TypeDescription::Array { items, len } if *len <= LONGEST_TUPLE => tuple(vec![inner(items); *len]),
            TypeDescription::List { items } | TypeDescription::Array { items, .. } => inner(items).list(),
            TypeDescription::Tuple { items } => tuple(items.iter().map(inner).collect()),
            TypeDescription::Record { key, value } => self.record(key, &inner(value).text, direction, bigint),
            TypeDescription::Named { name } => match self.types.get(name).map(|definition| &definition.shape) {
                // The mark of a field reaches what is in a newtype, whose name is one for all fields.
                Some(TypeShape::Struct(ContentDescription::As { ty })) if bigint && !self.bigint => inner(ty),
                _ => Expression::whole(self.name(name, direction)),
            },
        }
    }

    fn name(&self, key: &str, direction: Direction) -> String {
        self.names.get(&(key, direction)).cloned().unwrap_or_else(|| key.to_owned())
    }

    /// Keys are text on the wire.
    fn record(&self, key: &TypeDescription, value: &str, direction: Direction, bigint: bool) -> Expression {
        let by_some = |keys: &str| Expression::whole(format!("{{ [K in {keys}]?: {value} }}"));
        match key {
            TypeDescription::Integer { bits, .. } if *bits > 64 || *bits == 64 && bigint => {
                Expression::whole(format!("{{ [key: `${{bigint}}`]: {value} }}"))
            }
            TypeDescription::Integer { .. } | TypeDescription::Float { .. } => {
                Expression::whole(format!("{{ [key: number]: {value} }}"))
            }
            TypeDescription::Bool => by_some("'true' | 'false'"),
            TypeDescription::Literal { value: only } => by_some(&quoted(only)),
            TypeDescription::Named { name } => match self.types.get(name).map(|definition| &definition.shape) {
                Some(TypeShape::Struct(ContentDescription::As { ty })) => self.record(ty, value, direction, bigint),
                Some(TypeShape::Enum(of)) if is_closed_set(of, direction) => by_some(&self.name(name, direction)),
                _ => Expression::whole(format!("Record<string, {value}>")),
            },
            _ => Expression::whole(format!("Record<string, {value}>")),
        }
    }

    /// A content where a value stands.
    pub fn content(&self, content: &ContentDescription, direction: Direction, indent: usize) -> Expression {
        match content {
            ContentDescription::Unit => Expression::whole("null"),
            ContentDescription::As { ty } => self.ty(ty, direction),
            ContentDescription::Tuple { items } => tuple(items.iter().map(|item| self.ty(item, direction)).collect()),
            ContentDescription::Fields { fields, .. } => self.object(Vec::new(), fields, direction, indent),
        }
    }

    /// A content beside other keys, in one object.
    pub fn beside(
        &self,
        tags: Vec<Property>,
        content: &ContentDescription,
        direction: Direction,
        indent: usize,
    ) -> Expression {
        match content {
            ContentDescription::Fields { fields, .. } => self.object(tags, fields, direction, indent),
            ContentDescription::As { ty } => {
                let tagged = self.object(tags, &[], direction, indent);
                Expression::all_of([tagged].into_iter().chain(self.flat(ty, direction, indent)).collect())
            }
            _ => self.object(tags, &[], direction, indent),
        }
    }

    fn object(
        &self,
        tags: Vec<Property>,
        fields: &[FieldDescription],
        direction: Direction,
        indent: usize,
    ) -> Expression {
        let flat: Vec<_> = fields
            .iter()
            .filter(|field| field.flat && direction.key(field).is_some())
            .filter_map(|field| self.flat(&field.ty, direction, indent))
            .collect();
        let has_own = !tags.is_empty() || fields.iter().any(|field| !field.flat && direction.key(field).is_some());
        let own = || Expression::whole(self.braces(&tags, fields, direction, indent));
        let own = (has_own || flat.is_empty()).then(own);
        Expression::all_of(own.into_iter().chain(flat).collect())
    }

    /// The own keys of an object in braces, in one line if that is short and no key has a comment.
    pub fn braces(
        &self,
        tags: &[Property],
        fields: &[FieldDescription],
        direction: Direction,
        indent: usize,
    ) -> String {
        let tags = tags.iter().map(|(name, value)| (String::new(), format!("{}: {value}", key(name))));
        let own = fields.iter().filter(|field| !field.flat).filter_map(|field| {
            let name = direction.key(field)?;
            let docs = comment(&field.docs, &field_tags(field), indent + 2);
            Some((docs, self.field(name, field, direction)))
        });
        let lines: Vec<_> = tags.chain(own).collect();
        let short: Vec<_> = lines.iter().map(|(_, text)| text.as_str()).collect();
        let short = short.join("; ");
        if lines.is_empty() {
            return "{}".to_owned();
        }
        if lines.iter().all(|(docs, _)| docs.is_empty()) && short.len() <= WIDTH && !short.contains('\n') {
            return format!("{{ {short} }}");
        }
        let margin = " ".repeat(indent);
        let long: String = lines.iter().map(|(docs, text)| format!("{docs}{margin}  {text}\n")).collect();
        format!("{{\n{long}{margin}}}")
    }

    fn field(&self, name: &str, field: &FieldDescription, direction: Direction) -> String {
        let bigint = self.bigint || field.bigint;
        let value = self.value(&field.ty, direction, bigint);
        let name = key(name);
        match (direction, &field.ty) {
            (Direction::Heard, TypeDescription::Nullable { inner }) if field.may_be_skipped && field.never_null => {
                format!("{name}?: {}", self.value(inner, direction, bigint).text)
            }
            (Direction::Heard, _) if field.may_be_skipped => format!("{name}?: {}", value.text),
            (Direction::Said, _) if field.has_default && value.text == "unknown" => format!("{name}?: unknown"),
            (Direction::Said, _) if field.has_default => format!("{name}?: {} | undefined", value.text),
            _ => format!("{name}: {}", value.text),
        }
    }

    /// A value whose keys stand among others'. `None` if it has none.
    fn flat(&self, ty: &TypeDescription, direction: Direction, indent: usize) -> Option<Expression> {
        match ty {
            TypeDescription::Null => None,
            TypeDescription::Nullable { inner } => {
                let some = self.flat(inner, direction, indent)?;
                let is_open = some.text == ANY_KEYS;
                Some(if is_open { some } else { Expression::whole(format!("Partial<{}>", some.text)) })
            }
            TypeDescription::Record { .. } | TypeDescription::Json | TypeDescription::Opaque { .. } => {
                Some(Expression::whole(ANY_KEYS))
            }
            TypeDescription::Named { name } => match self.types.get(name).map(|definition| &definition.shape) {
                Some(TypeShape::Struct(ContentDescription::Unit)) => None,
                Some(TypeShape::Struct(ContentDescription::As { ty })) => self.flat(ty, direction, indent),
                Some(TypeShape::Enum(of)) if has_bare_unit(of, direction) => Some(Expression::one_of(
                    self.variants(of, direction, true, indent).into_iter().map(|it| it.1).collect(),
                )),
                _ => Some(Expression::whole(self.name(name, direction))),
            },
            other => Some(self.ty(other, direction)),
        }
    }

    /// The variants that travel in this direction, each with its comment. `is_flat` if their keys stand among others'.
    pub fn variants(
        &self,
        of: &EnumDescription,
        direction: Direction,
        is_flat: bool,
        indent: usize,
    ) -> Vec<(String, Expression)> {
        let travel = of.variants.iter().filter_map(|variant| Some((variant, direction.variant(variant)?)));
        let mut all: Vec<_> = travel
            .map(|(variant, name)| {
                let docs = if is_flat { String::new() } else { comment(&variant.docs, &[], indent) };
                (docs, self.variant(&of.tagging, variant, name, direction, is_flat, indent))
            })
            .collect();
        let takes_any = of.variants.iter().any(|variant| variant.other && variant.read.is_some());
        if direction == Direction::Said && takes_any && of.tagging == TaggingDescription::External && !is_flat {
            all.push((String::new(), Expression::whole("(string & {})")));
        }
        all
    }

    fn variant(
        &self,
        tagging: &TaggingDescription,
        variant: &VariantDescription,
        name: &str,
        direction: Direction,
        is_flat: bool,
        indent: usize,
    ) -> Expression {
        let name = quoted(name);
        let content = &variant.content;
        let is_unit = matches!(content, ContentDescription::Unit);
        let value = |indent| self.content(content, direction, indent).text;
        match tagging {
            _ if variant.untagged => self.content(content, direction, indent),
            TaggingDescription::Untagged => self.content(content, direction, indent),
            TaggingDescription::External if is_unit && !is_flat => Expression::whole(name),
            TaggingDescription::External => {
                let property = key(direction.variant(variant).unwrap_or_default());
                Expression::whole(format!("{{ {property}: {} }}", value(indent)))
            }
            TaggingDescription::Internal { tag } => self.beside(vec![(tag.clone(), name)], content, direction, indent),
            TaggingDescription::Adjacent { tag, .. } if is_unit => {
                Expression::whole(format!("{{ {}: {name} }}", key(tag)))
            }
            TaggingDescription::Adjacent { tag, content } => {
                Expression::whole(format!("{{ {}: {name}; {}: {} }}", key(tag), key(content), value(indent)))
            }
        }
    }
}

/// Whether these are texts, and all that there are.
fn is_closed_set(of: &EnumDescription, direction: Direction) -> bool {
    let mut travel = of.variants.iter().filter(|variant| direction.variant(variant).is_some());
    of.tagging == TaggingDescription::External
        && travel.all(|variant| {
            matches!(variant.content, ContentDescription::Unit)
                && !variant.untagged
                && !(variant.other && direction == Direction::Said)
        })
}

/// Whether a variant is a text where it stands alone, and a key with `null` among others.
fn has_bare_unit(of: &EnumDescription, direction: Direction) -> bool {
    let is_bare = |variant: &VariantDescription| {
        matches!(variant.content, ContentDescription::Unit) && !variant.untagged && direction.variant(variant).is_some()
    };
    of.tagging == TaggingDescription::External && of.variants.iter().any(is_bare)
}
