//! The text of a lock file, parsed. A program writes it, but people merge it.

use crate::syntax::fnv::{BASIS, fnv};

/// The format's versions, the same as the runtime's. The second one has more kinds of lines.
const VERSIONS: [&str; 2] = ["1", "2"];

const COMPATIBLE: &str = "compatible";

const BROKEN: &str = "broken";

#[derive(Debug, PartialEq, Eq)]
pub struct Section {
    /// `channel /game/:id` or `type Piece`
    pub header: String,
    /// Sorted by key.
    pub lines: Vec<String>,
    /// Former fingerprints of the channel, whose clients still work.
    pub compatible: Vec<u64>,
    /// Former fingerprints of the channel, whose clients do not work.
    pub broken: Vec<u64>,
}

pub fn sections(text: &str) -> Result<Vec<Section>, String> {
    let mut lines = text
        .lines()
        .zip(1..)
        // A name may end with another blank, such as a no-break space.
        .map(|(line, number)| (line.trim_end_matches([' ', '\t', '\r']), number))
        .filter(|(line, _)| !line.is_empty() && !line.starts_with('#'));
    let mut sections: Vec<Section> = Vec::new();
    let Some((first, number)) = lines.next() else { return Ok(sections) };
    match first.strip_prefix("version ") {
        Some(version) if VERSIONS.contains(&version) => {}
        Some(other) => {
            let [first, second] = VERSIONS;
            let read = format!("this release of channel-runtime reads versions {first} and {second}");
            return Err(format!("is of version {other}, and {read}"));
        }
        None => return Err(unknown(first, number)),
    }
    for (line, number) in lines {
        if line.starts_with("channel ") || line.starts_with("type ") {
            if sections.iter().any(|section| section.header == line) {
                return Err(format!("has `{line}` twice, in line {number} again"));
            }
            sections.push(Section {
                header: line.into(),
                lines: Vec::new(),
                compatible: Vec::new(),
                broken: Vec::new(),
            });
            continue;
        }
        match sections.last_mut() {
            Some(section) if section.header.starts_with("channel ") && is_older(line) => {
                let (word, fingerprint) = line.split_once(' ').unwrap_or_default();
                let list = if word == COMPATIBLE { &mut section.compatible } else { &mut section.broken };
                list.extend(u64::from_str_radix(fingerprint, 16));
            }
            Some(section) if ["(", "/ ", "> ", "< "].iter().any(|begin| line.starts_with(begin)) => {
                section.lines.push(line.into());
            }
            _ => return Err(unknown(line, number)),
        }
    }
    for section in &mut sections {
        section.lines.sort_by(|a, b| key(a).cmp(key(b)));
        if let Some(pair) = section.lines.windows(2).find(|pair| key(&pair[0]) == key(&pair[1])) {
            return Err(format!("has `{}` twice in `{}`", key(&pair[0]), section.header));
        }
    }
    Ok(sections)
}

/// `compatible 3fdbd6d396a1a3ae`, or `broken` and a fingerprint.
fn is_older(line: &str) -> bool {
    line.split_once(' ').is_some_and(|(word, fingerprint)| {
        let is_fingerprint = fingerprint.len() == 16 && fingerprint.bytes().all(|byte| byte.is_ascii_hexdigit());
        is_fingerprint && (word == COMPATIBLE || word == BROKEN)
    })
}

fn unknown(line: &str, number: usize) -> String {
    format!("has in line {number} what no lock has: `{line}`")
}

impl Section {
    /// Its part of the fingerprint, computed as in the runtime's `lock::fingerprint`.
    pub fn sum(&self) -> u64 {
        let hash = |seed, text: &str| fnv(seed, text.bytes());
        let mix = |hash: u64| {
            let hash = (hash ^ (hash >> 33)).wrapping_mul(0xff51_afd7_ed55_8ccd);
            let hash = (hash ^ (hash >> 33)).wrapping_mul(0xc4ce_b9fe_1a85_ec53);
            hash ^ (hash >> 33)
        };
        let header = hash(BASIS, &self.header);
        let lines = self.lines.iter().map(|line| mix(hash(hash(header, "\n"), line)));
        lines.fold(mix(header), u64::wrapping_add)
    }
}

fn key(line: &str) -> &str {
    match line.split_once(':') {
        Some((key, _)) => key.strip_suffix('?').unwrap_or(key),
        None => line,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_stand_in_the_order_of_their_keys() {
        let text = "# a comment\n\nversion 1\nchannel /a\r\n> say b?: u8\n> say\n\n> say a: {string: u8}\ntype T  \n";
        let sections = sections(text).unwrap();
        let lines = ["> say", "> say a: {string: u8}", "> say b?: u8"].map(Into::into).into();
        let [channel, ty] = ["channel /a", "type T"].map(Into::into);
        let section = |header, lines| Section { header, lines, compatible: vec![], broken: vec![] };
        assert_eq!(sections, [section(channel, lines), section(ty, vec![])]);
    }

    #[test]
    fn former_fingerprints_are_no_part_of_the_sum() {
        let without = "version 1\nchannel /a\n> say\n";
        let with = "version 2\r\nchannel /a\r\nbroken 00000000000000ff\r\n> say\r\ncompatible 0000000000000001\r\n\
                    compatible 0000000000000002\r\n";
        let [without, with] = [without, with].map(|text| sections(text).unwrap().remove(0));
        assert_eq!((without.sum(), &without.lines), (with.sum(), &with.lines));
        assert_eq!((with.compatible, with.broken), (vec![1, 2], vec![255]));
    }

    #[test]
    fn a_name_may_end_with_a_blank_of_another_kind() {
        let text = "version 1\r\nchannel /a\r\n> say\u{a0}\r\n> told\u{2028}\r\n";
        assert_eq!(sections(text).unwrap()[0].lines, ["> say\u{a0}", "> told\u{2028}"]);
    }

    #[test]
    fn a_section_has_the_sum_that_the_runtime_has_for_its_lines() {
        let text = "version 1\nchannel /chat/:room\n> say\n> say text: string\n> say loud?: bool | null\n";
        // The same number stands in the runtime's tests.
        assert_eq!(sections(text).unwrap()[0].sum(), 0xbb02_0708_26bd_b0a5);
    }

    #[test]
    fn a_lock_of_the_second_version_may_have_an_envelope_and_subprotocols() {
        let text = "version 2\nchannel /kv/:id\n(envelope): bare\n(subprotocol): required\n(subprotocol) kv.v1\n/ id: string\n";
        let lines =
            ["(envelope): bare", "(subprotocol): required", "(subprotocol) kv.v1", "/ id: string"].map(String::from);
        assert_eq!(sections(text).unwrap()[0].lines, lines);
    }

    #[test]
    fn an_empty_file_is_a_lock_of_nothing() {
        for text in ["", "\n\n", "# nothing yet\n", "version 1"] {
            assert_eq!(sections(text), Ok(vec![]), "{text}");
        }
    }

    #[test]
    fn what_a_merge_left_behind_is_told_with_its_line() {
        let conflict = "version 1\nchannel /a\n<<<<<<< HEAD\n> b\n=======\n> c\n>>>>>>> other\n";
        for (text, flaw) in [
            (conflict, "has in line 3 what no lock has: `<<<<<<< HEAD`"),
            ("version 1\n> say", "has in line 2 what no lock has: `> say`"),
            ("channel /a", "has in line 1 what no lock has: `channel /a`"),
            ("version 3", "is of version 3, and this release of channel-runtime reads versions 1 and 2"),
            ("version 1\ntype A\ntype A", "has `type A` twice, in line 3 again"),
            ("version 1\ntype A\n> b: u8\n> c: u8\n> b?: u16", "has `> b` twice in `type A`"),
            ("version 2\nchannel /a\ncompatible ff", "has in line 3 what no lock has: `compatible ff`"),
            (
                "version 2\nchannel /a\ncompatible +00000000000000f",
                "has in line 3 what no lock has: `compatible +00000000000000f`",
            ),
            ("version 2\ntype A\nbroken 00000000000000ff", "has in line 3 what no lock has: `broken 00000000000000ff`"),
            ("\u{0}é", "has in line 1 what no lock has: `\u{0}é`"),
        ] {
            assert_eq!(sections(text).unwrap_err(), flaw);
        }
    }
}
