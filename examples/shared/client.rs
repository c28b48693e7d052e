//! The client of an example's channels, made while the program runs. `examples/chat.rs` has it as a file.

use channel_runtime::contract;
use channel_runtime::describe::Description;

/// As JavaScript, for pages without a build.
pub fn client(channels: &Description) -> String {
    contract::typescript(channels).javascript().expect("each type in the examples is described")
}
