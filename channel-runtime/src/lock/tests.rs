//! What a change of a line means, and what becomes of the file.

use std::sync::Barrier;
use std::{fs, thread};

use super::change::{Verdict, added, changed, removed, same_path};
use super::check::{Lock, Section};
use super::cover::covers;
use super::file::{accept, read, rewrite};
use super::fingerprint::{fingerprint, section, sum};
use super::line::{Entry, Line};
use super::lines::Lines;
use super::{Types, channel, rest};
use crate::describe::{
    AnswerKind, AnswerShape, ChannelShape, Content, Definition, Field, Kind, MessageShape, Param, Tagging, Type,
    Variant,
};

const TEXT: Type = Type::Text { format: None };
const U8: Type = Type::Integer { signed: false, bits: 8 };

static MOVE: MessageShape = MessageShape {
    wire_type: "move",
    docs: "",
    content: Content::Plain { texts: "to from piece \0\0Where it stands.\0", types: &[TEXT, TEXT, PIECE] },
    rate: None,
};

const PIECE: Type = Type::Named(&Definition {
    name: "Piece",
    module: "game",
    arguments: &[],
    docs: "",
    kind: Kind::Enum {
        tagging: Tagging::Adjacent { tag: "kind", content: "of" },
        variants: &[
            Variant::new("man", Content::Unit),
            Variant::new("king", Content::Fields { fields: &[Field::new("crowns", U8)], closed: true }),
        ],
    },
});

static GAME: ChannelShape = ChannelShape {
    name: "Game",
    docs: "",
    pattern: "/game/:id",
    params: &[Param { name: "id", docs: "", ty: U8 }],
    rooms: &[],
    from_client: &[MOVE, MessageShape::unit("a name: 50% odd", "")],
    answers: &[AnswerShape { optional: true, ..AnswerShape::of(AnswerKind::One("moved")) }, AnswerShape::UNKNOWN],
    to_client: &[MessageShape::unit("moved", "")],
    hears_binary: true,
    says_binary: false,
    hooks: &["on_binary"],
    is_whole: true,
};

const WRITTEN: &str = "
channel /game/:id
/ id: u8
> (binary)
> a%20name%3A%2050%25%20odd
> move
> move from: string
> move piece: Piece
> move to: string
< move (answer): moved | nothing
< moved

type Piece
> |: adjacent kind of
> | king
> | king *: no other keys
> | king crowns: u8
> | man
";

/// A lock of this text, leaked.
fn lock(text: &str) -> Lock<'static> {
    let text = &*String::leak(format!("version 1\n{text}"));
    let sections = read(text).into_iter().flatten();
    let sections = sections.map(|(header, lines)| Section { header, lines: String::leak(lines), sum: 0 });
    Lock { file: "x.lock", command: "accept", sections: Vec::leak(sections.collect()) }
}

/// All that the checks say of the game and this lock, line by line, without what stands around the changes.
fn said(text: &str) -> Vec<String> {
    let (lock, channels) = (lock(text), std::slice::from_ref(&GAME));
    let texts = [channel(&lock, &GAME), rest(&lock, channels, &Types::of(channels))];
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
fn every_line_that_is_missing_and_every_line_too_many_is_told_once() {
    for line in WRITTEN.lines().filter(|line| !line.is_empty()) {
        let without = said(&WRITTEN.replacen(&format!("{line}\n"), "", 1));
        // With a section's begin the lines behind it belong to another; with a message's, to the message that is gone.
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

fn verdict(old: &str, new: &str) -> Verdict {
    changed(Entry::read(old), Entry::read(new), true).verdict
}

#[test]
fn what_a_client_says_may_become_wider_and_what_it_hears_narrower() {
    use Verdict::{Breaks, Fine, Unclear};
    for (narrow, wide, verdict_of_client, verdict_of_server) in [
        ("u8", "u16", Fine, Fine),
        ("u8", "i16", Fine, Fine),
        ("u32", "f64", Fine, Fine),
        ("f32", "f64", Fine, Fine),
        ("string", "string | null", Fine, Fine),
        ("string(uuid)", "string", Fine, Fine),
        ("[u8]", "[u16]", Fine, Fine),
        ("[u8; 4]", "[u8]", Fine, Fine),
        ("{string: u8}", "{string: u8 | null}", Fine, Fine),
        ("Piece", "any", Fine, Fine),
        ("Piece", "Piece | null", Fine, Fine),
        // One way or the other.
        ("u8", "i8", Breaks, Breaks),
        ("u64", "f64", Breaks, Breaks),
        ("string", "u8", Breaks, Breaks),
        ("[u8; 4]", "[u8; 5]", Breaks, Breaks),
        ("string(date)", "string(uuid)", Breaks, Breaks),
        ("(u8, u8)", "[u8]", Breaks, Breaks),
        ("Piece", "Man", Unclear, Unclear),
        ("opaque Square", "opaque Field", Unclear, Unclear),
        ("[Piece]", "[Man]", Unclear, Unclear),
        ("piece", "man", Unclear, Unclear),
        ("opaque codes", "[opaque more::codes]", Unclear, Unclear),
        ("string(date)", "[string(Uuid)]", Breaks, Breaks),
        ("\"Man\"", "\"King\"", Breaks, Breaks),
    ] {
        let line = |direction: &str, ty: &str| format!("{direction} move from: {ty}");
        assert_eq!(verdict(&line(">", narrow), &line(">", wide)), verdict_of_client, "> {narrow} to {wide}");
        assert_eq!(verdict(&line("<", wide), &line("<", narrow)), verdict_of_server, "< {wide} to {narrow}");
        if verdict_of_client == Fine {
            assert_eq!(verdict(&line(">", wide), &line(">", narrow)), Breaks, "> {wide} to {narrow}");
            assert_eq!(verdict(&line("<", narrow), &line("<", wide)), Breaks, "< {narrow} to {wide}");
        }
    }
    assert_eq!(covers("string | null", "null"), Some(true));
    assert_eq!(covers("success u16", "success u8"), Some(true));
    assert_eq!(covers("moved | nothing", "moved"), Some(true));
    assert_eq!(covers("won | moved | nothing", "moved | won"), Some(true));
    assert_eq!(verdict("< move (answer): won | moved", "< move (answer): moved | nothing"), Verdict::Breaks);
    assert_eq!(verdict("< move (answer): moved", "< move (answer): won"), Verdict::Breaks);
    assert_eq!(verdict("< move (answer): moved", "< move (answer): success Piece"), Verdict::Breaks);
    assert_eq!(verdict("< move (answer): success Piece", "< move (answer): success Man"), Verdict::Unclear);
    assert_eq!(covers("u8 | null", "[u8 | null]"), Some(false));
    assert_eq!(covers("[u16 | null] | null", "[u8]"), Some(true));
    assert_eq!(covers("Piece | null", "Man | null"), None);
}

#[test]
fn whether_a_field_may_be_missing_depends_on_who_says_it() {
    use Verdict::{Breaks, Fine};
    assert_eq!(verdict("> move to?: u8", "> move to: u8"), Breaks);
    assert_eq!(verdict("> move to: u8", "> move to?: u8"), Fine);
    assert_eq!(verdict("< moved to?: u8", "< moved to: u8"), Fine);
    assert_eq!(verdict("< moved to: u8", "< moved to?: u8"), Breaks);
}

#[test]
fn what_comes_and_what_goes() {
    use Verdict::{Breaks, Fine, Unclear};
    for (line, of_channel, verdict_of_new, verdict_of_gone) in [
        ("> move", true, Fine, Breaks),
        ("< moved", true, Fine, Breaks),
        ("> (binary)", true, Fine, Breaks),
        ("> move to: u8", true, Breaks, Breaks),
        ("> move to?: u8", true, Fine, Breaks),
        ("> move to: read as from", true, Fine, Breaks),
        ("< moved to: u8", true, Fine, Breaks),
        ("> move *: no other keys", true, Breaks, Fine),
        ("< say (answer): success u8", true, Unclear, Breaks),
        ("> to: u8", false, Breaks, Breaks),
        ("> | king", false, Fine, Breaks),
        ("< | king", false, Breaks, Fine),
        ("> | king crowns: u8", false, Breaks, Breaks),
        ("< | king crowns: u8", false, Fine, Breaks),
    ] {
        let entry = Entry::read(line);
        assert_eq!(added(entry, of_channel, false).verdict, verdict_of_new, "{line} is new");
        assert_eq!(removed(entry, of_channel).verdict, verdict_of_gone, "{line} is gone");
    }
    assert_eq!(added(Entry::read("> move to: u8"), true, true).verdict, Fine);
    assert_eq!(
        changed(Entry::read("> |: external"), Entry::read("> |: untagged"), false).verdict,
        Breaks,
        "another representation"
    );
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

#[test]
fn names_mean_nothing_in_a_line() {
    let mut line = Line::new();
    line.push_escaped("a b:c?d%é#");
    assert_eq!(line.as_str(), "a%20b%3Ac%3Fd%25é%23");
}

#[test]
fn a_fingerprint_tells_the_wire_and_nothing_else() {
    let of = |change: fn(&mut ChannelShape)| {
        let mut game = GAME;
        change(&mut game);
        fingerprint(&[game])
    };
    let now = of(|_| ());
    assert!(now.len() == 16 && now.bytes().all(|byte| byte.is_ascii_hexdigit()), "{now}");
    assert_eq!(now, of(|game| game.docs = "a game"));
    assert_eq!(now, of(|game| game.name = "Chess"));
    assert_eq!(now, of(|game| game.hooks = &[]));
    assert_ne!(now, of(|game| game.pattern = "/games/:id"));
    assert_ne!(now, of(|game| game.to_client = &[]));
    assert_ne!(now, of(|game| game.hears_binary = false));
    let other = ChannelShape { pattern: "/other", ..GAME };
    assert_eq!(fingerprint(&[GAME, other]), fingerprint(&[other, GAME]));
    const IN_A_CONSTANT: u64 = sum(&[GAME]);
    assert_eq!(now, format!("{IN_A_CONSTANT:016x}"));
    // Part of the promise: clients keep it.
    assert_eq!(now, "3fdbd6d396a1a3ae");
}

#[test]
fn a_lock_of_nothing_knows_no_channel_and_no_type() {
    assert_eq!(said(""), ["fine: the channel is new", "fine: `type Piece` is new"]);
}

#[test]
fn an_alias_that_becomes_something_else_is_for_a_human_to_judge() {
    use Verdict::Unclear;
    assert_eq!(verdict("> move target: read as to", "> move target: string"), Unclear);
    assert_eq!(verdict("> move target: read as to", "> move target: read as from"), Unclear);
}

#[test]
fn what_is_written_in_another_way_is_replaced_and_not_compared() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("x.lock");
    for text in ["", "version 2\nchannel /game/:id\n", "<<<<<<< HEAD\n", "\u{0}"] {
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
        // Every other time there is something to write.
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

/// Starts this test again in a process of its own, as `CHANNELS_LOCK=accept cargo run` starts a program.
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
            .args(["lock::tests::accepting_writes_the_file_and_ends_the_program", "--exact"])
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

#[test]
fn a_section_has_the_sum_that_the_macros_have_for_its_lines() {
    // The same number stands in the tests of the macros.
    assert_eq!(section(Lines::of_channel(&SAY)), 0xbb02_0708_26bd_b0a5);
    // With it nothing more is looked at.
    let lock = Lock { file: "x.lock", command: "accept", sections: &[] };
    assert!(channel(&lock, &SAY).is_some());
    let sections =
        [Section { header: "channel /chat/:room", lines: "> else\n", sum: section(Lines::of_channel(&SAY)) }];
    assert!(channel(&Lock { sections: &sections, ..lock }, &SAY).is_none());
}

static SAY: ChannelShape = ChannelShape {
    name: "Chat",
    pattern: "/chat/:room",
    params: &[],
    from_client: &[MessageShape {
        wire_type: "say",
        docs: "",
        content: Content::Plain { texts: "text loud ", types: &[TEXT, Type::Nullable(&Type::Bool)] },
        rate: None,
    }],
    answers: &[],
    to_client: &[],
    hears_binary: false,
    ..GAME
};

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
