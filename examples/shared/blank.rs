//! Detects blank text. `trim` alone is not enough, because some characters have no width.

/// Whether a text shows nothing: it is empty, or has only white space, control characters and invisible characters.
pub fn is_blank(text: &str) -> bool {
    text.chars().all(|each| each.is_whitespace() || each.is_control() || is_invisible(each))
}

/// Unicode's `Default_Ignorable_Code_Point`, and the braille pattern without dots.
fn is_invisible(each: char) -> bool {
    matches!(each,
        '\u{AD}' | '\u{34F}' | '\u{61C}' | '\u{115F}'..='\u{1160}' | '\u{17B4}'..='\u{17B5}' | '\u{180B}'..='\u{180F}'
        | '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{206F}' | '\u{2800}' | '\u{3164}'
        | '\u{FE00}'..='\u{FE0F}' | '\u{FEFF}' | '\u{FFA0}' | '\u{FFF0}'..='\u{FFF8}' | '\u{1BCA0}'..='\u{1BCA3}'
        | '\u{1D173}'..='\u{1D17A}' | '\u{E0000}'..='\u{E0FFF}')
}
