//! The app as a channel's methods borrow it.

use std::sync::{Arc, LazyLock};

use crate::channel::Route;

/// The type of a channel's app, shared.
pub type App<C> = Arc<<C as Route>::App>;

/// The app of all channels that have none. One for all their connections.
pub fn no_app() -> Arc<()> {
    static NONE: LazyLock<Arc<()>> = LazyLock::new(Arc::default);
    Arc::clone(&NONE)
}
