use channel_runtime::describe::Describe;
use channel_runtime::message;

#[message(type = "node")]
struct Node {
    #[describe(recursiv)]
    next: Option<Box<Next>>,
}

#[derive(serde::Serialize, serde::Deserialize, Describe)]
struct Next {
    #[describe = "String"]
    node: u8,
}

fn main() {}
