use channel_runtime::{Auth, Authenticate, Reject, Token, channel};

pub struct User;

impl<A: Sync> Authenticate<A> for User {
    async fn authenticate(_: Token, _: &A) -> Result<Self, Reject> {
        Ok(User)
    }
}

#[channel("/game")]
struct Game {
    user: Auth<User>,
    guest: Option<Auth<User>>,
}

#[channel]
impl Game {}

fn main() {}
