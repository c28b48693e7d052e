//! A package of its own, from its first client to a client that is out of date: what its developer is told, and by which command it
//! goes on.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

const MANIFEST: &str = r#"
[package]
name = "accepting"
version = "0.0.0"
edition = "2024"

[dependencies]
channel-runtime = { path = "RUNTIME" }

[workspace]
"#;

/// The channel that README.md opens with, in a program that tells its fingerprint.
fn source() -> String {
    let readme = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md")).unwrap().replace('\r', "");
    let (_, first) = readme.split_once("```rust,no_run\n").expect("a program");
    let (channel, _) = first.split_once("#[tokio::main]\n").expect("its `main`");
    format!("{channel}{MAIN}")
}

const MAIN: &str = r#"
fn main() {
    let channels = channels![
        Chat;
        lock = "channels.lock",
        client = "web/channels.ts",
        asyncapi = "docs/asyncapi.json",
        schemas = "docs/schemas.json",
    ];
    println!("runs: {}", channels.app(()).describe().fingerprint);
}
"#;

struct Package {
    root: PathBuf,
}

fn kept() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join("newcomer")
}

struct Ran {
    code: Option<i32>,
    text: String,
}

impl Package {
    fn new() -> Self {
        let workspace = Path::new(env!("CARGO_MANIFEST_DIR"));
        let root = Path::new(env!("CARGO_TARGET_TMPDIR")).join("accepting");
        // What an earlier run has left.
        let _ = fs::remove_dir_all(&root);
        let _ = fs::remove_dir_all(kept());
        fs::create_dir_all(root.join("src")).unwrap();
        let package = Self { root };
        let runtime = workspace.join("channel-runtime");
        package.write("Cargo.toml", &MANIFEST.replace("RUNTIME", &runtime.to_string_lossy().replace('\\', "/")));
        package.write("src/main.rs", &source());
        // The versions that are here already.
        fs::copy(workspace.join("Cargo.lock"), package.root.join("Cargo.lock")).unwrap();
        package
    }

    fn write(&self, name: &str, text: &str) {
        fs::write(self.root.join(name), text).unwrap();
    }

    fn read(&self, name: &str) -> String {
        fs::read_to_string(self.root.join(name)).unwrap()
    }

    fn change(&self, name: &str, from: &str, to: &str) {
        let text = self.read(name);
        assert!(text.contains(from), "{text}");
        self.write(name, &text.replacen(from, to, 1));
    }

    /// Keeps the client for `tests/typescript/newcomer.test.mjs`, which compiles a page with it.
    fn keep_client(&self, name: &str) {
        let kept = kept().join(name);
        fs::create_dir_all(&kept).unwrap();
        fs::copy(self.root.join("web/channels.ts"), kept.join("channels.ts")).unwrap();
    }

    /// `cargo run`, with the variable and the feature.
    fn run(&self, asked: Option<&str>, generates: bool) -> Ran {
        let target = Path::new(env!("CARGO_TARGET_TMPDIR")).join("accepting_target");
        let mut cargo = Command::new(env!("CARGO"));
        cargo.args(["run", "--quiet", "--offline"]).current_dir(&self.root).env("CARGO_TARGET_DIR", target);
        if generates {
            cargo.args(["--features", "channel-runtime/contract"]);
        }
        match asked {
            Some(asked) => cargo.env("CHANNELS_LOCK", asked),
            None => cargo.env_remove("CHANNELS_LOCK"),
        };
        let output = cargo.output().unwrap();
        let text = [output.stdout, output.stderr].map(|text| String::from_utf8_lossy(&text).into_owned()).concat();
        Ran { code: output.status.code(), text }
    }
}

impl Ran {
    #[track_caller]
    fn ends(self, code: i32, texts: &[&str]) {
        assert_eq!(self.code, Some(code), "{}", self.text);
        for text in texts {
            assert!(self.text.contains(text), "{text}\n\n{}", self.text);
        }
    }
}

#[test]
fn a_client_is_made_and_goes_out_of_date_and_is_made_anew() {
    let package = Package::new();
    let command = "CHANNELS_LOCK=accept cargo run";
    let missing = [
        "there is no lock `channels.lock`",
        "there is no `web/channels.ts`",
        "there is no `docs/asyncapi.json`",
        "there is no `docs/schemas.json`",
        command,
    ];
    package.run(None, false).ends(101, &missing);
    let needs = ["needs the feature `contract`", "CHANNELS_LOCK=accept cargo run --features channel-runtime/contract"];
    package.run(Some("accept"), false).ends(101, &needs);
    assert!(!package.root.join("web").exists());

    let written = [
        "`channels.lock` is written\n`web/channels.ts` is written\n",
        "`docs/asyncapi.json` is written\n`docs/schemas.json` is written\n",
    ];
    package.run(Some("accept"), true).ends(0, &written);
    assert!(package.read("web/channels.ts").contains("export class Chat extends Channel"));
    package.run(Some("check"), true).ends(0, &["and `docs/schemas.json` say what the channels say"]);
    package.keep_client("before");
    package.run(None, false).ends(0, &["runs: "]);

    // Another wire: the compiler's error names both files, and the lock knows the former one.
    package.change("src/main.rs", "Say { text: String }", "Say { text: String, loud: Option<bool> }");
    let stale = [
        "is not what `channels.lock` says, and old clients go on working",
        "fine: `> say loud?: bool | null` is new",
        "`web/channels.ts` was made of another wire, ",
        "`docs/asyncapi.json` was made of another wire, ",
        "`docs/schemas.json` was made of another wire, ",
        command,
    ];
    package.run(None, false).ends(101, &stale);
    package
        .run(Some("accept"), true)
        .ends(0, &["`channels.lock` is written anew", "`web/channels.ts` is written anew"]);
    assert!(package.read("channels.lock").contains("\ncompatible "), "{}", package.read("channels.lock"));
    package.run(None, false).ends(0, &["runs: "]);

    // A change that breaks the page goes on by the same command.
    package.change("src/main.rs", "Say { text: String, ", "Say { words: String, ");
    package.write("src/main.rs", &package.read("src/main.rs").replace("say.text", "say.words"));
    let stale = [
        "is not what `channels.lock` says, and old clients break",
        "breaks: `> say words: string` is new and required",
        "`web/channels.ts` was made of another wire, ",
        command,
    ];
    package.run(None, false).ends(101, &stale);
    package.run(Some("accept"), true).ends(0, &["`web/channels.ts` is written anew"]);
    package.run(None, false).ends(0, &["runs: "]);
    package.keep_client("after");

    // The compiler reads a file again that has changed.
    let edited = ["`web/channels.ts` is not as it was made", command];
    let made = package.read("web/channels.ts");
    package.change("web/channels.ts", "export class Chat ", "export class Chats ");
    package.run(None, false).ends(101, &edited);
    package.write("web/channels.ts", &made.replace('\n', "\r\n"));
    package.run(None, false).ends(0, &["runs: "]);

    // Docs are no other wire, and a comparison sees them.
    package.change("src/main.rs", "#[message(type = \"say\")]", "/// What one says.\n#[message(type = \"say\")]");
    package.run(None, false).ends(0, &["runs: "]);
    let differs = ["`web/channels.ts` is not what the channels say, first in line ", "What one says."];
    package.run(Some("check"), true).ends(1, &differs);
}
