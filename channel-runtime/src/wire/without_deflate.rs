//! The replacement of [`deflate`](super::deflate) if the feature is off. Its types have no values, so that the compiler removes all
//! code for compression.

use http::header::{HeaderMap, HeaderValue};

use super::close::Violation;
use super::frame::{Compressed, Frame};
use super::input::Input;

#[derive(Clone, Copy, Debug)]
pub(crate) enum Compression {}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Agreed {}

pub(crate) fn negotiate(_: &HeaderMap, compression: &Compression) -> Option<(Agreed, HeaderValue)> {
    match *compression {}
}

#[derive(Debug)]
pub(super) enum InflateState {}

impl InflateState {
    pub fn new(agreed: Agreed) -> Self {
        match agreed {}
    }

    pub fn wire_limit(limit: usize) -> usize {
        limit
    }

    pub fn begin(&self) -> Box<Inflater> {
        match *self {}
    }

    pub fn complete(&mut self, _: &Input) {
        match *self {}
    }

    pub fn begin_read(&mut self) {
        match *self {}
    }

    pub fn is_enough(&self) -> bool {
        match *self {}
    }

    pub fn keep(&mut self, _: &[u8]) {
        match *self {}
    }

    pub fn has_rest(&self) -> bool {
        match *self {}
    }

    pub fn take_rest(&mut self) -> Vec<u8> {
        match *self {}
    }
}

#[derive(Debug)]
pub(super) enum Inflater {}

impl Inflater {
    pub fn push<E>(&mut self, _: &[u8], _: usize, _: impl FnMut(&[u8]) -> Result<(), E>) -> Result<(), Violation> {
        match *self {}
    }

    #[expect(clippy::boxed_local, reason = "as the real one")]
    pub fn finish<E>(self: Box<Self>, _: usize, _: impl FnMut(&[u8]) -> Result<(), E>) -> Result<(), Violation> {
        match *self {}
    }
}

#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Windows;

impl Windows {
    pub fn of(_: impl IntoIterator<Item = Option<Agreed>>) -> Self {
        Self
    }

    pub fn and_widest(self, compression: &Compression) -> Self {
        match *compression {}
    }
}

#[derive(Debug, Default)]
pub(crate) struct WindowCounts {}

impl WindowCounts {
    pub fn add(&self, _: Option<Agreed>) {}

    pub fn remove(&self, _: Option<Agreed>) {}

    pub fn windows(&self, _: Option<Agreed>) -> Windows {
        Windows
    }
}

pub(crate) struct PreparedFrame(Frame);

impl PreparedFrame {
    pub fn plain(frame: Frame) -> Self {
        Self(frame)
    }

    pub fn new(_: Frame, _: Windows, compression: &Compression) -> Self {
        match *compression {}
    }

    pub fn received(_: Frame, _: Compressed<&[u8]>, _: Windows, compression: &Compression) -> Self {
        match *compression {}
    }

    pub fn to_be_numbered(_: Frame, _: Windows, compression: &Compression) -> Self {
        match *compression {}
    }

    pub fn number(&mut self, number: u64) {
        self.0.number(number);
    }

    pub fn of(&self, _: Option<Agreed>) -> &Frame {
        &self.0
    }

    pub fn plain_form(&self) -> &Frame {
        &self.0
    }

    pub fn without_forms(&self) -> Self {
        Self(self.0.clone())
    }

    pub fn into_one(self, _: Option<Agreed>) -> Frame {
        self.0
    }

    pub fn forms(&self) -> (Frame, Option<Compressed<Frame>>) {
        (self.0.clone(), None)
    }

    pub fn len(&self) -> usize {
        self.0.len()
    }
}
