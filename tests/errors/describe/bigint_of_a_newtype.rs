use channel_runtime::describe::Describe;

#[derive(serde::Serialize, serde::Deserialize, Describe)]
struct UserId(#[describe(bigint)] u64);

fn main() {}
