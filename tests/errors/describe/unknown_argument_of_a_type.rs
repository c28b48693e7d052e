use channel_runtime::describe::Describe;

#[derive(serde::Serialize, serde::Deserialize, Describe)]
#[describe(krate = other)]
struct Square {
    file: u8,
}

#[derive(serde::Serialize, serde::Deserialize, Describe)]
#[describe(crate = "channel_runtime")]
enum Piece {
    Man,
}

fn main() {}
