//! Where the `bigint`s stand in what a client receives, for the core, which makes them of JSON's numbers.

use std::collections::BTreeMap;

use crate::contract::directions::{Direction, each_name, each_type_of};
use crate::protocol::describe::{
    ChannelDescription, ContentDescription, Description, EnumDescription, TaggingDescription, TypeDefinition,
    TypeDescription, TypeShape,
};

/// Paths by the type of the message, which is `error` for faults, and by `=` and a request's type for the data of its answer. A path is
/// keys with dots between them: `*` is any key, `**` any number of keys, for types that contain themselves. What means something in a
/// path is percent-encoded in its keys.
pub(super) fn paths<'d>(
    description: &'d Description,
    channel: &'d ChannelDescription,
    bigint: bool,
) -> Vec<(String, Vec<String>)> {
    let find = |content: &dyn Fn(&mut Walk<'d>)| {
        let mut walk =
            Walk { types: &description.types, all: bigint, path: Vec::new(), inside: Vec::new(), found: Vec::new() };
        content(&mut walk);
        walk.found
    };
    let messages = channel.to_client.iter().filter(|message| message.kind.is_none());
    let messages =
        messages.map(|message| (message.wire_type.clone(), find(&|walk| walk.content(&message.content, bigint))));
    let answers = channel.from_client.iter().filter_map(|message| {
        let data = message.reply.as_ref()?.success.as_ref()?;
        let paths = find(&|walk| walk.within("data", |walk| walk.ty(data, bigint)));
        Some((format!("={}", message.wire_type), paths))
    });
    let replies = channel.from_client.iter().filter_map(|message| message.reply.as_ref());
    let details: Vec<_> = replies.flat_map(|reply| &reply.faults).filter_map(|fault| fault.details.as_ref()).collect();
    let faults = find(&|walk| {
        details.iter().for_each(|details| walk.within("details", |walk| walk.content(details, bigint)));
    });
    let seen = channel.presence.iter().map(|presence| {
        let paths = find(&|walk| {
            for key in ["here", "in"] {
                let each = |walk: &mut Walk<'d>| walk.within_any(|walk| walk.ty(&presence.seen, bigint));
                walk.within(key, |walk| walk.within_any(each));
            }
        });
        ("$presence".to_owned(), paths)
    });
    let all = messages.chain(answers).chain([("error".to_owned(), faults)]).chain(seen);
    all.filter(|(_, paths)| !paths.is_empty()).collect()
}

struct Walk<'d> {
    types: &'d BTreeMap<String, TypeDefinition>,
    /// Whether all integers of 64 bits are `bigint`.
    all: bool,
    path: Vec<String>,
    /// The types around.
    inside: Vec<&'d str>,
    found: Vec<String>,
}

impl<'d> Walk<'d> {
    fn within(&mut self, key: &str, walk: impl FnOnce(&mut Self)) {
        self.below(key.replace('%', "%25").replace('.', "%2E").replace('*', "%2A"), walk);
    }

    fn within_any(&mut self, walk: impl FnOnce(&mut Self)) {
        self.below("*".to_owned(), walk);
    }

    fn below(&mut self, part: String, walk: impl FnOnce(&mut Self)) {
        self.path.push(part);
        walk(self);
        self.path.pop();
    }

    fn ty(&mut self, ty: &'d TypeDescription, bigint: bool) {
        match ty {
            TypeDescription::Integer { bits, .. } if *bits > 64 || *bits == 64 && bigint => {
                let path = self.path.join(".");
                if !self.found.contains(&path) {
                    self.found.push(path);
                }
            }
            TypeDescription::Nullable { inner } => self.ty(inner, bigint),
            TypeDescription::List { items }
            | TypeDescription::Array { items, .. }
            | TypeDescription::Record { value: items, .. } => self.within_any(|walk| walk.ty(items, bigint)),
            TypeDescription::Tuple { items } => {
                for (at, item) in items.iter().enumerate() {
                    self.within(&at.to_string(), |walk| walk.ty(item, bigint));
                }
            }
            TypeDescription::Named { name } => self.named(name, bigint),
            _ => {}
        }
    }

    fn named(&mut self, name: &'d str, bigint: bool) {
        let Some(definition) = self.types.get(name) else { return };
        if self.inside.contains(&name) {
            return;
        }
        let begin = self.path.len();
        self.inside.push(name);
        if self.repeats(name, &definition.shape) {
            self.path.push("**".to_owned());
        }
        match &definition.shape {
            // A newtype is what is in it, also for the mark of a field.
            TypeShape::Struct(content @ ContentDescription::As { .. }) => self.content(content, bigint),
            TypeShape::Struct(content) => self.content(content, self.all),
            TypeShape::Enum(of) => self.variants(of, self.all),
        }
        self.path.truncate(begin);
        self.inside.pop();
    }

    /// Whether the type contains itself.
    fn repeats(&self, name: &str, shape: &'d TypeShape) -> bool {
        let (mut seen, mut next) = (vec![], vec![shape]);
        let mut repeats = false;
        while let Some(shape) = next.pop() {
            each_type_of(shape, Direction::Heard, &mut |ty| {
                each_name(ty, &mut |mentioned| {
                    repeats |= mentioned == name;
                    if !seen.contains(&mentioned) {
                        seen.push(mentioned);
                        next.extend(self.types.get(mentioned).map(|definition| &definition.shape));
                    }
                });
            });
        }
        repeats
    }

    fn content(&mut self, content: &'d ContentDescription, bigint: bool) {
        match content {
            ContentDescription::Unit => {}
            ContentDescription::As { ty } => self.ty(ty, bigint),
            ContentDescription::Tuple { items } => {
                for (at, item) in items.iter().enumerate() {
                    self.within(&at.to_string(), |walk| walk.ty(item, bigint));
                }
            }
            ContentDescription::Fields { fields, .. } => {
                for field in fields {
                    let Some(key) = Direction::Heard.key(field) else { continue };
                    let bigint = bigint || field.bigint;
                    if field.flat {
                        self.ty(&field.ty, bigint);
                    } else {
                        self.within(key, |walk| walk.ty(&field.ty, bigint));
                    }
                }
            }
        }
    }

    fn variants(&mut self, of: &'d EnumDescription, bigint: bool) {
        for variant in &of.variants {
            let Some(name) = Direction::Heard.variant(variant) else { continue };
            match &of.tagging {
                _ if variant.untagged => self.content(&variant.content, bigint),
                TaggingDescription::External => self.within(name, |walk| walk.content(&variant.content, bigint)),
                TaggingDescription::Adjacent { content, .. } => {
                    self.within(content, |walk| walk.content(&variant.content, bigint));
                }
                TaggingDescription::Internal { .. } | TaggingDescription::Untagged => {
                    self.content(&variant.content, bigint);
                }
            }
        }
    }
}
