use channel_runtime::{Auth, channel};

pub struct User;

#[channel("/members")]
pub struct Members {
    #[extract]
    user: Auth<User>,
}

#[channel]
impl Members {}

fn main() {}
