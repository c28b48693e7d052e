use channel_runtime::Fault;

#[derive(Fault)]
enum BidError {
    #[fault(transparent)]
    Store(std::io::Error),
}

fn main() {}
