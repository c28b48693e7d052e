//! `docs/attacks.md`: every attack, what is tried and what becomes of it.

use std::fmt::Write as _;
use std::fs;

use super::{Attack, KINDS};

const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/attacks.md");

/// Fails where the page says something else than the table; writes it anew where it is asked to.
pub fn is_up_to_date() {
    let page = page();
    if std::env::var_os("ATTACKS").is_some_and(|asked| asked == "overwrite") {
        fs::write(PAGE, &page).unwrap();
    }
    let written = fs::read_to_string(PAGE).unwrap_or_default();
    assert!(written == page, "docs/attacks.md is not what the table says: ATTACKS=overwrite cargo test --test hostile");
}

fn page() -> String {
    let kinds = KINDS.map(|(_, heading, attacks)| (heading, attacks()));
    let count: usize = kinds.iter().map(|(_, attacks)| attacks.len()).sum();
    let mut page = format!(
        "# Attacks\n\n\
         What a client may try over TCP, and what becomes of it: {count} attacks, each made several times by `tests/hostile.rs`, which\n\
         wrote this page. After each of them, and during those that take their time, an honest client that was there before, in\n\
         the same room, and one that comes hear exactly what they should; what the server holds for the attacker is gone with it;\n\
         and meanwhile all of it, the clients' own buffers included, has taken no more KiB than the last column says: the allocator\n\
         gives no more.\n\n\
         *Goes on* is a connection that is as good as any afterwards; a code in back quotes is that of an error frame.\n"
    );
    for (heading, attacks) in kinds {
        write!(page, "\n## {heading}\n\n| | tried | what becomes of it | KiB |\n|---|---|---|---|\n").unwrap();
        for Attack { name, tries, ends, holds, .. } in attacks {
            let [tries, ends] = [tries, ends].map(|text| text.replace('|', "\\|"));
            writeln!(page, "| {} | {tries} | {ends} | {holds} |", name.replace('_', " ")).unwrap();
        }
    }
    page
}
