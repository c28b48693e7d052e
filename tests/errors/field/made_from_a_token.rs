use channel_runtime::{Authenticate, Reject, Token, channel};

struct User;

impl<A: Sync> Authenticate<A> for User {
    async fn authenticate(_: Token, _: &A) -> Result<Self, Reject> {
        Ok(User)
    }
}

#[channel("/chat")]
struct Chat {
    #[extract]
    user: User,
}

#[channel]
impl Chat {}

fn main() {}
