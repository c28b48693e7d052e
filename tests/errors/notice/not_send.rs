use std::rc::Rc;

use channel_runtime::channel;

struct RoleChanged(Rc<str>);

#[channel("/chat")]
struct Chat;

#[channel]
impl Chat {
    #[notice]
    async fn role_changed(&mut self, _: RoleChanged) {}
}

fn main() {}
