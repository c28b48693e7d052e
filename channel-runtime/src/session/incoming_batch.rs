//! A text that holds several messages: each becomes a step of its own.

use std::collections::VecDeque;
use std::sync::Arc;

use crate::socket::answer_array::AnswerArray;

pub(crate) struct IncomingBatch {
    texts: VecDeque<String>,
    answers: Arc<AnswerArray>,
}

impl IncomingBatch {
    pub fn new(texts: &[&str], answers: Arc<AnswerArray>) -> Self {
        Self { texts: texts.iter().map(|&text| text.to_owned()).collect(), answers }
    }

    pub fn is_empty(&self) -> bool {
        self.texts.is_empty()
    }

    pub fn pop(&mut self) -> Option<String> {
        self.texts.pop_front()
    }

    pub fn answers(&self) -> &Arc<AnswerArray> {
        &self.answers
    }
}
