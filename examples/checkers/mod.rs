//! The rules of checkers, or English draughts: eight by eight squares, twelve men a side, red below and first to move.
//!
//! Men move diagonally forward, kings in both directions. A side that can capture must capture. If the same piece can capture
//! again, it must, as a move of its own. A man that reaches the far side is crowned, and its turn ends. A side that can't move has
//! lost. Forty moves of each side without a capture or a man's move are a draw. This module knows nothing of players or channels.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use channel_runtime::describe::Describe;
use serde::{Deserialize, Serialize};

/// A side of the game.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, Describe)]
#[serde(rename_all = "lowercase")]
pub enum Color {
    Red,
    White,
}

impl Color {
    pub fn opponent(self) -> Self {
        match self {
            Self::Red => Self::White,
            Self::White => Self::Red,
        }
    }

    fn forward(self) -> i8 {
        match self {
            Self::Red => 1,
            Self::White => -1,
        }
    }

    fn far_rank(self) -> i8 {
        match self {
            Self::Red => 7,
            Self::White => 0,
        }
    }
}

impl fmt::Display for Color {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Red => "Red",
            Self::White => "White",
        })
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, Describe)]
#[serde(rename_all = "snake_case")]
pub enum Piece {
    RedMan,
    RedKing,
    WhiteMan,
    WhiteKing,
}

impl Piece {
    pub fn color(self) -> Color {
        match self {
            Self::RedMan | Self::RedKing => Color::Red,
            Self::WhiteMan | Self::WhiteKing => Color::White,
        }
    }

    pub fn is_king(self) -> bool {
        matches!(self, Self::RedKing | Self::WhiteKing)
    }

    fn crowned(self) -> Self {
        match self.color() {
            Color::Red => Self::RedKing,
            Color::White => Self::WhiteKing,
        }
    }

    fn directions(self) -> &'static [i8] {
        match (self.is_king(), self.color().forward()) {
            (true, _) => &[1, -1],
            (false, 1) => &[1],
            (false, _) => &[-1],
        }
    }
}

/// One of the 64 squares, from `a1` at red's left to `h8`; pieces stand on the dark ones, like `a1`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, Describe)]
#[serde(try_from = "String", into = "String")]
pub struct Square {
    /// Both from 0 to 7.
    file: i8,
    rank: i8,
}

impl Square {
    fn new(file: i8, rank: i8) -> Option<Self> {
        let board = 0..8;
        (board.contains(&file) && board.contains(&rank)).then_some(Self { file, rank })
    }

    fn is_dark(self) -> bool {
        (self.file + self.rank) % 2 == 0
    }

    fn shifted(self, files: i8, ranks: i8) -> Option<Self> {
        Self::new(self.file + files, self.rank + ranks)
    }
}

impl FromStr for Square {
    type Err = NotASquare;

    fn from_str(text: &str) -> Result<Self, NotASquare> {
        match *text.as_bytes() {
            [file @ b'a'..=b'h', rank @ b'1'..=b'8'] => {
                Ok(Self { file: (file - b'a') as i8, rank: (rank - b'1') as i8 })
            }
            _ => Err(NotASquare),
        }
    }
}

impl fmt::Display for Square {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", (b'a' + self.file as u8) as char, self.rank + 1)
    }
}

impl TryFrom<String> for Square {
    type Error = NotASquare;

    fn try_from(text: String) -> Result<Self, NotASquare> {
        text.parse()
    }
}

impl From<Square> for String {
    fn from(square: Square) -> Self {
        square.to_string()
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotASquare;

impl fmt::Display for NotASquare {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a square is written from `a1` to `h8`")
    }
}

/// One move of one piece: to the next square, or over a piece that it captures.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, Describe)]
pub struct Step {
    pub from: Square,
    pub to: Square,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub captured: Option<Square>,
}

/// How a game ended, and who won; `winner` is `None` for a draw.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Outcome {
    pub winner: Option<Color>,
    pub reason: Reason,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, Describe)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    AllCaptured,
    Blocked,
    FortyMoves,
    Resigned,
}

/// Why a move can't be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IllegalMove {
    GameOver,
    NotYourPiece,
    MustCapture,
    MustGoOn(Square),
    OutOfReach,
}

impl fmt::Display for IllegalMove {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::GameOver => f.write_str("the game is over"),
            Self::NotYourPiece => f.write_str("that is not your piece"),
            Self::MustCapture => f.write_str("a capture must be taken"),
            Self::MustGoOn(square) => write!(f, "the capture goes on from {square}"),
            Self::OutOfReach => f.write_str("the piece can't go there"),
        }
    }
}

/// A game from its first move to its last.
#[derive(Clone, Debug)]
pub struct Checkers {
    pieces: BTreeMap<Square, Piece>,
    turn: Color,
    /// The square of a piece that has captured and must capture again.
    jumping: Option<Square>,
    /// Moves of either side since the last capture or man's move.
    quiet: u32,
    resigned: Option<Color>,
}

impl Default for Checkers {
    fn default() -> Self {
        let squares = (0..8).flat_map(|rank| (0..8).map(move |file| Square { file, rank }));
        let pieces = squares.filter(|square| square.is_dark()).filter_map(|square| match square.rank {
            0..=2 => Some((square, Piece::RedMan)),
            5..=7 => Some((square, Piece::WhiteMan)),
            _ => None,
        });
        Self { pieces: pieces.collect(), turn: Color::Red, jumping: None, quiet: 0, resigned: None }
    }
}

impl Checkers {
    /// Forty of each side.
    const QUIET_MOVES: u32 = 80;

    pub fn turn(&self) -> Color {
        self.turn
    }

    pub fn pieces(&self) -> &BTreeMap<Square, Piece> {
        &self.pieces
    }

    /// The legal moves; empty once the game is over.
    pub fn moves(&self) -> Vec<Step> {
        if self.resigned.is_some() || self.quiet >= Self::QUIET_MOVES {
            return Vec::new();
        }
        let mine = |&square: &Square| self.pieces[&square].color() == self.turn;
        let mut steps: Vec<Step> = match self.jumping {
            Some(square) => self.steps(square).collect(),
            None => self.pieces.keys().copied().filter(mine).flat_map(|square| self.steps(square)).collect(),
        };
        let must_capture = steps.iter().any(|step| step.captured.is_some());
        steps.retain(|step| step.captured.is_some() == must_capture);
        steps
    }

    /// Plays a move of the side whose turn it is, and returns it. The turn does not change if the same piece must capture again.
    pub fn play(&mut self, from: Square, to: Square) -> Result<Step, IllegalMove> {
        let moves = self.moves();
        let Some(&step) = moves.iter().find(|step| step.from == from && step.to == to) else {
            return Err(self.why_not(from, &moves));
        };
        let piece = self.pieces.remove(&from).expect("a legal move starts at a piece");
        let crowned = !piece.is_king() && to.rank == piece.color().far_rank();
        self.pieces.insert(to, if crowned { piece.crowned() } else { piece });
        if let Some(captured) = step.captured {
            self.pieces.remove(&captured);
        }
        self.quiet = if piece.is_king() && step.captured.is_none() { self.quiet + 1 } else { 0 };

        let goes_on = step.captured.is_some() && !crowned && self.steps(to).any(|next| next.captured.is_some());
        self.jumping = goes_on.then_some(to);
        if !goes_on {
            self.turn = self.turn.opponent();
        }
        Ok(step)
    }

    pub fn resign(&mut self, color: Color) {
        if self.outcome().is_none() {
            self.resigned = Some(color);
        }
    }

    /// How the game ended. `None` while it is played.
    pub fn outcome(&self) -> Option<Outcome> {
        if let Some(loser) = self.resigned {
            return Some(Outcome { winner: Some(loser.opponent()), reason: Reason::Resigned });
        }
        if self.quiet >= Self::QUIET_MOVES {
            return Some(Outcome { winner: None, reason: Reason::FortyMoves });
        }
        if !self.moves().is_empty() {
            return None;
        }
        let has_pieces = self.pieces.values().any(|piece| piece.color() == self.turn);
        let reason = if has_pieces { Reason::Blocked } else { Reason::AllCaptured };
        Some(Outcome { winner: Some(self.turn.opponent()), reason })
    }

    fn steps(&self, from: Square) -> impl Iterator<Item = Step> {
        let piece = self.pieces[&from];
        let sides = [-1, 1].into_iter();
        sides.flat_map(move |files| {
            piece.directions().iter().filter_map(move |&ranks| {
                let next = from.shifted(files, ranks)?;
                let Some(other) = self.pieces.get(&next) else {
                    return Some(Step { from, to: next, captured: None });
                };
                let behind = next.shifted(files, ranks)?;
                let can_capture = other.color() != piece.color() && !self.pieces.contains_key(&behind);
                can_capture.then_some(Step { from, to: behind, captured: Some(next) })
            })
        })
    }

    fn why_not(&self, from: Square, moves: &[Step]) -> IllegalMove {
        match (self.pieces.get(&from), self.jumping, moves.first()) {
            (_, _, None) => IllegalMove::GameOver,
            (_, Some(square), _) if from != square => IllegalMove::MustGoOn(square),
            (Some(piece), _, Some(step)) if piece.color() == self.turn => match step.captured {
                Some(_) => IllegalMove::MustCapture,
                None => IllegalMove::OutOfReach,
            },
            _ => IllegalMove::NotYourPiece,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A position, from lines of squares: `game(Color::Red, "c3", "d4 d6K")`.
    fn game(turn: Color, red: &str, white: &str) -> Checkers {
        let man = [(red, Piece::RedMan), (white, Piece::WhiteMan)];
        let pieces = man.into_iter().flat_map(|(squares, man)| {
            squares.split_whitespace().map(move |text| match text.strip_suffix('K') {
                Some(text) => (square(text), man.crowned()),
                None => (square(text), man),
            })
        });
        Checkers { pieces: pieces.collect(), turn, jumping: None, quiet: 0, resigned: None }
    }

    fn square(text: &str) -> Square {
        text.parse().unwrap()
    }

    fn play(game: &mut Checkers, step: &str) -> Result<Step, IllegalMove> {
        let (from, to) = step.split_once('-').unwrap();
        game.play(square(from), square(to))
    }

    fn moves(game: &Checkers) -> Vec<String> {
        let mut moves: Vec<String> = game.moves().iter().map(|step| format!("{}-{}", step.from, step.to)).collect();
        moves.sort();
        moves
    }

    #[test]
    fn a_square_is_written_as_players_write_it() {
        for text in ["a1", "b6", "h8"] {
            assert_eq!(square(text).to_string(), text);
            assert_eq!(serde_json::to_string(&square(text)).unwrap(), format!("\"{text}\""));
        }
        for text in ["", "b", "b0", "b9", "i1", "B6", "b6 ", "6b", "ä1"] {
            assert_eq!(text.parse::<Square>(), Err(NotASquare), "{text:?}");
        }
        let error = serde_json::from_str::<Square>("\"z9\"").unwrap_err();
        assert!(error.to_string().starts_with("a square is written from `a1` to `h8`"), "{error}");
    }

    /// The numbers of possible first moves are known from other programs (which count a series of captures as one move).
    #[test]
    fn the_first_moves_can_go_as_many_ways_as_others_count() {
        fn ways(game: &Checkers, depth: u32) -> u64 {
            if depth == 0 {
                return 1;
            }
            let after = |step: Step| {
                let mut next = game.clone();
                next.play(step.from, step.to).unwrap();
                ways(&next, if next.jumping.is_some() { depth } else { depth - 1 })
            };
            game.moves().into_iter().map(after).sum()
        }
        let counted: Vec<u64> = (1..=6).map(|depth| ways(&Checkers::default(), depth)).collect();
        assert_eq!(counted, [7, 49, 302, 1469, 7361, 36768]);
    }

    #[test]
    fn red_begins_and_the_sides_take_turns() {
        let mut game = Checkers::default();
        assert_eq!(game.turn(), Color::Red);
        assert_eq!(play(&mut game, "b6-a5"), Err(IllegalMove::NotYourPiece));
        assert_eq!(play(&mut game, "d4-e5"), Err(IllegalMove::NotYourPiece), "an empty square is nobody's");
        assert_eq!(play(&mut game, "a3-c5"), Err(IllegalMove::OutOfReach));
        play(&mut game, "a3-b4").unwrap();
        assert_eq!(game.turn(), Color::White);
        play(&mut game, "b6-a5").unwrap();
        assert_eq!(game.turn(), Color::Red);
    }

    #[test]
    fn men_go_forward_and_kings_both_ways() {
        assert_eq!(moves(&game(Color::Red, "d4", "a7")), ["d4-c5", "d4-e5"]);
        assert_eq!(moves(&game(Color::White, "h2", "d4")), ["d4-c3", "d4-e3"]);
        assert_eq!(moves(&game(Color::Red, "d4K", "a7")), ["d4-c3", "d4-c5", "d4-e3", "d4-e5"]);
    }

    #[test]
    fn who_can_capture_must() {
        let mut game = game(Color::Red, "c3 g3", "d4 h8");
        assert_eq!(moves(&game), ["c3-e5"]);
        assert_eq!(play(&mut game, "g3-f4"), Err(IllegalMove::MustCapture));
        let step = play(&mut game, "c3-e5").unwrap();
        assert_eq!(step.captured, Some(square("d4")));
        assert!(!game.pieces().contains_key(&square("d4")));
    }

    #[test]
    fn neither_ones_own_nor_a_guarded_piece_nor_one_at_the_edge_is_captured() {
        assert_eq!(moves(&game(Color::Red, "c3 d4", "h8")), ["c3-b4", "d4-c5", "d4-e5"]);
        assert_eq!(moves(&game(Color::Red, "c3", "d4 e5")), ["c3-b4"]);
        assert_eq!(moves(&game(Color::Red, "g3", "h4 a7")), ["g3-f4"]);
        assert_eq!(moves(&game(Color::Red, "d4", "c3 h8")), ["d4-c5", "d4-e5"], "a man does not capture backwards");
        assert_eq!(moves(&game(Color::Red, "d4K", "c3 h8")), ["d4-b2"], "a king does");
    }

    #[test]
    fn a_capture_goes_on_with_the_same_piece_before_the_turn_changes() {
        let mut game = game(Color::Red, "a1 g1", "b2 d4 d6 h8");
        play(&mut game, "a1-c3").unwrap();
        assert_eq!(game.turn(), Color::Red);
        assert_eq!(play(&mut game, "g1-f2"), Err(IllegalMove::MustGoOn(square("c3"))));
        assert_eq!(play(&mut game, "c3-b4"), Err(IllegalMove::MustCapture));
        play(&mut game, "c3-e5").unwrap();
        play(&mut game, "e5-c7").unwrap();
        assert_eq!(game.turn(), Color::White);
        assert_eq!(game.pieces().len(), 3);
    }

    #[test]
    fn a_man_that_arrives_is_crowned_and_its_turn_ends() {
        let mut game = game(Color::Red, "b6", "c7 e7 h2");
        play(&mut game, "b6-d8").unwrap();
        assert_eq!(game.pieces()[&square("d8")], Piece::RedKing);
        assert_eq!(game.turn(), Color::White, "though the new king could capture e7");
    }

    #[test]
    fn who_has_no_piece_or_no_move_has_lost() {
        let mut captured = game(Color::Red, "c3", "d4");
        play(&mut captured, "c3-e5").unwrap();
        assert_eq!(captured.outcome(), Some(Outcome { winner: Some(Color::Red), reason: Reason::AllCaptured }));

        let mut blocked = game(Color::Red, "f2 g3", "h4");
        play(&mut blocked, "f2-e3").unwrap();
        assert_eq!(blocked.outcome(), None, "h4 captures g3");
        let mut blocked = game(Color::Red, "e1 g3", "h4");
        play(&mut blocked, "e1-f2").unwrap();
        assert_eq!(blocked.outcome(), Some(Outcome { winner: Some(Color::Red), reason: Reason::Blocked }));
        assert_eq!(play(&mut blocked, "h4-g3"), Err(IllegalMove::GameOver));
    }

    #[test]
    fn forty_quiet_moves_of_each_side_are_a_draw() {
        let mut game = game(Color::Red, "a1K", "h8K");
        for _ in 0..20 {
            for step in ["a1-b2", "h8-g7", "b2-a1", "g7-h8"] {
                assert_eq!(game.outcome(), None);
                play(&mut game, step).unwrap();
            }
        }
        assert_eq!(game.outcome(), Some(Outcome { winner: None, reason: Reason::FortyMoves }));
        assert_eq!(play(&mut game, "a1-b2"), Err(IllegalMove::GameOver));
    }

    #[test]
    fn who_resigns_has_lost_unless_the_game_is_over() {
        let mut resigned = Checkers::default();
        resigned.resign(Color::Red);
        resigned.resign(Color::White);
        assert_eq!(resigned.outcome(), Some(Outcome { winner: Some(Color::White), reason: Reason::Resigned }));
        assert_eq!(play(&mut resigned, "a3-b4"), Err(IllegalMove::GameOver));
    }
}
