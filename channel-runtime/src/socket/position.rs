//! The position of a room's history, for a page that is made now.

use std::any::TypeId;
use std::fmt;

use serde::{Serialize, Serializer};

use crate::channel::room::RoomName;
use crate::channel::{Channel, history};
use crate::protocol::fault::Fault;
use crate::socket::audience::{Audience, OneRoom};

/// Where a room's history is at a moment, for a page: [`Audience::position`]. It is written as a text, which its reader gives back
/// as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Position(String);

impl Position {
    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Serialize for Position {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<C: Channel> Audience<C, OneRoom> {
    /// Where the room's history is now: for a page that is made of data that is read *afterwards*. A client that is given the position
    /// hears everything that is sent to the room from now on, though it connects later: nothing falls between the page and the
    /// connection. What is sent while the data is read may be in both.
    ///
    /// First see that there is what the page is of: a room that is not open is opened, with `on_room_open`, and stays open for the
    /// history's `age`. The position is good for that time, unless the room is let go before; then its client comes fresh, as after a long
    /// absence. At most 10,000 rooms in which nothing was recorded, and an eighth of [`history_bytes`](crate::Config::history_bytes), are
    /// kept for pages: beyond that the one whose page was asked for first is let go, and closed at once if nobody was ever in it. While
    /// there is more than `history_bytes`, no room is kept for a page alone.
    ///
    /// ```
    /// # use channel_runtime::{Hub, Fault, channel, message};
    /// # #[message(type = "bid")] pub struct Bid { amount: u64 }
    /// #[channel("/auction/:id", history)]
    /// pub struct Auction { id: u64 }
    /// # #[channel(sends(Bid))] impl Auction {}
    /// # fn rendered(_: Vec<u64>, _: &str) -> String { String::new() }
    /// # async fn bids_of(_: u64) -> Vec<u64> { Vec::new() }
    ///
    /// async fn page(auctions: &Hub<Auction>, id: u64) -> Result<String, Fault> {
    ///     let position = auctions.room(&Auction::room(&id)).position().await?;
    ///     let bids = bids_of(id).await;
    ///     Ok(rendered(bids, position.as_str()))
    /// }
    /// ```
    ///
    /// # Errors
    /// What `on_room_open` returns; `unavailable` if the server stops or does not serve yet; `not_found` if rooms of this kind have no
    /// history.
    pub async fn position(&self) -> Result<Position, Fault> {
        const { assert!(history::is_kept::<C>(), "this channel keeps no history: write `#[channel(.., history)]`") }
        let no_history = || Fault::new(Fault::NOT_FOUND, "rooms of this kind have no history");
        let name = self.target_room().ok_or_else(no_history)?;
        history::of_room::<C>(&name).ok_or_else(no_history)?;
        let (node, channel) = (self.hub().node(), self.hub().channel());
        let unavailable = || Fault::new(Fault::UNAVAILABLE, "the server does not serve");
        let opening = match node.opener().filter(|_| RoomName::of(&name).is_path()) {
            Some(opener) => opener.open(TypeId::of::<C>(), &name),
            None if RoomName::of(&name).is_path() && (C::OPENS_ROOMS || C::CLOSES_ROOMS) => return Err(unavailable()),
            None => None,
        };
        if let Some(opening) = opening {
            let _hold = opening.await?;
            let position = node.registry.position_of_owned(channel, &name);
            let closed = || Fault::new(Fault::UNAVAILABLE, "the room has closed");
            return position.map(|position| Position(position.to_string())).ok_or_else(closed);
        }
        let position = node.registry.position(channel, &name);
        position.map(|position| Position(position.to_string())).ok_or_else(no_history)
    }
}
