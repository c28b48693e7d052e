//! Several files, replaced as a whole or not at all.

use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// A file that is written anew.
pub struct Replacement<'a> {
    pub path: PathBuf,
    /// What is in it now. `None` if it does not exist.
    pub old: Option<&'a str>,
    pub new: &'a str,
}

/// Writes all files beside their places, then renames them. If one can't be written, the others are as before. Folders that are missing
/// are made.
///
/// # Errors
/// The place of the file in the list, and why it can't be written.
pub fn replace(files: &[Replacement]) -> Result<(), (usize, io::Error)> {
    let mut beside = Vec::new();
    for (at, file) in files.iter().enumerate() {
        beside.push(Beside::write(&file.path, file.new).map_err(|error| (at, error))?);
    }
    for (at, written) in beside.into_iter().enumerate() {
        if let Err(error) = written.take_place() {
            files[..at].iter().for_each(put_back);
            return Err((at, error));
        }
    }
    Ok(())
}

fn put_back(file: &Replacement) {
    // That the first error is reported is all that can be done about a second one.
    let _ = match file.old {
        Some(old) => Beside::write(&file.path, old).and_then(Beside::take_place),
        None => fs::remove_file(&file.path),
    };
}

/// A new file beside the one that it is to replace; removed if it does not come to that.
struct Beside {
    path: PathBuf,
    place: PathBuf,
}

impl Beside {
    fn write(place: &Path, text: &str) -> io::Result<Self> {
        if let Some(folder) = place.parent() {
            fs::create_dir_all(folder)?;
        }
        // A link stays one.
        let place = fs::canonicalize(place).unwrap_or_else(|_| place.to_owned());
        let mut name = place.file_name().map(OsString::from).unwrap_or_default();
        name.push(format!(".{}.new", std::process::id()));
        let beside = Self { path: place.with_file_name(name), place };
        fs::write(&beside.path, text)?;
        Ok(beside)
    }

    fn take_place(self) -> io::Result<()> {
        fs::rename(&self.path, &self.place)
    }
}

impl Drop for Beside {
    fn drop(&mut self) {
        // Usually it has been renamed.
        let _ = fs::remove_file(&self.path);
    }
}
