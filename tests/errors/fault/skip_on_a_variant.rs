use channel_runtime::Fault;

#[derive(Fault)]
enum BidError {
    #[fault(skip)]
    Store(std::io::Error),
}

fn main() {}
