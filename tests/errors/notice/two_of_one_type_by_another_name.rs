use channel_runtime::channel;

struct RoleChanged;

type Demoted = RoleChanged;

#[channel("/chat")]
struct Chat;

#[channel]
impl Chat {
    #[notice]
    async fn promoted(&mut self, _: RoleChanged) {}

    #[notice]
    async fn demoted(&mut self, _: Demoted) {}
}

fn main() {}
