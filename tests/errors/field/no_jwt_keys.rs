use std::collections::HashMap;

use channel_runtime::{Jwt, channel};

pub struct App;

#[channel("/members", app = App)]
pub struct Members {
    #[extract]
    claims: Jwt<HashMap<String, String>>,
}

#[channel]
impl Members {}

fn main() {}
