//! The pages in `docs` name tests: each of them is there. Code that a page takes from an example is the example's.

use std::fs;
use std::path::Path;

/// What stands as `file::test` in a page.
fn named(page: &str) -> impl Iterator<Item = (&str, &str)> {
    let quoted = page.split('`').skip(1).step_by(2);
    quoted.filter_map(|text| text.split_once("::")).filter(|(file, test)| {
        let is_name =
            |text: &str| text.chars().all(|each| each.is_ascii_lowercase() || each.is_ascii_digit() || each == '_');
        is_name(file) && is_name(test)
    })
}

#[test]
fn every_test_that_a_page_names_is_there() {
    let mut missing = Vec::new();
    for page in ["docs/security.md", "docs/features.md"] {
        let text = fs::read_to_string(page).expect("the page");
        let named: Vec<_> = named(&text).collect();
        assert!(named.len() > 10, "{page} names tests as `file::test`");
        for (file, test) in named {
            let place = Path::new("tests").join(file).with_extension("rs");
            let has_it = fs::read_to_string(place).is_ok_and(|source| source.contains(&format!("fn {test}(")));
            if !has_it {
                missing.push(format!("{page}: {file}::{test}"));
            }
        }
    }
    assert!(missing.is_empty(), "{missing:#?}");
}

/// The lines that a reader sees of the Rust code in this section, without those that only import.
fn code_lines<'p>(page: &'p str, section: &str) -> Vec<&'p str> {
    let (_, section) = page.split_once(section).expect("the section");
    let section = section.split_once("\n## ").map_or(section, |(section, _)| section);
    let blocks = section.split("```rust\n").skip(1).map(|block| block.split("\n```").next().expect("a block"));
    let lines = blocks.flat_map(str::lines).map(str::trim);
    lines.filter(|line| !line.is_empty() && !line.starts_with("# ") && !line.starts_with("use ")).collect()
}

#[test]
fn the_envelope_that_is_written_in_five_steps_is_that_of_the_example() {
    let page = fs::read_to_string("docs/envelopes.md").expect("the page");
    let example = fs::read_to_string("examples/ocpp/ocpp16.rs").expect("the example");
    let example: Vec<_> = example.lines().map(str::trim).collect();
    let shown = code_lines(&page, "\n## Bring your own, in five steps\n");
    let others: Vec<_> = shown.iter().filter(|line| !example.contains(line)).collect();
    assert!(others.is_empty(), "{others:#?}");
    let is_code = |line: &&&str| !line.is_empty() && !line.starts_with("//") && !line.starts_with("use ");
    let in_imports = |line: &&&str| line.starts_with("Asks, Envelope") || **line == "};";
    let unshown = example.iter().filter(is_code).filter(|line| !in_imports(line) && !shown.contains(line));
    assert_eq!(unshown.collect::<Vec<_>>(), Vec::<&&str>::new());
}

/// Each stands in the list at the top, and has a program that ends with what it has shown. That it is run is said where the page is
/// included.
#[test]
fn each_how_to_is_a_program_that_is_run() {
    let page = fs::read_to_string("docs/how-to.md").expect("the page");
    let (list, sections) = page.split_once("\n## ").expect("sections");
    let sections: Vec<_> = sections.split("\n## ").collect();
    let listed: Vec<_> = list.lines().filter_map(|line| line.strip_prefix("- [")).collect();
    let titles: Vec<_> = sections.iter().map(|section| section.lines().next().expect("a title")).collect();
    let links: Vec<_> =
        titles.iter().map(|title| format!("{title}](#{})", title.to_lowercase().replace(' ', "-"))).collect();
    assert_eq!(listed, links);
    for (title, section) in titles.iter().zip(&sections) {
        let programs: Vec<_> = section.split("```rust").skip(1).map(|block| block.split("\n```").next()).collect();
        assert!(!programs.is_empty(), "{title}");
        for program in programs.into_iter().flatten() {
            let is_run = program.starts_with('\n') && program.contains("async fn main()") && program.contains("assert");
            assert!(is_run, "{title}: {program}");
        }
    }
    let crate_root = fs::read_to_string("channel-runtime/src/lib.rs").expect("the crate");
    for page in ["how-to", "audiences"] {
        assert!(crate_root.contains(&format!("include_str!(\"../../docs/{page}.md\")")), "{page}");
    }
}

/// What stands in brackets behind the sentences of docs/wire.md: scripts, tables, and tests as `file::test`, or `file::` for all of a
/// file.
#[test]
fn each_sentence_about_the_wire_has_its_number_and_names_what_holds_it() {
    let page = fs::read_to_string("docs/wire.md").expect("the page");
    let mut sentences: Vec<String> = Vec::new();
    for line in page.lines() {
        let numbered = line.split_once(". ").is_some_and(|(number, _)| number.parse::<usize>().is_ok());
        match sentences.last_mut() {
            _ if numbered => sentences.push(line.to_owned()),
            Some(sentence) if line.starts_with(' ') => sentence.push_str(&format!(" {}", line.trim())),
            _ => {}
        }
    }
    assert!(sentences.len() > 70, "{}", sentences.len());
    let mut wrong = Vec::new();
    for (at, sentence) in sentences.iter().enumerate() {
        if !sentence.starts_with(&format!("{}. ", at + 1)) {
            wrong.push(format!("this is sentence {}: {sentence}", at + 1));
        }
        // Only a convention has nothing to run.
        let Some((_, names)) = sentence.rsplit_once(" [`") else {
            let is_convention = sentence.contains("A code with a dot");
            wrong.extend((!is_convention).then(|| format!("nothing holds {sentence}")));
            continue;
        };
        for name in names.trim_end_matches("`]").split("`, `") {
            if !is_held_by(name) {
                wrong.push(format!("`{name}` is not there, of {}", at + 1));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

fn is_held_by(name: &str) -> bool {
    let vectors = Path::new("tests/vectors");
    match name.split_once("::") {
        Some((file, test)) => {
            let source = fs::read_to_string(Path::new("tests").join(file).with_extension("rs"));
            source.is_ok_and(|source| source.contains(&format!("fn {test}")))
        }
        None if name.ends_with(".json") => vectors.join(name).is_file(),
        None => vectors.join("scripts").join(name).with_extension("json").is_file(),
    }
}
