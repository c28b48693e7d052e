//! The hash of one channel's wire.

use crate::channel::Channel;
use crate::protocol::lock::sum;

/// Of the channel and the types in it, as a lock file of this channel alone has it.
pub const fn of_channel<C: Channel>() -> u64 {
    sum(&[C::SHAPE])
}
