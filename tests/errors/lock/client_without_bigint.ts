// Made from Rust by channel-runtime: change the Rust. fingerprint 330bf7dbdce97a1b contents c68f7f0b5e6dc7cd
export class Chat {}
