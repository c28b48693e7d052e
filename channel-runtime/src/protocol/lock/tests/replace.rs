//! Several files, replaced as a whole or not at all.

use std::fs;

use crate::protocol::lock::replace::{Replacement, replace};

#[test]
fn what_was_replaced_before_a_failure_is_put_back() {
    let directory = tempfile::tempdir().unwrap();
    let path = |name: &str| directory.path().join(name);
    fs::write(path("old"), "before").unwrap();
    // A file can't take the place of a folder, which is noticed only then.
    fs::create_dir(path("folder")).unwrap();
    fs::write(path("folder/inside"), "").unwrap();
    let files = [("old", Some("before")), ("new", None), ("folder", None), ("last", None)]
        .map(|(name, old)| Replacement { path: path(name), old, new: "after" });
    let (at, _) = replace(&files).unwrap_err();
    assert_eq!(at, 2);
    assert_eq!(fs::read_to_string(path("old")).unwrap(), "before");
    let mut left: Vec<_> = fs::read_dir(directory.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    left.sort();
    assert_eq!(left, ["folder", "old"]);
}

#[cfg(unix)]
#[test]
fn a_link_stays_one() {
    let directory = tempfile::tempdir().unwrap();
    let path = |name: &str| directory.path().join(name);
    fs::write(path("there"), "before").unwrap();
    std::os::unix::fs::symlink(path("there"), path("here")).unwrap();
    assert!(replace(&[Replacement { path: path("here"), old: Some("before"), new: "after" }]).is_ok());
    assert_eq!(fs::read_to_string(path("there")).unwrap(), "after");
    assert!(fs::symlink_metadata(path("here")).unwrap().is_symlink());
}
