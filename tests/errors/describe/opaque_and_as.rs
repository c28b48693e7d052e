use channel_runtime::message;

#[message(type = "node")]
struct Node {
    #[describe(as = String, opaque)]
    next: Option<Box<Next>>,
}

#[derive(serde::Serialize, serde::Deserialize)]
struct Next {
    node: u8,
}

fn main() {}
