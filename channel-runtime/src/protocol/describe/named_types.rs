//! The named types in an app's messages: collects them, gives each a unique name, and turns the constants that mention them into
//! data.

use std::collections::BTreeMap;

use serde_json::Number;

use super::type_description::{TaggingDescription, TypeShape};
use super::{
    AnswerKind, Bound, ChannelShape, Content, ContentDescription, Definition, EnumDescription, Field, FieldDescription,
    Kind, Rule, RuleDescription, Tagging, Type, TypeDefinition, TypeDescription, Variant, VariantDescription,
};

pub struct Types {
    found: Vec<&'static Definition>,
}

impl Types {
    pub fn of(channels: &[ChannelShape]) -> Self {
        let mut types = Self { found: Vec::new() };
        for channel in channels {
            let params = channel.params.iter().map(|param| &param.ty);
            let rooms = channel.rooms.iter().map(|room| &room.key);
            let seen = channel.presence.iter().map(|presence| &presence.seen);
            params.chain(rooms).chain(seen).for_each(|ty| types.find(ty));
            for message in channel.from_client.iter().chain(channel.to_client) {
                types.find_in(&message.content);
                message.answer.iter().for_each(|answer| types.find(answer));
            }
            for answer in channel.answers {
                if let AnswerKind::Data(Some(data)) = &answer.kind {
                    types.find(data);
                }
                answer.each_fault().for_each(|fault| types.find_in(&fault.details));
            }
        }
        types
    }

    fn find(&mut self, ty: &Type) {
        match ty {
            Type::Nullable(inner) | Type::List(inner) | Type::Array(inner, _) => self.find(inner),
            Type::Tuple(items) => items.iter().for_each(|item| self.find(item)),
            Type::Record { key, value } => [key, value].into_iter().for_each(|ty| self.find(ty)),
            Type::Named(definition) => self.define(definition),
            _ => {}
        }
    }

    fn define(&mut self, definition: &'static Definition) {
        let is_same =
            |other: &&'static Definition| other.module == definition.module && name(other) == name(definition);
        if self.found.iter().any(is_same) {
            return;
        }
        self.found.push(definition);
        definition.arguments.iter().for_each(|argument| self.find(argument));
        match &definition.kind {
            Kind::Struct(content) => self.find_in(content),
            Kind::Enum { variants, .. } => variants.iter().for_each(|variant| self.find_in(&variant.content)),
        }
    }

    fn find_in(&mut self, content: &Content) {
        match content {
            Content::Unit => {}
            Content::As(ty) => self.find(ty),
            Content::Tuple(items) => items.iter().for_each(|item| self.find(item)),
            fields => (0..fields.len()).filter_map(|at| fields.field(at)).for_each(|field| self.find(&field.ty)),
        }
    }

    /// With the module if another definition has the same name.
    fn name(&self, definition: &Definition) -> String {
        let short = name(definition);
        match self.found.iter().filter(|other| name(other) == short).count() {
            0 | 1 => short,
            _ => format!("{}::{short}", definition.module),
        }
    }

    pub fn definitions(&self) -> BTreeMap<String, TypeDefinition> {
        let define = |definition: &&'static Definition| {
            let shape = match &definition.kind {
                Kind::Struct(content) => TypeShape::Struct(self.content(content, Some(definition))),
                Kind::Enum { tagging, variants } => TypeShape::Enum(EnumDescription {
                    tagging: tagged(*tagging),
                    variants: variants.iter().map(|variant| self.variant(variant, definition)).collect(),
                }),
            };
            let defined = TypeDefinition {
                name: definition.name.into(),
                arguments: self.all(definition.arguments, None),
                module: definition.module.into(),
                docs: definition.docs.into(),
                deprecated: definition.deprecated.map(Into::into),
                shape,
            };
            (self.name(definition), defined)
        };
        self.found.iter().map(define).collect()
    }

    pub fn content(&self, content: &Content, within: Option<&Definition>) -> ContentDescription {
        match content {
            Content::Unit => ContentDescription::Unit,
            Content::As(ty) => ContentDescription::As { ty: self.ty(ty, within) },
            Content::Tuple(items) => ContentDescription::Tuple { items: self.all(items, within) },
            fields => ContentDescription::Fields {
                fields: (0..fields.len())
                    .filter_map(|at| fields.field(at))
                    .map(|field| self.field(&field, within))
                    .collect(),
                closed: fields.is_closed(),
            },
        }
    }

    fn field(&self, field: &Field, within: Option<&Definition>) -> FieldDescription {
        FieldDescription {
            read: field.read.map(Into::into),
            written: field.written.map(Into::into),
            aliases: texts(field.aliases),
            docs: field.docs.into(),
            ty: self.ty(&field.ty, within),
            has_default: field.has_default,
            may_be_skipped: field.may_be_skipped,
            flat: field.flat,
            never_null: field.never_null,
            bigint: field.bigint,
            deprecated: field.deprecated.map(Into::into),
            rules: field.rules.iter().map(rule).collect(),
        }
    }

    fn variant(&self, variant: &Variant, within: &Definition) -> VariantDescription {
        VariantDescription {
            read: variant.read.map(Into::into),
            written: variant.written.map(Into::into),
            aliases: texts(variant.aliases),
            docs: variant.docs.into(),
            content: self.content(&variant.content, Some(within)),
            untagged: variant.untagged,
            other: variant.other,
        }
    }

    fn all(&self, types: &[Type], within: Option<&Definition>) -> Vec<TypeDescription> {
        types.iter().map(|ty| self.ty(ty, within)).collect()
    }

    pub fn ty(&self, ty: &Type, within: Option<&Definition>) -> TypeDescription {
        let boxed = |ty: &Type| Box::new(self.ty(ty, within));
        match *ty {
            Type::Json => TypeDescription::Json,
            Type::Null => TypeDescription::Null,
            Type::Bool => TypeDescription::Bool,
            Type::Integer { signed, bits } => TypeDescription::Integer { signed, bits },
            Type::Float { bits } => TypeDescription::Float { bits },
            Type::Text { format } => TypeDescription::Text { format: format.map(Into::into) },
            Type::Literal(value) => TypeDescription::Literal { value: value.into() },
            Type::Nullable(inner) => TypeDescription::Nullable { inner: boxed(inner) },
            Type::List(items) => TypeDescription::List { items: boxed(items) },
            Type::Array(items, len) => TypeDescription::Array { items: boxed(items), len },
            Type::Tuple(items) => TypeDescription::Tuple { items: self.all(items, within) },
            Type::Record { key, value } => TypeDescription::Record { key: boxed(key), value: boxed(value) },
            Type::Named(definition) => TypeDescription::Named { name: self.name(definition) },
            Type::Recursive(meant) => {
                let around = within.filter(|definition| definition.name == meant);
                let definition = around.or_else(|| self.found.iter().copied().find(|other| other.name == meant));
                match definition {
                    Some(definition) => TypeDescription::Named { name: self.name(definition) },
                    None => TypeDescription::Opaque { name: meant.into() },
                }
            }
            Type::Opaque(name) | Type::Undescribed(name) | Type::WrittenBy(name) => {
                TypeDescription::Opaque { name: name.into() }
            }
        }
    }
}

fn name(definition: &Definition) -> String {
    let mut line = crate::protocol::lock::Line::new();
    line.push_name(definition);
    line.as_str().into()
}

pub fn texts(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|&text| text.into()).collect()
}

fn tagged(tagging: Tagging) -> TaggingDescription {
    match tagging {
        Tagging::External => TaggingDescription::External,
        Tagging::Internal(tag) => TaggingDescription::Internal { tag: tag.into() },
        Tagging::Adjacent { tag, content } => TaggingDescription::Adjacent { tag: tag.into(), content: content.into() },
        Tagging::Untagged => TaggingDescription::Untagged,
    }
}

fn rule(rule: &Rule) -> RuleDescription {
    match *rule {
        Rule::Length { min, max, unit } => RuleDescription::Length { min, max, unit },
        Rule::Range { min, max } => RuleDescription::Range { min: min.and_then(number), max: max.and_then(number) },
        Rule::Pattern(regex) => RuleDescription::Pattern { regex: regex.into() },
    }
}

/// `None` if JSON has no such number: a bound that is not finite bounds nothing.
fn number(bound: Bound) -> Option<Number> {
    match bound {
        Bound::Integer(number) => Number::from_i128(number).or_else(|| Number::from_f64(number as f64)),
        Bound::Float(number) => Number::from_f64(number),
    }
}
