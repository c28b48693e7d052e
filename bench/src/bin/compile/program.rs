//! The two programs: the same messages, once in channels and once in serde's tagged enums with nothing around them.

use std::fmt::Write as _;

pub const CHANNELS: usize = 20;
/// Messages of each: one half is handled, the other sent in answer.
pub const MESSAGES: usize = 10;

pub struct Program {
    pub name: &'static str,
    /// Its `[dependencies]`; `{runtime}` stands for the directory of channel-runtime.
    pub dependencies: &'static str,
    pub source: fn() -> String,
}

pub const CHANNELS_PROGRAM: Program =
    Program { name: "channels", dependencies: "channel-runtime = { path = \"{runtime}\" }", source: channels };

pub const TAGGED_PROGRAM: Program = Program {
    name: "tagged-enums",
    dependencies: "serde = { version = \"1\", features = [\"derive\"] }",
    source: tagged_enums,
};

const FIELDS: &str = "{ pub id: u64, pub text: String, pub place: Option<String>, pub counts: Vec<u32> }";

fn channels() -> String {
    let mut all = String::from("#![allow(missing_docs)]\n");
    let mut list = Vec::new();
    for channel in 0..CHANNELS {
        write(&mut all, format_args!("pub mod channel{channel} {{"));
        write(&mut all, format_args!("    use channel_runtime::{{Fault, Socket, channel, message}};"));
        for message in 0..MESSAGES {
            write(&mut all, format_args!("    #[message(type = \"message_{message}\")]"));
            write(&mut all, format_args!("    pub struct Message{message} {FIELDS}"));
        }
        let sent: Vec<String> = (MESSAGES / 2..MESSAGES).map(|message| format!("Message{message}")).collect();
        write(&mut all, format_args!("    #[channel(\"/channel{channel}/:id\")]"));
        write(&mut all, format_args!("    pub struct Channel {{ id: u64, #[state] count: u64 }}"));
        write(&mut all, format_args!("    #[channel(sends({}))]", sent.join(", ")));
        write(&mut all, format_args!("    impl Channel {{"));
        for (message, answer) in sent.iter().enumerate() {
            write(&mut all, format_args!("        #[message]"));
            write(
                &mut all,
                format_args!(
                    "        async fn handle{message}(&mut self, m: Message{message}, socket: &Socket<Self>) \
                     -> Result<(), Fault> {{"
                ),
            );
            write(&mut all, format_args!("            self.count += self.id;"));
            write(
                &mut all,
                format_args!(
                    "            socket.room().send({answer} {{ id: m.id, text: m.text, place: m.place, \
                     counts: m.counts }});"
                ),
            );
            write(&mut all, format_args!("            Ok(())\n        }}"));
        }
        write(&mut all, format_args!("    }}\n}}"));
        list.push(format!("channel{channel}::Channel"));
    }
    write(&mut all, format_args!("pub fn server() -> channel_runtime::Server<()> {{"));
    write(&mut all, format_args!("    channel_runtime::channels![{}].app(())\n}}", list.join(", ")));
    all
}

fn tagged_enums() -> String {
    let mut all = String::from("#![allow(missing_docs)]\n");
    for channel in 0..CHANNELS {
        write(&mut all, format_args!("pub mod channel{channel} {{"));
        write(&mut all, format_args!("    use serde::{{Deserialize, Serialize}};"));
        for message in 0..MESSAGES {
            write(&mut all, format_args!("    #[derive(Serialize, Deserialize)]"));
            write(&mut all, format_args!("    pub struct Message{message} {FIELDS}"));
        }
        write(&mut all, format_args!("    #[derive(Serialize, Deserialize)]"));
        write(&mut all, format_args!("    #[serde(tag = \"type\", rename_all = \"snake_case\")]"));
        write(&mut all, format_args!("    pub enum Channel {{"));
        for message in 0..MESSAGES {
            write(&mut all, format_args!("        Message{message}(Message{message}),"));
        }
        write(&mut all, format_args!("    }}\n}}"));
    }
    all
}

fn write(all: &mut String, line: std::fmt::Arguments) {
    // Writing to a `String` can't fail.
    let _ = writeln!(all, "{line}");
}
