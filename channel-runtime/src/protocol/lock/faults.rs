//! The lines of the faults with which a handler may answer: one for each code, and one for each key of its details.
//!
//! ```text
//! < bid (fault) bid.too_low
//! < bid (fault) bid.too_low least: u64
//! ```

use super::contents::{Subject, content, content_lines};
use super::line::{Line, after, direction};
use crate::protocol::describe::AnswerShape;

/// What stands behind the message in each line.
pub(super) const FAULT: &str = " (fault) ";

/// Writes the line at this place. If it is behind the last one, returns how many there are.
pub(super) const fn fault(line: &mut Line, wire_type: &str, answer: &AnswerShape, index: usize) -> Option<usize> {
    let (mut left, mut at) = (index, 0);
    while let Some(fault) = answer.fault(at) {
        if !answer.is_repeated(at) {
            if left == 0 {
                line.push(direction(false));
                line.push_message(wire_type);
                line.push(FAULT);
                line.push_escaped(fault.code);
                return None;
            }
            left -= 1;
            let lines = content_lines(&fault.details, false);
            if left < lines {
                content(line, Subject::Fault(wire_type, fault.code), &fault.details, false, left);
                return None;
            }
            left -= lines;
        }
        at += 1;
    }
    Some(index - left)
}

/// Splits `< bid (fault) bid.too_low least` at the fault. `None` if the key is about no fault.
pub(super) const fn of_fault(key: &str) -> Option<(&str, &str)> {
    let (bytes, mark) = (key.as_bytes(), FAULT.as_bytes());
    let mut at = 0;
    while at + mark.len() <= bytes.len() {
        // No name has a bracket in it.
        if bytes[at] == b' ' && bytes[at + 1] == b'(' && bytes[at + 2] == b'f' {
            let (before, behind) = key.split_at(at);
            return match super::line::starts(behind, FAULT) {
                Some(fault) => Some((before, fault)),
                None => None,
            };
        }
        at += 1;
    }
    None
}

/// Whether the key is about a fault itself, not about its details.
pub(super) const fn is_fault(key: &str) -> bool {
    match of_fault(key) {
        Some((_, fault)) => after(fault, b' ').is_empty(),
        None => false,
    }
}
