//! Each mistake in `errors/` is told in one clear error, at the token to change. After a change to an error's words,
//! `TRYBUILD=overwrite cargo test --test errors` writes the texts anew, for a human to read, and the list of them in
//! `docs/mistakes.md`.

#[path = "errors/list.rs"]
mod list;

use std::fs;
use std::path::Path;

#[test]
fn every_mistake_has_its_error() {
    copy_files();
    // Checks when it is dropped.
    drop({
        let cases = trybuild::TestCases::new();
        cases.compile_fail("tests/errors/*/*.rs");
        cases
    });
    list::is_up_to_date();
}

#[test]
fn the_readme_shows_a_real_one() {
    let error = fs::read_to_string("tests/errors/sends/from_outside.stderr").unwrap();
    let error = error.replace("tests/errors/sends/from_outside.rs", "src/main.rs");
    assert!(fs::read_to_string("README.md").unwrap().contains(&error), "the README's error is not this:\n{error}");
}

/// A lock and a generated file stand beside the manifest, and the package that trybuild makes has its own.
fn copy_files() {
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().expect("the directory lies in cargo's own");
    let package = target.join("tests/trybuild").join(env!("CARGO_PKG_NAME"));
    fs::create_dir_all(&package).unwrap();
    for entry in fs::read_dir("tests/errors/lock").unwrap().map(Result::unwrap) {
        if entry.path().extension().is_some_and(|extension| extension != "rs" && extension != "stderr") {
            fs::copy(entry.path(), package.join(entry.file_name())).unwrap();
        }
    }
}
