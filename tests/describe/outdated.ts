// Made from Rust by channel-runtime: change the Rust. fingerprint 84348fc0fccbf148 contents d22ca0e7d21bd981 bigint
export {}
