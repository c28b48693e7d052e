//! A method's `self`: whether it is a reference, and of which kind.

use syn::{Receiver, ReceiverKind, Signature, Type};

use crate::syntax::types::ungroup;

pub fn is_reference(receiver: &Receiver) -> bool {
    match &receiver.kind {
        ReceiverKind::Reference(..) => true,
        ReceiverKind::Typed(_, ty) => matches!(ungroup(ty), Type::Reference(_)),
        _ => false,
    }
}

pub fn is_shared(receiver: &Receiver) -> bool {
    match &receiver.kind {
        ReceiverKind::Reference(_, _, mutability) => mutability.is_none(),
        ReceiverKind::Typed(_, ty) => matches!(ungroup(ty), Type::Reference(ty) if ty.mutability.is_none()),
        _ => false,
    }
}

pub fn takes_mut_self(sig: &Signature) -> bool {
    sig.receiver().is_some_and(|receiver| is_reference(receiver) && !is_shared(receiver))
}
