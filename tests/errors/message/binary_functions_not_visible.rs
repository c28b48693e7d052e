use channel_runtime::message;

#[message(binary, kind = 1)]
struct Pixel {
    x: u8,
}

mod bytes_of_pixels {
    use channel_runtime::Bytes;

    use super::Pixel;

    impl Pixel {
        fn from_bytes(data: Bytes) -> Result<Self, String> {
            Ok(Self { x: data[0] })
        }

        pub fn to_bytes(&self, out: &mut Vec<u8>) {
            out.push(self.x);
        }
    }
}

fn main() {}
