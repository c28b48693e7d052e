//! The expansion of one small channel, as the docs show it.

use std::fs;

use proc_macro2::TokenStream;

use crate::channel;
use crate::message;

const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/expansion.md");

const MESSAGE: [&str; 2] = ["type = \"say\"", "pub struct Say {\n    text: String,\n}"];

const STRUCT: [&str; 2] =
    ["\"/chat/:room\"", "pub struct Chat {\n    room: String,\n    #[state]\n    said: usize,\n}"];

const BLOCK: [&str; 2] = [
    "sends(Said)",
    "impl Chat {
    #[message]
    async fn say(&mut self, say: Say, socket: &Socket<Self>) {
        self.said += 1;
        socket.room().send(Said { text: say.text });
    }

    #[message(type = \"leave\")]
    fn leave(&self, socket: &Socket<Self>) {
        socket.close(CloseCode::NORMAL, &self.room);
    }
}",
];

fn page() -> String {
    let written = |name: &str, [args, item]: [&str; 2]| format!("#[{name}({args})]\n{item}\n");
    let expanded = |expand: fn(TokenStream, TokenStream) -> TokenStream, [args, item]: [&str; 2]| {
        let tokens = expand(args.parse().unwrap(), item.parse().unwrap());
        prettyplease::unparse(&syn::parse2(tokens).unwrap())
    };
    let hidden = |text: &str| format!("# {}\n", text.split_whitespace().collect::<Vec<_>>().join(" "));
    let said = "#[message(type = \"said\")] pub struct Said { text: String }";
    let uses = "use channel_runtime::{CloseCode, Socket, channel, message};";
    let (message, structure, block) =
        (written("message", MESSAGE), written("channel", STRUCT), written("channel", BLOCK));
    [
        "# What is generated\n\nOf this message and this channel\n\n```\n",
        &hidden(uses),
        &hidden(said),
        &format!("{message}\n{structure}\n{block}"),
        "```\n\n`#[message]` makes, for a start,\n\n```\n",
        &expanded(message::expand_attribute, MESSAGE),
        "```\n\n`#[channel]` makes of the struct\n\n```\n",
        &hidden("#[channel_runtime::channel] impl Chat {}"),
        &expanded(channel::expand_attribute, STRUCT),
        "```\n\nand of the impl block\n\n```\n",
        &hidden(uses),
        &hidden(said),
        &hidden(&message),
        &hidden(&structure),
        &expanded(channel::expand_attribute, BLOCK),
        "```\n\nWhere the struct stands above its impl block, in the same module and without anything wrong, the bounds that ask whether it \
         is a `Route` are left out. What is named by way of `private` may change in any release.\n",
    ]
    .concat()
}

/// `EXPANSION=overwrite cargo test -p channel-macros the_page_shows` writes the page anew.
#[test]
fn the_page_shows_what_is_generated() {
    let page = page();
    if std::env::var_os("EXPANSION").is_some_and(|asked| asked == "overwrite") {
        fs::write(FILE, &page).unwrap();
    }
    assert_eq!(fs::read_to_string(FILE).unwrap_or_default(), page, "write docs/expansion.md anew: EXPANSION=overwrite");
}
