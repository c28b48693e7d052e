use channel_runtime::{Room, channel};

mod chess {
    use super::*;

    #[derive(Default)]
    pub struct Board;

    #[channel("/chess", room_state = Board)]
    pub struct Game;

    #[channel]
    impl Game {}
}

mod poker {
    use super::*;

    #[derive(Default)]
    pub struct Table;

    #[channel("/poker", room_state = Table)]
    pub struct Game;

    #[channel]
    impl Game {
        async fn on_room_close(&self, room: &Room<Self>) {}
    }
}

fn main() {}
