//! The lock and the generated files: written as a whole or not at all, and compared.

use std::path::Path;
use std::sync::Barrier;
use std::{fs, thread};

use super::{GAME, WRITTEN};
use crate::protocol::describe::{ChannelShape, Description};
use crate::protocol::lock::settle::{accept, compare};
use crate::protocol::lock::{Files, Generated, Kind, made_of, needs_generator, settle, sum};

const MARK: &str = "// Made from Rust by channel-runtime: change the Rust.";

const CLIENT: Generated = Generated { file: "web/x.ts", kind: Kind::TypeScript, client: "x.ts", bigint: false };

const SCHEMAS: Generated = Generated { file: "x.json", kind: Kind::Schemas, ..CLIENT };

/// The text of a file, from all that it may depend on.
fn generate(description: &Description, of: &Generated) -> Result<String, String> {
    if description.channels.is_empty() {
        return Err("there are no channels".into());
    }
    let sends: Vec<_> = description.channels[0].to_client.iter().map(|message| message.wire_type.clone()).collect();
    Ok(format!("{MARK} {}\n{:?} {}\nsends {sends:?}\n", description.fingerprint, of.kind, of.bigint))
}

fn files<'a>(root: &'a Path, channels: &'a [ChannelShape], generated: &'a [Generated]) -> Files<'a> {
    Files {
        channels,
        root: root.to_str().unwrap(),
        lock: Some("x.lock"),
        generated,
        generator: Some(generate),
        command: "accept",
        in_test: false,
    }
}

fn lock(root: &Path, channels: &[ChannelShape]) -> Result<String, String> {
    accept(&files(root, channels, &[]))
}

/// All files below the directory, with their texts.
fn all(root: &Path) -> Vec<(String, String)> {
    let entries = fs::read_dir(root).unwrap().map(|entry| entry.unwrap().path());
    let mut all: Vec<_> = entries
        .flat_map(|path| {
            let name = path.file_name().unwrap().to_str().unwrap().to_owned();
            match path.is_dir() {
                true => self::all(&path).into_iter().map(|(file, text)| (format!("{name}/{file}"), text)).collect(),
                false => vec![(name, fs::read_to_string(&path).unwrap())],
            }
        })
        .collect();
    all.sort();
    all
}

fn silent() -> ChannelShape {
    ChannelShape { to_client: &[], ..GAME }
}

#[test]
fn an_accepted_lock_is_written_and_says_what_has_changed() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("x.lock");
    let accept = |channels: &[ChannelShape]| lock(directory.path(), channels).unwrap();

    assert_eq!(accept(&[GAME]), "`x.lock` is written\n");
    let text = fs::read_to_string(&path).unwrap();
    let (comment, lines) = text.split_once("version 1\n").unwrap();
    assert!(comment.lines().all(|line| line.starts_with('#')) && comment.contains("accept"), "{comment}");
    assert_eq!(lines, WRITTEN);
    assert_eq!(accept(&[GAME]), "`x.lock` says what the channels say: nothing to accept\n");

    let said = accept(&[silent()]);
    assert!(said.starts_with("`x.lock` is written anew\n"), "{said}");
    assert!(said.contains("breaks: `< moved` is gone"), "{said}");
    assert!(!fs::read_to_string(&path).unwrap().contains("< moved\n"));
    assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 1, "nothing is left beside it");
}

#[test]
fn what_is_written_in_another_way_is_replaced_and_not_compared() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("x.lock");
    for text in ["", "version 3\nchannel /game/:id\n", "<<<<<<< HEAD\n", "\u{0}"] {
        fs::write(&path, text).unwrap();
        assert_eq!(lock(directory.path(), &[GAME]).unwrap(), "`x.lock` is written\n", "{text}");
        assert!(fs::read_to_string(&path).unwrap().ends_with(WRITTEN), "{text}");
    }
}

#[test]
fn tests_that_run_beside_one_another_accept_a_change_together() {
    const AT_ONCE: usize = 8;
    let directory = tempfile::tempdir().unwrap();
    for round in 0..200 {
        let channels = if round % 2 == 0 { &[GAME][..] } else { &[] };
        let begin = Barrier::new(AT_ONCE);
        let said: Vec<String> = thread::scope(|scope| {
            let accept = || {
                begin.wait();
                lock(directory.path(), channels).unwrap()
            };
            let threads: Vec<_> = (0..AT_ONCE).map(|_| scope.spawn(accept)).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        assert_eq!(said.iter().filter(|said| said.contains("is written")).count(), 1, "{said:?}");
    }
}

#[test]
fn generated_files_are_written_with_the_lock_and_folders_are_made() {
    let directory = tempfile::tempdir().unwrap();
    let root = directory.path();
    let accept = |channels: &[ChannelShape]| accept(&files(root, channels, &[CLIENT, SCHEMAS])).unwrap();
    assert_eq!(accept(&[GAME]), "`x.lock` is written\n`web/x.ts` is written\n`x.json` is written\n");
    let names: Vec<_> = all(root).into_iter().map(|(name, _)| name).collect();
    assert_eq!(names, ["web/x.ts", "x.json", "x.lock"], "nothing is left beside them");
    let nothing = "`x.lock`, `web/x.ts` and `x.json` say what the channels say: nothing to accept\n";
    assert_eq!(accept(&[GAME]), nothing);

    let said = accept(&[silent()]);
    assert!(said.starts_with("`x.lock` is written anew\n") && said.contains("`< moved` is gone"), "{said}");
    assert!(said.ends_with("`web/x.ts` is written anew\n`x.json` is written anew\n"), "{said}");

    fs::remove_file(root.join("web/x.ts")).unwrap();
    assert_eq!(accept(&[silent()]), "`web/x.ts` is written\n");
}

#[test]
fn a_list_may_have_a_client_and_no_lock() {
    let directory = tempfile::tempdir().unwrap();
    let (channels, generated) = ([GAME], [CLIENT]);
    let files = Files { lock: None, ..files(directory.path(), &channels, &generated) };
    assert_eq!(accept(&files).unwrap(), "`web/x.ts` is written\n");
    assert_eq!(compare(&files).unwrap(), "`web/x.ts` says what the channels say\n");
}

#[test]
fn if_one_file_can_t_be_written_none_is() {
    let directory = tempfile::tempdir().unwrap();
    let root = directory.path();
    let (channels, generated) = ([GAME], [CLIENT, SCHEMAS]);
    accept(&files(root, &channels, &generated)).unwrap();
    let before = all(root);

    // No description is generated.
    let refused = accept(&files(root, &[], &generated)).unwrap_err();
    assert_eq!(refused, "`web/x.ts` can't be generated, and nothing is changed: there are no channels\n");
    assert_eq!(all(root), before);

    // A folder is a file.
    let hindered = [CLIENT, Generated { file: "x.json/y.json", ..SCHEMAS }];
    let refused = accept(&files(root, &[silent()], &hindered)).unwrap_err();
    assert!(refused.starts_with("`x.json/y.json` "), "{refused}");
    assert_eq!(all(root), before);

    // A file is a folder.
    fs::create_dir(root.join("z.json")).unwrap();
    let hindered = [CLIENT, Generated { file: "z.json", ..SCHEMAS }];
    let refused = accept(&files(root, &[silent()], &hindered)).unwrap_err();
    assert!(refused.starts_with("`z.json` can't be read"), "{refused}");
    assert_eq!(all(root), before);
}

#[test]
fn a_file_that_was_not_generated_is_not_replaced() {
    let directory = tempfile::tempdir().unwrap();
    let root = directory.path();
    fs::create_dir(root.join("web")).unwrap();
    fs::write(root.join("web/x.ts"), "export const mine = 1\n").unwrap();
    let before = all(root);
    let refused = accept(&files(root, &[GAME], &[CLIENT])).unwrap_err();
    assert!(refused.starts_with("`web/x.ts` was not generated, and is not replaced"), "{refused}");
    assert_eq!(all(root), before);
    for generated in [String::new(), "\n".into(), format!("<<<<<<< HEAD\n{MARK}\n")] {
        fs::write(root.join("web/x.ts"), generated).unwrap();
        accept(&files(root, &[GAME], &[CLIENT])).unwrap();
        fs::write(root.join("web/x.ts"), MARK).unwrap();
    }
}

#[test]
fn a_comparison_says_the_first_difference_of_each_file() {
    let directory = tempfile::tempdir().unwrap();
    let root = directory.path();
    let (channels, generated) = ([GAME], [CLIENT, SCHEMAS]);
    let compare = || compare(&files(root, &channels, &generated));
    let missing =
        "there is no `x.lock`\nthere is no `web/x.ts`\nthere is no `x.json`\nwrite what the channels say: accept\n";
    assert_eq!(compare().unwrap_err(), missing);
    assert_eq!(all(root), [], "it writes nothing");

    accept(&files(root, &channels, &generated)).unwrap();
    assert_eq!(compare().unwrap(), "`x.lock`, `web/x.ts` and `x.json` say what the channels say\n");

    let path = root.join("web/x.ts");
    let written = fs::read_to_string(&path).unwrap();
    let first = written.lines().next().unwrap();
    let (other_first, said_first) = (written.replacen('\n', " 7\n", 1), [format!("`{first} 7`"), format!("`{first}`")]);
    for (text, line, is, should_be) in [
        (other_first, 1, &*said_first[0], &*said_first[1]),
        (written.replace("false", "true"), 2, "`TypeScript true`", "`TypeScript false`"),
        (written.clone() + "more", 4, "`more`", "``"),
        // The first line has the hash of the others.
        (written.replace("false", "true").replacen('\n', " 7\n", 1), 2, "`TypeScript true`", "`TypeScript false`"),
        (written.trim_end().to_owned(), 4, "nothing", "``"),
        (written.lines().next().unwrap().to_owned(), 2, "nothing", "`TypeScript false`"),
    ] {
        fs::write(&path, text).unwrap();
        let said = compare().unwrap_err();
        let first = format!("`web/x.ts` is not what the channels say, first in line {line}\n");
        let rest = format!("  it is        {is}\n  it should be {should_be}\nwrite what the channels say: accept\n");
        assert_eq!(said, first + &rest);
    }
}

#[test]
fn other_line_ends_of_a_checkout_are_no_difference_and_stay() {
    let directory = tempfile::tempdir().unwrap();
    let root = directory.path();
    let (channels, generated) = ([GAME], [CLIENT, SCHEMAS]);
    let files = files(root, &channels, &generated);
    accept(&files).unwrap();
    for (name, text) in all(root) {
        fs::write(root.join(name), text.replace('\n', "\r\n")).unwrap();
    }
    let before = all(root);
    assert!(compare(&files).is_ok());
    assert!(accept(&files).unwrap().ends_with("nothing to accept\n"));
    assert_eq!(all(root), before);
}

#[test]
fn without_the_feature_a_client_is_no_file() {
    let directory = tempfile::tempdir().unwrap();
    let (channels, generated) = ([GAME], [CLIENT]);
    let files = Files { generator: None, ..files(directory.path(), &channels, &generated) };
    for refused in [accept(&files), compare(&files)] {
        assert_eq!(refused.unwrap_err(), "to generate files needs the feature `contract` of channel-runtime\n");
    }
    assert_eq!(all(directory.path()), []);
}

#[test]
fn a_file_of_another_wire_is_an_error_with_its_fingerprint() {
    let now = sum(&[GAME]);
    assert!(made_of(&[GAME], now, now, "web/x.ts", "accept").is_none());
    let said = made_of(&[GAME], now, 0xab, "web/x.ts", "accept").unwrap();
    let text = "`web/x.ts` was made of another wire, 00000000000000ab\n\
                if the wire is as it is meant, write the file anew: accept";
    assert_eq!(said.as_str(), text);
    // Errors of the channel itself are told first, and alone.
    assert!(made_of(&[ChannelShape { is_whole: false, ..GAME }], now, 0xab, "web/x.ts", "accept").is_none());
}

#[test]
fn a_crate_without_the_feature_says_how_to_add_it() {
    assert!(needs_generator(Some(generate), "accept").is_none());
    let said = needs_generator(None, "accept").unwrap();
    assert!(said.as_str().ends_with("add it for this once: accept --features channel-runtime/contract"));
}

/// Runs this test again in a process of its own, as `CHANNELS_LOCK=accept cargo run` runs a program.
#[test]
fn the_environment_asks_and_the_program_ends() {
    const ROOT: &str = "PATH_OF_THE_LOCK";
    if let Some(root) = std::env::var_os(ROOT) {
        settle(&files(Path::new(&root), &[GAME], &[CLIENT]));
        panic!("the program goes on");
    }
    let directory = tempfile::tempdir().unwrap();
    let root = directory.path();
    let program = |asked: &str| {
        let output = std::process::Command::new(std::env::current_exe().unwrap())
            .args(["protocol::lock::tests::settle::the_environment_asks_and_the_program_ends", "--exact"])
            .env(ROOT, root)
            .env("CHANNELS_LOCK", asked)
            .output()
            .unwrap();
        (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
    };
    assert_eq!(program("no").0, Some(101), "it goes on, and changes nothing");
    assert_eq!(program("check").0, Some(1));
    assert_eq!(all(root), []);
    let (code, said) = program("accept");
    assert!(code == Some(0) && said.contains("`x.lock` is written\n`web/x.ts` is written"), "{code:?} {said}");
    assert!(fs::read_to_string(root.join("x.lock")).unwrap().ends_with(WRITTEN));
    let (code, said) = program("check");
    assert!(code == Some(0) && said.contains("`x.lock` and `web/x.ts` say what the channels say"), "{code:?} {said}");
    fs::write(root.join("web/x.ts"), MARK).unwrap();
    let (code, said) = program("check");
    assert!(code == Some(1) && said.contains("`web/x.ts` is not what the channels say"), "{code:?} {said}");
}
