//! A market that is made up: 500 symbols, whose prices go up and down at random.

use std::time::UNIX_EPOCH;

use channel_runtime::describe::Describe;
use fastrand::Rng;
use serde::{Deserialize, Serialize};

/// How many symbols there are: each that has one of 25 syllables in front and one of 20 behind.
pub const SYMBOLS: usize = 500;

/// What a symbol costs now.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, Describe)]
pub struct Quote {
    pub price: f64,
    pub bid: f64,
    pub ask: f64,
    /// Since the market has opened, in percent.
    pub change: f64,
    /// Counts the updates of this symbol.
    pub n: u64,
    /// When it was made, in milliseconds since 1970.
    pub at: u64,
}

pub struct Market {
    random: Rng,
    /// In the order of their turns, in which each has one update.
    stocks: Vec<Stock>,
    turn: usize,
}

/// Prices are in cents.
struct Stock {
    symbol: String,
    opened_at: f64,
    price: f64,
    n: u64,
}

impl Market {
    /// The same prices for the same seed.
    pub fn new(seed: u64) -> Self {
        let mut random = Rng::with_seed(seed);
        let mut open = |symbol| {
            let opened_at = random.u32(1_000..50_000).into();
            Stock { symbol, opened_at, price: opened_at * (0.97 + 0.06 * random.f64()), n: 0 }
        };
        let mut stocks: Vec<_> = symbols().map(&mut open).collect();
        random.shuffle(&mut stocks);
        Self { random, stocks, turn: 0 }
    }

    /// The next update: of which symbol, and what.
    pub fn update(&mut self) -> (String, Quote) {
        let stock = &mut self.stocks[self.turn];
        self.turn = (self.turn + 1) % SYMBOLS;
        stock.price = (stock.price * (0.9992 + 0.0016 * self.random.f64())).max(100.0);
        stock.n += 1;
        let in_units = |cents: f64| cents.round() / 100.0;
        let quote = Quote {
            price: in_units(stock.price),
            bid: in_units(stock.price - 1.0),
            ask: in_units(stock.price + 1.0),
            change: in_units(10_000.0 * (stock.price / stock.opened_at - 1.0)),
            n: stock.n,
            at: UNIX_EPOCH.elapsed().map_or(0, |since| since.as_millis() as u64),
        };
        (stock.symbol.clone(), quote)
    }
}

/// `BALA` to `KURU`.
fn symbols() -> impl Iterator<Item = String> {
    let seconds = syllables("LMNR");
    syllables("BDFGK")
        .into_iter()
        .flat_map(move |first| seconds.clone().into_iter().map(move |second| format!("{first}{second}")))
}

fn syllables(consonants: &str) -> Vec<String> {
    consonants.chars().flat_map(|consonant| "AEIOU".chars().map(move |vowel| format!("{consonant}{vowel}"))).collect()
}
