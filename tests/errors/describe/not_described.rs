use channel_runtime::message;

#[allow(dead_code)]
struct Square(u8);

#[message(type = "move")]
struct Move {
    #[describe(as = Square)]
    #[serde(with = "codes")]
    from: u8,
}

mod codes {
    pub fn serialize<S: serde::Serializer>(code: &u8, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u8(*code)
    }

    pub fn deserialize<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<u8, D::Error> {
        serde::Deserialize::deserialize(deserializer)
    }
}

fn main() {}
