//! A message that may be said again: whether it was said before, and its answer then.

use std::sync::Arc;

use crate::connection::in_flight::{Work, WorkGuard};
use crate::protocol::codec::MessageId;
use crate::protocol::fault::Fault;
use crate::room::member::Member;
use crate::socket::Socket;
use crate::socket::claim::Claim;
use crate::socket::frames::fault_frame;
use crate::socket::handled_once::HandledOnce;
use crate::socket::kept_answer::KeptAnswer;
use crate::socket::node::Node;
use crate::socket::one_answer::SaidAgain;
use crate::socket::push::push_frame;
use crate::socket::replies::MessageKey;
use crate::wire::frame::{Opcode, frame};

impl<C: 'static> Socket<C> {
    /// Whether the message is to be handled. If it was said before, it is answered as then: now, or once the first is.
    pub(crate) fn is_said_first(&mut self, id: MessageId) -> bool {
        match HandledOnce::begin(&self.node().replies, MessageKey::new(self.member(), id)) {
            Ok(handled) => {
                self.keep_answer(handled);
                true
            }
            Err(answer) => {
                self.counters().said_again.add(1);
                answer.answer(Box::new(Again::new(self.node(), self.member(), self.claim())));
                false
            }
        }
    }
}

/// Its connection stays open until it is answered.
struct Again {
    node: Arc<Node>,
    member: Arc<Member>,
    claim: Claim,
    _in_flight: WorkGuard,
}

impl Again {
    fn new(node: &Arc<Node>, member: &Arc<Member>, claim: &Claim) -> Self {
        let channel = node.counters(member.channel()).channel;
        Self {
            node: Arc::clone(node),
            member: Arc::clone(member),
            claim: claim.give_away(member),
            _in_flight: member.outbox().activity().begin(Work::Answer { channel }),
        }
    }
}

impl SaidAgain for Again {
    fn answer(self: Box<Self>, answer: &KeptAnswer) {
        if let Some((opcode, data)) = &answer.before {
            push_frame(&self.node, &self.member, frame(*opcode, data));
        }
        let open = self.claim.take();
        let reference = open.as_ref().and_then(|open| open.head().reference);
        if let Some(text) = answer.text(reference, true) {
            push_frame(&self.node, &self.member, frame(Opcode::Text, &text));
        }
    }

    fn refuse(self: Box<Self>) {
        let fault = Fault::new(Fault::TOO_MANY, "it is handled, and was said too often meanwhile");
        self.node.counters(self.member.channel()).fault(&fault);
        let open = self.claim.take();
        let head = open.as_ref().map(|open| open.head()).unwrap_or_default();
        push_frame(&self.node, &self.member, fault_frame(&fault, head));
    }
}
