use channel_runtime::describe::Describe;

#[derive(serde::Serialize, serde::Deserialize, Describe)]
#[describe(as = String)]
struct Square {
    #[describe(crate = channel_runtime)]
    file: u8,
    #[describe(bigint = true)]
    rank: u64,
    #[describe(opaque, bigint)]
    secret: u64,
}

fn main() {}
