//! Several sides of a comparison, measured in turns, so that whatever else the machine does falls on all alike.

use std::time::Instant;

/// Medians of nanoseconds a call, measured in turns.
pub fn in_turns<const N: usize>(mut sides: [&mut dyn FnMut(); N]) -> [f64; N] {
    const SAMPLES: usize = 301;
    const CALLS: u32 = 400;
    let mut times = [const { Vec::new() }; N];
    // The first is for the caches.
    for sample in 0..=SAMPLES {
        for (call, times) in sides.iter_mut().zip(&mut times) {
            let start = Instant::now();
            for _ in 0..CALLS {
                call();
            }
            if sample > 0 {
                times.push(start.elapsed().as_nanos() as f64 / f64::from(CALLS));
            }
        }
    }
    times.map(median)
}

fn median(mut times: Vec<f64>) -> f64 {
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}
