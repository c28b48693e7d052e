use channel_runtime::{Hub, channel, message};

struct Topic(String);

impl std::fmt::Display for Topic {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

#[message(type = "said")]
struct Said {}

#[channel("/news", rooms(Topic))]
struct News;

#[channel(sends(Said))]
impl News {}

fn tell(news: &Hub<News>) {
    news.rooms([Topic("art".into()), Topic("chess".into())]).send(Said {});
    news.rooms(["art", "chess"]).send(Said {});
}

fn main() {}
