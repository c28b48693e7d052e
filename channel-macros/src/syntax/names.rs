//! Names: snake case, camel case, and the closest name to a misspelt one.

/// `leave_game` as `LeaveGame`.
pub fn camel(name: &str) -> String {
    let mut out = String::with_capacity(name.len());
    for word in name.split('_') {
        let mut chars = word.chars();
        out.extend(chars.next().into_iter().flat_map(char::to_uppercase));
        out.push_str(chars.as_str());
    }
    // The only keyword that this can make, and `r#Self` is not allowed.
    if out == "Self" { "Self_".into() } else { out }
}

/// `MoveMade` as `move_made`, `HTTPRoom` as `http_room`.
pub fn snake(name: &str) -> String {
    let chars: Vec<char> = name.chars().collect();
    let mut out = String::with_capacity(name.len() + 4);
    for (at, &char) in chars.iter().enumerate() {
        if char.is_uppercase() && at > 0 && chars[at - 1] != '_' {
            let starts_word =
                !chars[at - 1].is_uppercase() || chars.get(at + 1).is_some_and(|next| next.is_lowercase());
            if starts_word {
                out.push('_');
            }
        }
        out.extend(char.to_lowercase());
    }
    out
}

/// The closest candidate; `None` if more than a third of the letters differ.
pub fn closest<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    candidates
        .into_iter()
        .map(|candidate| (distance(name, candidate), candidate))
        .filter(|(distance, candidate)| *distance <= (name.chars().count().max(candidate.chars().count()) / 3).max(1))
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// The number of letters to insert, delete, replace or swap with their neighbour.
pub fn distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let mut rows = vec![(0..=b.len()).collect::<Vec<usize>>()];
    for i in 1..=a.len() {
        let mut row = vec![i];
        for j in 1..=b.len() {
            let replaced = rows[i - 1][j - 1] + usize::from(a[i - 1] != b[j - 1]);
            let mut least = replaced.min(rows[i - 1][j] + 1).min(row[j - 1] + 1);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                least = least.min(rows[i - 2][j - 2] + 1);
            }
            row.push(least);
        }
        rows.push(row);
    }
    rows[a.len()][b.len()]
}

/// "`a`, `b`, `c`".
pub fn listed<'a>(names: impl Iterator<Item = &'a str>) -> String {
    names.map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

/// "`a`", "`a` or `b`", "`a`, `b` or `c`".
pub fn one_of(names: &[&str]) -> String {
    let quoted: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    match quoted.split_last() {
        Some((last, [])) => last.clone(),
        Some((last, rest)) => format!("{} or {last}", rest.join(", ")),
        None => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn handler_names_become_variants() {
        assert_eq!(camel("leave_game"), "LeaveGame");
        assert_eq!(camel("ping"), "Ping");
        assert_eq!(camel("_x__y2"), "XY2");
        assert_eq!(camel("self_"), "Self_");
    }

    #[test]
    fn type_names_become_kinds_of_room() {
        assert_eq!(snake("Symbol"), "symbol");
        assert_eq!(snake("OrderBook"), "order_book");
        assert_eq!(snake("HTTPRoom"), "http_room");
        assert_eq!(snake("Room2D"), "room2_d");
        assert_eq!(snake("Odd_Name"), "odd_name");
    }

    #[test]
    fn distance_counts_single_slips() {
        assert_eq!(distance("on_conect", "on_connect"), 1);
        assert_eq!(distance("on_pign", "on_ping"), 1);
        assert_eq!(distance("", "abc"), 3);
        assert_eq!(distance("kitten", "sitting"), 3);
        assert_eq!(distance("same", "same"), 0);
    }

    #[test]
    fn the_closest_name_is_proposed_and_only_if_it_is_close() {
        assert_eq!(closest("gameid", ["player", "game_id"]), Some("game_id"));
        assert_eq!(closest("game", ["player", "seat"]), None);
        assert_eq!(closest("ap", ["app", "rooms"]), Some("app"));
    }

    #[test]
    fn alternatives_are_listed() {
        assert_eq!(one_of(&["a"]), "`a`");
        assert_eq!(one_of(&["a", "b", "c"]), "`a`, `b` or `c`");
    }
}
