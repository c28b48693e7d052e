//! The lock file and its rewriting.

use std::sync::Barrier;
use std::{fs, thread};

use super::{GAME, WRITTEN};
use crate::protocol::describe::ChannelShape;
use crate::protocol::lock::file::{accept, rewrite};

#[test]
fn an_accepted_lock_is_written_and_says_what_has_changed() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("x.lock");
    let accept = |channels: &[ChannelShape]| rewrite(channels, &path, "x.lock", "accept").unwrap();

    assert_eq!(accept(&[GAME]), "`x.lock` is written\n");
    let text = fs::read_to_string(&path).unwrap();
    let (comment, lines) = text.split_once("version 1\n").unwrap();
    assert!(comment.lines().all(|line| line.starts_with('#')) && comment.contains("accept"), "{comment}");
    assert_eq!(lines, WRITTEN);
    assert_eq!(accept(&[GAME]), "`x.lock` says what the channels say: nothing to accept\n");

    let changed = ChannelShape { to_client: &[], ..GAME };
    let said = accept(&[changed]);
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
        assert_eq!(rewrite(&[GAME], &path, "x.lock", "accept").unwrap(), "`x.lock` is written\n", "{text}");
        assert!(fs::read_to_string(&path).unwrap().ends_with(WRITTEN), "{text}");
    }
}

#[test]
fn tests_that_run_beside_one_another_accept_a_change_together() {
    const AT_ONCE: usize = 8;
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("x.lock");
    for round in 0..200 {
        let channels = if round % 2 == 0 { &[GAME][..] } else { &[] };
        let begin = Barrier::new(AT_ONCE);
        let said: Vec<String> = thread::scope(|scope| {
            let accept = || {
                begin.wait();
                rewrite(channels, &path, "x.lock", "accept").unwrap()
            };
            let threads: Vec<_> = (0..AT_ONCE).map(|_| scope.spawn(accept)).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        assert_eq!(said.iter().filter(|said| said.contains("is written")).count(), 1, "{said:?}");
    }
}

/// Runs this test again in a process of its own, as `CHANNELS_LOCK=accept cargo run` runs a program.
#[test]
fn accepting_writes_the_file_and_ends_the_program() {
    const PATH: &str = "PATH_OF_THE_LOCK";
    if let Some(path) = std::env::var_os(PATH) {
        accept(&[GAME], path.to_str().unwrap(), "x.lock", "accept", false);
        panic!("the program goes on");
    }
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("x.lock");
    let program = |asked: &str| {
        std::process::Command::new(std::env::current_exe().unwrap())
            .args(["protocol::lock::tests::file::accepting_writes_the_file_and_ends_the_program", "--exact"])
            .env(PATH, &path)
            .env("CHANNELS_LOCK", asked)
            .output()
            .unwrap()
    };
    assert!(!program("no").status.success(), "it goes on, and changes nothing");
    assert!(!path.exists());
    let accepted = program("accept");
    assert!(accepted.status.success(), "{accepted:?}");
    assert!(String::from_utf8_lossy(&accepted.stderr).contains("`x.lock` is written"), "{accepted:?}");
    assert!(fs::read_to_string(&path).unwrap().ends_with(WRITTEN));
}
