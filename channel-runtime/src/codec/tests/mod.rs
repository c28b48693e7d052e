//! What the codec promises, by hand-written stand-ins for the enums that `#[channel]` generates.

mod decode;
mod encode;
mod properties;
mod quick;
mod received;
