use channel_runtime::describe::Describe;

#[derive(Describe)]
union Piece {
    man: u8,
    king: u16,
}

fn main() {}
