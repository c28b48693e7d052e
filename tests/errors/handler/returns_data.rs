use channel_runtime::{Fault, channel};

struct Item;

#[channel("/shop")]
struct Shop;

#[channel]
impl Shop {
    #[message(type = "list")]
    fn list(&self) -> Option<Vec<Item>> {
        None
    }

    #[message(type = "count")]
    fn count(&self) -> Result<u64, Fault> {
        Ok(7)
    }

    #[message(type = "name")]
    async fn name(&self) -> String {
        String::new()
    }
}

fn main() {}
