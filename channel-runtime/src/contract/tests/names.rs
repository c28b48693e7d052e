use crate::contract::names::{Wanted, assign, identifier, pascal_case};

fn wanted(name: &str, within: &[&str]) -> Wanted {
    let within = within.iter().map(|each| (*each).to_owned()).collect();
    Wanted { name: name.to_owned(), within, endings: &[""] }
}

fn names(wanted: &[Wanted]) -> Vec<String> {
    assign(wanted, &|name| name == "Record")
}

#[test]
fn a_name_that_is_free_stays() {
    assert_eq!(names(&[wanted("Move", &["Game"]), wanted("Moved", &["Game"])]), ["Move", "Moved"]);
}

#[test]
fn a_reserved_name_ends_with_an_underscore() {
    assert_eq!(names(&[wanted("Record", &["Game"])]), ["Record_"]);
}

#[test]
fn two_of_one_name_have_before_it_what_they_stand_in() {
    let pieces = [wanted("Piece", &["Board", "Game"]), wanted("Piece", &["Shop", "Game"])];
    assert_eq!(names(&pieces), ["BoardPiece", "ShopPiece"]);
    let deeper = [wanted("Piece", &["Board", "Game"]), wanted("Piece", &["Board", "Shop"])];
    assert_eq!(names(&deeper), ["GameBoardPiece", "ShopBoardPiece"]);
}

#[test]
fn a_channel_keeps_its_name_and_the_type_of_that_name_changes() {
    assert_eq!(names(&[wanted("Game", &[]), wanted("Game", &["Store"])]), ["Game", "StoreGame"]);
}

#[test]
fn what_nothing_distinguishes_is_numbered() {
    let same = [wanted("PageItem", &["Shop"]), wanted("PageItem", &["Shop"]), wanted("PageItem2", &["Shop"])];
    assert_eq!(names(&same), ["PageItem", "PageItem2", "PageItem22"]);
}

#[test]
fn a_name_is_free_with_all_its_endings() {
    let both = Wanted { endings: &["", "Said"], ..wanted("Line", &["A"]) };
    assert_eq!(names(&[wanted("LineSaid", &["A"]), both]), ["LineSaid", "Line2"]);
}

#[test]
fn names_of_the_wire_become_names_of_types() {
    assert_eq!(pascal_case("join_game"), "JoinGame");
    assert_eq!(pascal_case("chat.line-2"), "ChatLine2");
    assert_eq!(pascal_case("2d"), "_2d");
    assert_eq!(pascal_case("%"), "_");
    assert_eq!(identifier("Größe"), "Größe");
    assert_eq!(identifier("my outline"), "MyOutline");
    assert_eq!(identifier("outline"), "Outline");
    assert_eq!(identifier("_Odd_name"), "_Odd_name");
}
