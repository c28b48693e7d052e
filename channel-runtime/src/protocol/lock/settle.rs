//! The lock and the generated files, written or compared by a program whose environment asks for it.

use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::{env, fs};

use super::check;
use super::fingerprint::fingerprint;
use super::generated::{Generated, Generator};
use super::older::former;
use super::replace::{Replacement, replace};
use super::section::{Lock, Section};
use super::text::{Written, joined, read, sections, write};
use super::types::Types;
use crate::protocol::describe::{ChannelShape, describe};

/// What each generated file has in it, so that no other file is replaced.
const MARKS: [&str; 2] = ["// Made from Rust by channel-runtime: change the Rust.", "\"x-channels-fingerprint\""];

/// The files that `channels![..]` names.
#[derive(Clone, Copy, Debug)]
pub struct Files<'a> {
    /// The channels of the list.
    pub channels: &'a [ChannelShape],
    /// The package's directory, at which the names of the files begin.
    pub root: &'a str,
    /// The lock. `None` if none is named.
    pub lock: Option<&'a str>,
    /// The generated files.
    pub generated: &'a [Generated<'a>],
    /// `None` without the feature `contract`.
    pub generator: Option<Generator>,
    /// The command that writes the files.
    pub command: &'a str,
    /// Whether the list stands in a unit test.
    pub in_test: bool,
}

/// Writes or compares the files if the environment asks for it. Then it ends the process, unless this is a unit test.
///
/// # Panics
/// In a unit test, if a file can't be read or written, or differs.
pub fn settle(files: &Files) {
    let settled = match env::var("CHANNELS_LOCK").as_deref() {
        Ok("accept") => accept(files),
        Ok("check") => compare(files),
        _ => return,
    };
    // This bypasses the capture of a test's output. A closed stream is no reason to fail.
    let say = |text: &str| drop(io::stderr().write_all(text.as_bytes()));
    match settled {
        Ok(ref said) => say(said),
        Err(ref error) if files.in_test => panic!("{error}"),
        Err(ref error) => say(error),
    }
    if !files.in_test {
        std::process::exit(settled.is_err().into());
    }
}

/// A file as it is and as it should be.
struct File<'a> {
    name: &'a str,
    path: PathBuf,
    /// `None` if it does not exist.
    old: Option<String>,
    new: String,
}

impl<'a> File<'a> {
    fn read(files: &Files, name: &'a str) -> Result<Self, String> {
        let path = Path::new(files.root).join(name);
        let old = match fs::read_to_string(&path) {
            Ok(text) => Some(text),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => return Err(format!("`{name}` can't be read: {error}\n")),
        };
        Ok(Self { name, path, old, new: String::new() })
    }

    /// A checkout may have other line ends.
    fn is_as_it_should_be(&self) -> bool {
        self.old.as_ref().is_some_and(|old| without_returns(old) == without_returns(&self.new))
    }

    fn replacement(&self) -> Replacement<'_> {
        Replacement { path: self.path.clone(), old: self.old.as_deref(), new: &self.new }
    }
}

fn without_returns(text: &str) -> String {
    text.replace('\r', "")
}

/// Writes what has changed.
///
/// # Errors
/// Why nothing is written.
pub(super) fn accept(files: &Files) -> Result<String, String> {
    // The tests of one program run in parallel, and each may list the channels.
    static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
    let _one = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    let (lock, changes) = lock(files)?.unzip();
    let generated = generated(files)?;
    let is_foreign = |file: &&File| file.old.as_ref().is_some_and(|old| !old.trim().is_empty() && !is_marked(old));
    if let Some(File { name, .. }) = generated.iter().find(is_foreign) {
        return Err(format!(
            "`{name}` was not generated, and is not replaced: move it away, or give the generated file another name\n"
        ));
    }
    let all: Vec<File> = lock.into_iter().chain(generated).collect();
    let changed: Vec<&File> = all.iter().filter(|file| !file.is_as_it_should_be()).collect();
    let replacements: Vec<Replacement> = changed.iter().map(|file| file.replacement()).collect();
    replace(&replacements).map_err(|(at, error)| {
        format!("`{}` could not be written, and nothing is changed: {error}\n", changed[at].name)
    })?;
    if changed.is_empty() {
        return Ok(format!("{} what the channels say: nothing to accept\n", say(&all)));
    }
    let said = changed.iter().map(|file| {
        let is_lock = files.lock == Some(file.name);
        let changes = changes.as_ref().filter(|_| is_lock).and_then(Option::as_deref);
        let anew = if is_lock { changes.is_some() } else { file.old.is_some() };
        format!("`{}` is written{}\n{}", file.name, if anew { " anew" } else { "" }, changes.unwrap_or_default())
    });
    Ok(said.collect())
}

/// Compares all files, docs too.
///
/// # Errors
/// The first difference of each file.
pub(super) fn compare(files: &Files) -> Result<String, String> {
    let lock = lock(files)?.map(|(lock, _)| lock);
    let all: Vec<File> = lock.into_iter().chain(generated(files)?).collect();
    let differences: String = all.iter().filter(|file| !file.is_as_it_should_be()).map(difference).collect();
    if differences.is_empty() {
        return Ok(format!("{} what the channels say\n", say(&all)));
    }
    Err(format!("{differences}write what the channels say: {}\n", files.command))
}

fn difference(File { name, old, new, .. }: &File) -> String {
    let Some(old) = old else { return format!("there is no `{name}`\n") };
    let (old, new) = (without_returns(old), without_returns(new));
    let differs = |(_, (old, new)): &(usize, (&str, &str))| old != new;
    let mut differences = old.split('\n').zip(new.split('\n')).enumerate().filter(differs).map(|(at, _)| at);
    let shorter = old.split('\n').count().min(new.split('\n').count());
    let mut at = differences.next().unwrap_or(shorter);
    // The first line has the hash of the contents, so another one says more.
    if at == 0 && old.starts_with(MARKS[0]) && new.starts_with(MARKS[0]) && without_first(&old) != without_first(&new) {
        at = differences.next().unwrap_or(shorter);
    }
    let [old, new] = [&old, &new].map(|text| match text.split('\n').nth(at) {
        Some(line) => format!("`{line}`"),
        None => "nothing".into(),
    });
    format!(
        "`{name}` is not what the channels say, first in line {}\n  it is        {old}\n  it should be {new}\n",
        at + 1
    )
}

fn without_first(text: &str) -> &str {
    text.split_once('\n').map_or("", |(_, rest)| rest)
}

/// ``"`channels.lock` and `web/channels.ts` say"``
fn say(all: &[File]) -> String {
    let names: Vec<String> = all.iter().map(|file| format!("`{}`", file.name)).collect();
    match &names[..] {
        [one] => format!("{one} says"),
        [first @ .., last] => format!("{} and {last} say", first.join(", ")),
        [] => String::new(),
    }
}

fn is_marked(text: &str) -> bool {
    MARKS.iter().any(|mark| text.contains(mark))
}

fn generated<'a>(files: &Files<'a>) -> Result<Vec<File<'a>>, String> {
    if files.generated.is_empty() {
        return Ok(Vec::new());
    }
    let Some(generator) = files.generator else {
        return Err("to generate files needs the feature `contract` of channel-runtime\n".into());
    };
    let description = describe(files.channels, fingerprint(files.channels));
    let generate = |generated: &Generated<'a>| {
        let new = generator(&description, generated)
            .map_err(|error| format!("`{}` can't be generated, and nothing is changed: {error}\n", generated.file))?;
        Ok(File { new, ..File::read(files, generated.file)? })
    };
    files.generated.iter().map(generate).collect()
}

/// The lock, and what has changed. The latter is `None` if there is no lock that the channels can be compared with.
fn lock<'a>(files: &Files<'a>) -> Result<Option<(File<'a>, Option<String>)>, String> {
    let Some(name) = files.lock else { return Ok(None) };
    let types = Types::of(files.channels);
    if types.clash.is_some() || types.too_many || types.hides_some {
        let lock = Lock { file: name, command: files.command, sections: &[] };
        let error = check::rest(&lock, files.channels, &types).map(|text| text.as_str().to_owned());
        return Err(format!("`{name}` can't be written: {}\n", error.unwrap_or_default()));
    }
    let mut file = File::read(files, name)?;
    let old = file.old.as_deref().and_then(read);
    let mut new = sections(files.channels);
    if let Some(old) = &old {
        for shape in files.channels {
            if let Some(at) = check::place_of(&new, |section| &section.header, shape) {
                new[at].former = former(shape, old);
            }
        }
    }
    let changes = old.map(|old| changes(files, name, &types, &old));
    file.new = write(&new, files.command);
    Ok(Some((file, changes)))
}

fn changes(files: &Files, name: &str, types: &Types, old: &[Written]) -> String {
    let lines: Vec<String> = old.iter().map(|section| joined(&section.lines)).collect();
    let sections: Vec<Section> =
        old.iter().zip(&lines).map(|(section, lines)| Section { header: &section.header, lines, sum: 0 }).collect();
    let lock = Lock { file: name, command: files.command, sections: &sections };
    let found = files.channels.iter().filter_map(|shape| check::channel(&lock, shape));
    let found = found.chain(check::rest(&lock, files.channels, types));
    let texts = found.map(|text| {
        let (said, _) = text.as_str().rsplit_once('\n').unwrap_or((text.as_str(), ""));
        format!("{said}\n")
    });
    texts.collect()
}
