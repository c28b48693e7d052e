//! The check of a game against its lock.

use super::{GAME, WRITTEN};
use crate::protocol::describe::ChannelShape;
use crate::protocol::lock::change::{added, changed, removed, same_path};
use crate::protocol::lock::line::Entry;
use crate::protocol::lock::text::{joined, read};
use crate::protocol::lock::{Lock, Section, Types, channel, rest};

fn lock(text: &str) -> Lock<'static> {
    let sections = read(&format!("version 1\n{text}")).into_iter().flatten();
    let leaked = |text: String| &*String::leak(text);
    let sections = sections.map(|section| Section {
        header: leaked(section.header),
        lines: leaked(joined(&section.lines)),
        sum: 0,
    });
    Lock { file: "x.lock", command: "accept", sections: Vec::leak(sections.collect()) }
}

fn said(text: &str) -> Vec<String> {
    said_of(&GAME, text)
}

/// Everything that the checks report for a channel and this lock, line by line, without the text around the changes.
pub(super) fn said_of(shape: &ChannelShape, text: &str) -> Vec<String> {
    let (lock, channels) = (lock(text), std::slice::from_ref(shape));
    let texts = [channel(&lock, shape), rest(&lock, channels, &Types::of(channels))];
    let texts: Vec<String> = texts.into_iter().flatten().map(|text| text.as_str().to_owned()).collect();
    texts.iter().flat_map(|text| text.lines()).filter_map(|line| line.strip_prefix("  ")).map(Into::into).collect()
}

#[test]
fn a_lock_of_what_there_is_says_nothing_in_whatever_order_it_stands() {
    assert_eq!(said(WRITTEN), [""; 0]);
    let mut sections: Vec<Vec<&str>> = WRITTEN.split("\n\n").map(|section| section.trim().lines().collect()).collect();
    for section in &mut sections {
        section[1..].reverse();
    }
    sections.reverse();
    let turned: Vec<String> = sections.iter().map(|lines| lines.join("\n")).collect();
    assert_eq!(said(&turned.join("\n\n")), [""; 0]);
}

#[test]
fn a_lock_of_nothing_knows_no_channel_and_no_type() {
    assert_eq!(said(""), ["fine: the channel is new", "fine: `type Piece` is new"]);
}

#[test]
fn every_line_that_is_missing_and_every_line_too_many_is_told_once() {
    for line in WRITTEN.lines().filter(|line| !line.is_empty()) {
        let without = said(&WRITTEN.replacen(&format!("{line}\n"), "", 1));
        // Without the first line of a section, its lines belong to the section before it; without the line of a message, its lines
        // belong to the message that was removed.
        if !line.starts_with("channel ") && !line.starts_with("type ") {
            let count = without.iter().filter(|change| change.contains(&format!("`{line}`"))).count();
            assert_eq!((count, without.len()), (1, 1), "{line}: {without:?}");
        }
    }
    for (more, behind) in [("> resign", "> (binary)"), ("< moved by: string", "< moved"), ("> | queen", "> | man")] {
        let with = said(&WRITTEN.replacen(&format!("{behind}\n"), &format!("{behind}\n{more}\n"), 1));
        assert_eq!(with.len(), 1, "{with:?}");
        assert!(with[0].contains(&format!("`{more}` is gone")), "{with:?}");
    }
}

#[test]
fn a_message_that_comes_or_goes_is_told_without_its_fields() {
    let is_of_move = |line: &str| line.starts_with("> move") || line.starts_with("< move (answer)");
    let without: String = WRITTEN.lines().filter(|line| !is_of_move(line)).flat_map(|line| [line, "\n"]).collect();
    assert_eq!(said(&without), ["fine: `> move` is new"]);
    let more = "> move to: string\n> resign\n> resign at: u8\n> resign why: string\n< resign (answer): moved\n";
    let with = said(&WRITTEN.replace("> move to: string\n", more));
    assert_eq!(with, ["breaks: `> resign` is gone, and old clients still say it"]);
}

#[test]
fn a_parameter_of_another_name_is_another_channel_to_nobody() {
    let said = said(&WRITTEN.replace("/game/:id\n/ id", "/game/:game_id\n/ game_id"));
    assert_eq!(said.len(), 3, "{said:?}");
    assert!(said.iter().all(|change| !change.starts_with("breaks")), "{said:?}");
    for (a, b, same) in [
        ("/game/:id", "/game/:game", true),
        ("/game/:id", "/game/lobby", false),
        ("/game/:id", "/game/:id/seat", false),
        ("/:a/b", "/:c/b", true),
        ("/", "/", true),
        ("/a", "/b", false),
    ] {
        assert_eq!(same_path(a, b), same, "{a} {b}");
        assert_eq!(same_path(b, a), same, "{b} {a}");
    }
}

#[test]
fn a_file_that_somebody_spoiled_makes_no_check_panic() {
    for line in ["", ">", ": ", "é:é", "> é: ü", "?:", "channel", "<", "> | ", "/", "> move from?", "> a b c: d"] {
        let entry = Entry::read(line);
        for of_channel in [true, false] {
            _ = (added(entry, of_channel, false), removed(entry, of_channel), changed(entry, entry, of_channel));
        }
        let _ = said(&WRITTEN.replace("> move from: string", line));
    }
}
