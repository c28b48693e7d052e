//! The pages in `docs` name tests: each of them is there.

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
