//! A channel's protocol as types, and the class that a page uses.

use std::collections::BTreeSet;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use super::bigints;
use super::comment::{comment, deprecated_tag};
use super::expression::Expression;
use super::forms::Expressions;
use super::naming::Names;
use super::sentences;
use super::words::{camel_case, is_reserved_method, key, quoted, value_key};
use crate::contract::directions::Direction;
use crate::protocol::describe::{
    ChannelDescription, ContentDescription, Description, FaultDescription, MessageDescription, PlaceDescription,
    ReplyDescription, TypeDefinition, TypeDescription, TypeShape,
};

/// All but RFC 3986's unreserved characters.
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// The core's function, and the static property of a class that it makes.
const BIGINTS: &str = "bigints";

/// The value of a static property.
type Table = Vec<(String, String)>;

/// Prints one channel.
pub(super) struct Printer<'p, 'd> {
    pub description: &'d Description,
    pub expressions: &'p Expressions<'d>,
    pub names: &'p Names<'d>,
    pub channel: &'d ChannelDescription,
    /// Of the class.
    pub name: &'p str,
}

/// The messages that are texts: binary ones have no form in TypeScript.
fn texts(messages: &[MessageDescription]) -> impl Iterator<Item = &MessageDescription> {
    messages.iter().filter(|message| message.kind.is_none())
}

impl Printer<'_, '_> {
    /// Whether the core can speak with it.
    fn has_class(&self) -> bool {
        self.channel.envelope.is_none() && !self.channel.text_from_client
    }

    fn is_flat(&self) -> bool {
        self.channel.envelope.is_none()
    }

    fn protocol(&self) -> String {
        format!("{}Protocol", self.name)
    }

    /// `export interface GameProtocol extends Protocol {..}`, without `extends` if there is no class to use it.
    pub fn interface(&self) -> String {
        let says = texts(&self.channel.from_client)
            .map(|message| (message, self.names.message(message, self.is_flat(), Direction::Said)));
        let hears = texts(&self.channel.to_client)
            .map(|message| (message, self.names.message(message, self.is_flat(), Direction::Heard)));
        let answers = texts(&self.channel.from_client).filter_map(|message| Some((message, self.answer(message)?)));
        let faults = texts(&self.channel.from_client)
            .filter_map(|message| Some((message, self.faults(message.reply.as_ref()?)?)));
        let mut text = if self.has_class() {
            format!("export interface {} extends Protocol {{\n", self.protocol())
        } else {
            let docs = comment(&sentences::without_class(self.channel), &[], 0);
            format!("{docs}export interface {} {{\n", self.protocol())
        };
        text.push_str(&map("says", says));
        text.push_str(&map("hears", hears));
        text.push_str(&map("answers", answers));
        text.push_str(&map("faults", faults));
        let asks: Vec<_> = texts(&self.channel.to_client)
            .filter_map(|message| {
                let answer = message.answer.as_ref()?;
                Some((message, self.expressions.ty(answer, Direction::Said).text))
            })
            .collect();
        if !asks.is_empty() {
            text.push_str("  /** What a client answers to these. */\n");
            text.push_str(&map("asks", asks.into_iter()));
        }
        text.push_str(&self.seen_in_protocol());
        text.push_str("}\n");
        text
    }

    /// `None` for nothing.
    fn answer(&self, message: &MessageDescription) -> Option<String> {
        let Some(reply) = &message.reply else { return Some("unknown".to_owned()) };
        let mut parts: Vec<_> = reply
            .messages
            .iter()
            .filter_map(|wire_type| texts(&self.channel.to_client).find(|message| message.wire_type == *wire_type))
            .map(|message| Expression::whole(self.names.message(message, self.is_flat(), Direction::Heard)))
            .collect();
        parts.extend(reply.success.as_ref().map(|data| self.expressions.ty(data, Direction::Heard)));
        if parts.is_empty() {
            return None;
        }
        if reply.nothing || reply.binary || reply.text {
            parts.push(Expression::whole("undefined"));
        }
        Some(Expression::one_of(parts).text)
    }

    /// The details of the handler's faults by their codes. `None` if it has none.
    fn faults(&self, reply: &ReplyDescription) -> Option<String> {
        let mut seen = BTreeSet::new();
        let mut entries = Vec::new();
        for fault in reply.faults.iter().filter(|fault| seen.insert(fault.code.as_str())) {
            let same = reply.faults.iter().filter(|other| other.code == fault.code);
            let details = Expression::one_of(same.map(|fault| self.details(fault)).collect()).text;
            let docs = [fault.docs.as_str(), fault.message.as_str()].map(str::trim);
            let docs: Vec<_> = docs.into_iter().filter(|text| !text.is_empty()).collect();
            entries.push((comment(&docs.join("\n\n"), &[], 6), format!("{}: {details}", key(&fault.code))));
        }
        if reply.other_faults {
            entries.push((String::new(), "'*': unknown".to_owned()));
        }
        match &entries[..] {
            [] => None,
            [(docs, only)] if docs.is_empty() => Some(format!("{{ {only} }}")),
            _ => {
                let lines: String = entries.iter().map(|(docs, entry)| format!("{docs}      {entry}\n")).collect();
                Some(format!("{{\n{lines}    }}"))
            }
        }
    }

    fn details(&self, fault: &FaultDescription) -> Expression {
        match &fault.details {
            None | Some(ContentDescription::Unit) => Expression::whole("undefined"),
            Some(details) => self.expressions.content(details, Direction::Heard, 6),
        }
    }

    /// The class in TypeScript. Empty if the core can't speak with the channel.
    pub fn typescript(&self) -> String {
        if !self.has_class() {
            return String::new();
        }
        let tables = self.tables().into_iter().filter(|(_, table)| !table.is_empty());
        let tables: String = tables
            .map(|(name, table)| format!("  static override readonly {name} = {}\n", value(name, &table)))
            .collect();
        let methods: String = self
            .methods()
            .map(|(name, message)| {
                let (docs, parameters, returned, arguments) = self.signature(message);
                format!("{docs}  {name}({parameters}): {returned} {{ return this.request({arguments}) }}\n")
            })
            .collect();
        let present = self.present_typescript();
        format!(
            "{}export class {} extends Channel<{}> {{\n  static override readonly fingerprint: string = {}\n{tables}{present}  \
             constructor({}) {{ super({}, options) }}\n{methods}}}\n",
            self.docs(),
            self.name,
            self.protocol(),
            quoted(&self.channel.fingerprint),
            self.constructor(),
            self.path(),
        )
    }

    /// The class in JavaScript.
    pub fn javascript(&self) -> String {
        if !self.has_class() {
            return String::new();
        }
        let tables = self.tables().into_iter().filter(|(_, table)| !table.is_empty());
        let tables: String =
            tables.map(|(name, table)| format!("  static {name} = {}\n", value(name, &table))).collect();
        let methods: String = self
            .methods()
            .map(|(name, message)| {
                let (_, typed, _, arguments) = self.signature(message);
                let parameters = if typed.starts_with("message: ") { "message, call" } else { "call" };
                format!("  {name}({parameters}) {{ return this.request({arguments}) }}\n")
            })
            .collect();
        let present = self.present_javascript();
        format!(
            "export class {} extends Channel {{\n  static fingerprint = {}\n{tables}{present}  constructor({}options) {{ super({}, options) }}\n\
             {methods}}}\n",
            self.name,
            quoted(&self.channel.fingerprint),
            if self.channel.params.is_empty() { "" } else { "params, " },
            self.path(),
        )
    }

    /// The class for `.d.ts`.
    pub fn declaration(&self) -> String {
        if !self.has_class() {
            return String::new();
        }
        let methods: String = self
            .methods()
            .map(|(name, message)| {
                let (docs, parameters, returned, _) = self.signature(message);
                format!("{docs}  {name}({parameters}): {returned}\n")
            })
            .collect();
        let present = self.present_declaration();
        format!(
            "{}export declare class {} extends Channel<{}> {{\n{present}  constructor({})\n{methods}}}\n",
            self.docs(),
            self.name,
            self.protocol(),
            self.constructor(),
        )
    }

    fn docs(&self) -> String {
        comment(&sentences::of_channel(self.channel), &[], 0)
    }

    /// The parameters of the constructor: those of the path, if it has any, and the options.
    fn constructor(&self) -> String {
        let params = self.channel.params.iter();
        let params: Vec<_> =
            params.map(|param| format!("{}: {}", key(&param.name), self.parameter(&param.ty))).collect();
        let params = if params.is_empty() { String::new() } else { format!("params: {{ {} }}, ", params.join("; ")) };
        let query = self.channel.needs.iter().filter(|need| need.required && need.place == PlaceDescription::Query);
        let query: Vec<_> = query.filter_map(|need| Some(format!("{}: string", key(need.name.as_ref()?)))).collect();
        let options = format!("Options<{}>", self.protocol());
        match &query[..] {
            [] => format!("{params}options?: {options}"),
            query => format!("{params}options: {options} & {{ query: {{ {} }} }}", query.join("; ")),
        }
    }

    /// Numbers, texts and booleans are in a path what they are in JSON. Of others only their author knows.
    fn parameter(&self, ty: &TypeDescription) -> &'static str {
        match ty {
            TypeDescription::Integer { bits: 64.., .. } => "number | bigint",
            TypeDescription::Integer { .. } | TypeDescription::Float { .. } => "number",
            TypeDescription::Bool => "boolean",
            TypeDescription::Named { name } => {
                match self.description.types.get(name).map(|it: &TypeDefinition| &it.shape) {
                    Some(TypeShape::Struct(ContentDescription::As { ty })) => match self.parameter(ty) {
                        "string" => "string",
                        "boolean" => "string | boolean",
                        "number" => "string | number",
                        _ => "string | number | bigint",
                    },
                    _ => "string",
                }
            }
            _ => "string",
        }
    }

    /// The path as an expression, with the parameters as its segments.
    fn path(&self) -> String {
        let mut path = String::new();
        for segment in self.channel.path.split('/').filter(|segment| !segment.is_empty()) {
            path.push('/');
            match segment.strip_prefix(':') {
                Some(name) => path.push_str(&format!("${{segment(params.{name})}}")),
                None => path.extend(utf8_percent_encode(segment, ESCAPED)),
            }
        }
        match path.as_str() {
            "" => "'/'".to_owned(),
            plain if !plain.contains('$') => format!("'{plain}'"),
            _ => format!("`{path}`"),
        }
    }

    /// What the core reads of the class, each a table by the wire's types.
    fn tables(&self) -> [(&'static str, Table); 4] {
        let messages = || texts(&self.channel.from_client);
        let rates = messages().filter_map(|message| {
            let rate = message.rate.as_ref()?;
            Some((message.wire_type.clone(), format!("[{}, {}, {}]", rate.count, rate.seconds, rate.burst)))
        });
        let timeouts =
            messages().filter_map(|message| Some((message.wire_type.clone(), message.timeout_ms?.to_string())));
        let idempotent = messages()
            .filter(|message| message.idempotent)
            .map(|message| (message.wire_type.clone(), "true".to_owned()));
        let bigints = bigints::paths(self.description, self.channel, self.expressions.bigint);
        let listed = bigints.into_iter().map(|(of, paths)| {
            let paths: Vec<_> = paths.iter().map(|path| quoted(path)).collect();
            (of, format!("[{}]", paths.join(", ")))
        });
        [
            ("rates", rates.collect()),
            ("timeouts", timeouts.collect()),
            ("idempotent", idempotent.collect()),
            (BIGINTS, listed.collect()),
        ]
    }

    /// A method for each message, by a name that is free.
    fn methods(&self) -> impl Iterator<Item = (String, &MessageDescription)> {
        let mut taken = BTreeSet::new();
        texts(&self.channel.from_client).map(move |message| {
            let mut name = camel_case(&message.wire_type);
            while is_reserved_method(&name) || self.is_present(&name) || !taken.insert(name.clone()) {
                name.push('_');
            }
            (name, message)
        })
    }

    /// The comment, the parameters, the returned type, and the arguments of `request`.
    fn signature(&self, message: &MessageDescription) -> (String, String, String, String) {
        let docs =
            comment(&sentences::of_message(message), &Vec::from_iter(deprecated_tag(message.deprecated.as_deref())), 2);
        let payload = self.names.message(message, true, Direction::Said);
        let wire_type = quoted(&message.wire_type);
        let returned = format!("Answer<{}, {wire_type}>", self.protocol());
        match payload.as_str() {
            "{}" => (docs, "call?: Call".to_owned(), returned, format!("{wire_type}, {{}}, call")),
            _ => (docs, format!("message: {payload}, call?: Call"), returned, format!("{wire_type}, message, call")),
        }
    }
}

/// `  name: { key: value; .. }`, in lines if it is long.
fn map<'m>(name: &str, entries: impl Iterator<Item = (&'m MessageDescription, String)>) -> String {
    let entries: Vec<_> = entries.map(|(message, value)| format!("{}: {value}", key(&message.wire_type))).collect();
    let short = entries.join("; ");
    match entries.len() {
        0 => format!("  {name}: {{}}\n"),
        _ if short.len() <= 100 && !short.contains('\n') => format!("  {name}: {{ {short} }}\n"),
        _ => {
            let lines: String = entries.iter().map(|entry| format!("    {entry}\n")).collect();
            format!("  {name}: {{\n{lines}  }}\n")
        }
    }
}

/// The call of the core's function is marked, so that a bundler still drops a class that nobody uses.
fn value(name: &str, table: &Table) -> String {
    let entries: Vec<_> = table.iter().map(|(name, value)| format!("{}: {value}", value_key(name))).collect();
    let object = format!("{{ {} }}", entries.join(", "));
    if name == BIGINTS { format!("/* @__PURE__ */ {BIGINTS}({object})") } else { object }
}
