//! What the generator knows of the core is what the core says.

use crate::contract::typescript::words::{CORE, declared, is_reserved_method, is_reserved_type};

const DECLARATIONS: &str = include_str!("../typescript/core.d.ts");

#[test]
fn no_method_can_be_one_of_the_core_s() {
    let (_, class) = DECLARATIONS.split_once("export declare class Channel<").expect("it has the class");
    let (class, _) = class.split_once("\n}").expect("the class ends");
    let members = class.lines().skip(1).filter(|line| line.starts_with("    ") && !line.starts_with("     "));
    let names = members.filter_map(|line| {
        let line = line.trim().trim_start_matches("get ");
        let is_name = |char: char| char.is_ascii_alphanumeric();
        let name = &line[..line.find(|char| !is_name(char)).unwrap_or(line.len())];
        (!name.is_empty() && !line.starts_with("static ")).then_some(name)
    });
    let names: Vec<_> = names.collect();
    assert!(names.contains(&"request") && names.contains(&"status"), "{names:?}");
    let free: Vec<_> = names.iter().filter(|name| !is_reserved_method(name)).collect();
    assert!(free.is_empty(), "add them to METHODS: {free:?}");
}

/// A type of that name would hide it from the core, which stands in the same file.
#[test]
fn no_type_can_have_a_name_that_the_core_uses() {
    let mut own = Vec::new();
    for line in CORE.lines().filter(|line| !line.trim_start().starts_with(['/', '*'])) {
        let code = line.split(" // ").next().unwrap_or_default();
        let mut before = ' ';
        let mut quote = None;
        let mut word = String::new();
        for char in code.chars().chain([' ']) {
            match quote {
                Some(open) if char == open => quote = None,
                Some(_) => {}
                None if matches!(char, '\'' | '`' | '"') => quote = Some(char),
                None if char.is_ascii_alphanumeric() || char == '_' => {
                    word.push(char);
                    continue;
                }
                None => {}
            }
            // A property of an object is none of the file's, and a type parameter is its declaration's alone.
            if word.len() > 1
                && word.starts_with(|char: char| char.is_ascii_uppercase())
                && !matches!(before, '.' | '#')
            {
                own.push(std::mem::take(&mut word));
            }
            word.clear();
            before = char;
        }
    }
    own.sort();
    own.dedup();
    assert!(own.len() > 30, "{own:?}");
    let free: Vec<_> = own.iter().filter(|name| !is_reserved_type(name)).collect();
    assert!(free.is_empty(), "add them to GLOBALS: {free:?}");
}

#[test]
fn what_a_line_declares_is_its_name() {
    assert_eq!(declared("export class Channel<P extends Protocol> {"), Some("Channel"));
    assert_eq!(declared("declare const faults: unique symbol"), Some("faults"));
    assert_eq!(declared("export async function attempt<T>("), Some("attempt"));
    assert_eq!(declared("interface Socket {"), Some("Socket"));
    assert_eq!(declared("type Json = Record<string, any>"), Some("Json"));
    assert_eq!(declared("  const inner = 1"), None);
    assert_eq!(declared("declare global {"), None);
    assert!(is_reserved_type("Fault") && is_reserved_type("RETRY") && is_reserved_type("string"));
    assert!(!is_reserved_type("Move"));
}
