//! Where the built examples are.

use std::path::PathBuf;

/// It lies beside the directory of the tests' own programs.
pub fn built(name: &str) -> PathBuf {
    let this = std::env::current_exe().expect("this test has a path");
    let build = this.parent().and_then(|deps| deps.parent()).expect("target/debug/deps");
    build.join("examples").join(name).with_extension(std::env::consts::EXE_EXTENSION)
}
