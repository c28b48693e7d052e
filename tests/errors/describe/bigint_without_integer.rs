use channel_runtime::describe::Describe;
use channel_runtime::message;

#[derive(serde::Serialize, serde::Deserialize, Describe)]
struct Total {
    cents: u64,
}

#[message(type = "paid")]
struct Paid {
    #[describe(bigint)]
    by: String,
    #[describe(bigint)]
    total: Total,
}

fn main() {
    let _ = <Paid as channel_runtime::Message>::TYPE;
}
