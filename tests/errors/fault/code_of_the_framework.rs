use channel_runtime::Fault;

#[derive(Fault)]
enum BidError {
    #[fault("not_found", "there is no such lot")]
    NotFound,
}

fn main() {}
