//! The words of TypeScript: names that are taken, keys, texts.

/// Whether a type can't have this name: a word of the language, a name that every program has, or one of the core's own.
pub(in crate::contract) fn is_reserved_type(name: &str) -> bool {
    is_one_of(WORDS, name) || is_one_of(GLOBALS, name) || CORE.lines().filter_map(declared).any(|own| own == name)
}

/// Whether a method can't have this name, because `Channel` or every object has it.
pub(in crate::contract) fn is_reserved_method(name: &str) -> bool {
    is_one_of(METHODS, name)
}

fn is_one_of(names: &str, name: &str) -> bool {
    names.split(' ').any(|each| each == name)
}

/// What stands above the generated types.
pub(in crate::contract) const CORE: &str = include_str!("core.ts");

/// The name that a line of the core declares for the whole file. `None` if it declares none.
pub(in crate::contract) fn declared(line: &str) -> Option<&str> {
    let mut words = line.split([' ', '(', '<', ':', '=', '{', ';', '*']).filter(|word| !word.is_empty());
    if line.starts_with(' ') {
        return None;
    }
    let kind = words.find(|word| !matches!(*word, "export" | "declare" | "abstract" | "async"))?;
    matches!(kind, "class" | "interface" | "type" | "function" | "const" | "let" | "enum").then(|| words.next())?
}

const WORDS: &str = "abstract any as asserts async await bigint boolean break case catch class const constructor continue debugger \
    declare default delete do else enum export extends false finally for from function get global globalThis if \
    implements import in infer instanceof interface is keyof let module namespace never new null number object of out \
    override package private protected public readonly require return satisfies set static string super switch symbol \
    this throw true try type typeof undefined unique unknown using var void while with yield accessor arguments";

/// What a type of this name would hide from the core or from the generated types.
const GLOBALS: &str = "AbortController AbortSignal AggregateError Array ArrayBuffer ArrayLike AsyncGenerator AsyncIterable AsyncIterator \
    Atomics Awaited BigInt BigInt64Array BigUint64Array Blob Boolean Buffer Capitalize CloseEvent ConstructorParameters \
    Crypto CustomEvent DataView Date Document Element Error Event EventListener EventTarget Exclude Extract \
    Float32Array Float64Array Function Generator Headers Infinity InstanceType Int16Array Int32Array Int8Array Iterable \
    Iterator IteratorResult JSON Location Lowercase Map Math MessageEvent NaN Navigator NoInfer Node NonNullable Number \
    Object Omit OmitThisParameter PageTransitionEvent Parameters Partial Pick Promise PromiseLike PropertyKey Proxy \
    RangeError Readonly ReadonlyArray ReadonlyMap Record ReferenceError Reflect RegExp Request Required Response ReturnType Set \
    SharedArrayBuffer String Symbol SymbolConstructor SyntaxError TextDecoder TextEncoder ThisType TypeError URL URLSearchParams \
    Uint16Array Uint32Array Uint8Array Uint8ClampedArray Uncapitalize Uppercase WeakMap WeakRef WeakSet WebSocket \
    Window";

/// The public names of `Channel`, which the tests compare with the core, and those of every object. An object with a `then` would be
/// taken for a promise.
const METHODS: &str = "answer close handle messages on open request send sendBinary status constructor hasOwnProperty isPrototypeOf \
    propertyIsEnumerable toJSON toLocaleString toString valueOf then catch finally __proto__";

/// `joinGame` for `join_game`, `chatSend` for `chat.send`.
pub(super) fn camel_case(wire_type: &str) -> String {
    let mut name = String::new();
    let mut begins = false;
    for char in wire_type.chars() {
        match char.is_alphanumeric() {
            true if begins && !name.is_empty() => name.extend(char.to_uppercase()),
            true => name.push(char),
            false => {}
        }
        begins = !char.is_alphanumeric();
    }
    // `GetPrice` of a foreign protocol is `getPrice`, and `URL` stays.
    let capitals = name.chars().take_while(|char| char.is_uppercase()).count();
    if capitals == 1 {
        let rest = name.split_off(name.chars().next().map_or(0, char::len_utf8));
        name = name.chars().flat_map(char::to_lowercase).chain(rest.chars()).collect();
    }
    if !name.starts_with(char::is_alphabetic) {
        name.insert(0, '_');
    }
    name
}

/// A text as a literal.
pub(super) fn quoted(text: &str) -> String {
    let mut literal = String::from("'");
    for char in text.chars() {
        match char {
            '\'' | '\\' => literal.extend(['\\', char]),
            '\n' => literal.push_str("\\n"),
            '\r' => literal.push_str("\\r"),
            '\t' => literal.push_str("\\t"),
            '\0'..='\x1f' | '\x7f'..='\u{9f}' | '\u{2028}' | '\u{2029}' => {
                literal.push_str(&format!("\\u{:04x}", u32::from(char)));
            }
            _ => literal.push(char),
        }
    }
    literal.push('\'');
    literal
}

/// A key of an object's type.
pub(super) fn key(name: &str) -> String {
    if is_identifier(name) { name.to_owned() } else { quoted(name) }
}

/// A key of an object that exists at run time, where `__proto__` would be no key.
pub(super) fn value_key(name: &str) -> String {
    if name == "__proto__" { "['__proto__']".to_owned() } else { key(name) }
}

fn is_identifier(name: &str) -> bool {
    let is_start = |char: char| char.is_ascii_alphabetic() || matches!(char, '_' | '$');
    name.starts_with(is_start) && name.chars().all(|char| is_start(char) || char.is_ascii_digit())
}
