//! Turns the constants of an app's channels into a [`Description`].

use std::time::Duration;

use super::named_types::{Types, texts};
use super::needs::NeedsOf;
use super::{
    AnswerKind, AnswerShape, AsksDescription, ChannelDescription, ChannelShape, Content, Definition,
    DeliveryDescription, Description, EnvelopeDescription, EnvelopeShape, FaultDescription, FaultKind,
    HistoryDescription, Kind, MessageDescription, MessageShape, NeedDescription, Needs, ParamDescription,
    PlaceDescription, PlacesDescription, PresenceDescription, PresenceShape, RateDescription, RateShape,
    ReplyDescription, RoomDescription, SubprotocolsDescription, Type, TypeDescription,
};
use crate::protocol::delivery::Delivery;
use crate::protocol::history::History;
use crate::protocol::kind::kind_of;
use crate::protocol::lock::fingerprint;
use crate::protocol::subprotocols::{Otherwise, Subprotocols};

pub(crate) fn describe(channels: &[ChannelShape], fingerprint: String) -> Description {
    let types = Types::of(channels);
    Description {
        fingerprint,
        channels: channels.iter().map(|shape| types.channel(shape)).collect(),
        types: types.definitions(),
    }
}

impl Types {
    fn channel(&self, shape: &ChannelShape) -> ChannelDescription {
        let from_client = shape.from_client.iter().enumerate().map(|(at, message)| MessageDescription {
            reply: self.reply(shape.answers.get(at).unwrap_or(&AnswerShape::NOTHING)),
            timeout_ms: (shape.timeout_ms)(at),
            batch: shape.batched.get(at).is_some_and(|&is_batched| is_batched),
            delivery: DeliveryDescription::Reliable,
            ..self.message(message)
        });
        ChannelDescription {
            name: shape.name.into(),
            docs: shape.docs.into(),
            path: shape.pattern.into(),
            fingerprint: fingerprint(std::slice::from_ref(shape)),
            needs: needs(shape.needs),
            params: shape
                .params
                .iter()
                .map(|param| ParamDescription {
                    name: param.name.into(),
                    docs: param.docs.into(),
                    ty: self.ty(&param.ty, None),
                    text: self.ty(&in_path(param.ty), None),
                })
                .collect(),
            envelope: shape.envelope.as_ref().map(envelope),
            subprotocols: subprotocols(&shape.subprotocols),
            rooms: shape
                .rooms
                .iter()
                .map(|room| RoomDescription {
                    kind: room.kind.into(),
                    key: self.ty(&room.key, None),
                    history: shape.histories.iter().find(|(kind, _)| *kind == room.kind).map(|(_, kept)| history(kept)),
                })
                .collect(),
            history: shape.history.as_ref().map(history),
            presence: shape.presence.as_ref().map(|presence| self.presence(presence)),
            from_client: from_client.collect(),
            to_client: shape.to_client.iter().map(|message| self.message(message)).collect(),
            text_from_client: shape.accepts_text,
            text_to_client: shape.sends_text,
            binary_from_client: shape.accepts_binary,
            binary_to_client: shape.sends_binary,
            hooks: texts(shape.hooks),
        }
    }

    fn presence(&self, PresenceShape { seen, bounds }: &PresenceShape) -> PresenceDescription {
        PresenceDescription {
            seen: self.ty(seen, None),
            grace_ms: millis(bounds.grace),
            every_ms: millis(bounds.every),
            diffs_up_to: bounds.diffs_up_to as u64,
        }
    }

    fn message(&self, shape: &MessageShape) -> MessageDescription {
        let (name, docs) = match shape.about.split_once('\0') {
            Some((name, docs)) => (name.into(), docs),
            None => (pascal_case(shape.wire_type), shape.about),
        };
        MessageDescription {
            wire_type: shape.wire_type.into(),
            kind: kind_of(shape.wire_type),
            docs: docs.into(),
            name,
            content: self.content(&shape.content, None),
            reply: None,
            rate: shape.rate.map(rate),
            timeout_ms: None,
            batch: false,
            idempotent: shape.idempotent,
            delivery: delivery(shape.delivery),
            deprecated: shape.deprecated.map(Into::into),
            answer: shape.answer.map(|answer| self.ty(&answer, None)),
        }
    }

    fn reply(&self, answer: &AnswerShape) -> Option<ReplyDescription> {
        let mut reply = ReplyDescription {
            messages: Vec::new(),
            success: None,
            binary: match &answer.kind {
                AnswerKind::Binary => true,
                AnswerKind::One(wire_type) => kind_of(wire_type).is_some(),
                AnswerKind::OneOf(types) => types.iter().any(|wire_type| kind_of(wire_type).is_some()),
                _ => false,
            },
            text: matches!(answer.kind, AnswerKind::Text),
            nothing: answer.optional,
            faults: answer.each_fault().map(|fault| self.fault(&fault)).collect(),
            other_faults: answer.has_other_faults(),
        };
        match &answer.kind {
            AnswerKind::Nothing | AnswerKind::Binary | AnswerKind::Text => reply.nothing = true,
            AnswerKind::One(wire_type) => reply.messages.push((*wire_type).into()),
            AnswerKind::OneOf(types) => reply.messages = texts(types),
            AnswerKind::Data(data) => {
                reply.success = Some(data.map_or(TypeDescription::Json, |data| self.ty(&data, None)));
            }
            AnswerKind::Unknown => return None,
        }
        Some(reply)
    }

    fn fault(&self, fault: &FaultKind) -> FaultDescription {
        FaultDescription {
            code: fault.code.into(),
            message: fault.message.into(),
            docs: fault.docs.into(),
            details: match &fault.details {
                Content::Unit => None,
                details => Some(self.content(details, None)),
            },
        }
    }
}

/// `LeaveGame` for `leave_game`, `Pixel` for `(binary 1) pixel`.
fn pascal_case(wire_type: &str) -> String {
    let mut name = String::new();
    let mut begins = true;
    let text = wire_type.split_once(") ").map_or(wire_type, |(_, name)| name);
    for char in text.chars() {
        match char.is_alphanumeric() {
            true if begins => name.extend(char.to_uppercase()),
            true => name.push(char),
            false => {}
        }
        begins = !char.is_alphanumeric();
    }
    name
}

/// The type of a parameter's text.
fn in_path(ty: Type) -> Type {
    match ty {
        Type::Bool | Type::Integer { .. } | Type::Float { .. } | Type::Text { .. } => ty,
        Type::Named(Definition { kind: Kind::Struct(Content::As(inner)), .. }) => in_path(*inner),
        _ => Type::Text { format: None },
    }
}

fn needs(all: &[Needs]) -> Vec<NeedDescription> {
    fn flatten(needs: &Needs, required: bool, found: &mut Vec<NeedDescription>) {
        let required = required && !needs.is_optional;
        let (name, place) = match needs.of {
            NeedsOf::Token => (None, PlaceDescription::Token),
            NeedsOf::Query(name) => (Some(name), PlaceDescription::Query),
            NeedsOf::Header(name) => (Some(name), PlaceDescription::Header),
            NeedsOf::All(all) => return all.iter().for_each(|needs| flatten(needs, required, found)),
        };
        let name = name.map(Into::into);
        match found.iter_mut().find(|other| other.name == name && other.place == place) {
            Some(other) => other.required |= required,
            None => found.push(NeedDescription { name, place, required }),
        }
    }

    let mut found = Vec::new();
    all.iter().for_each(|needs| flatten(needs, true, &mut found));
    found
}

fn rate(RateShape { count, seconds, burst, per_user }: RateShape) -> RateDescription {
    RateDescription { count, seconds, burst, per_user }
}

fn delivery(class: Delivery) -> DeliveryDescription {
    match class {
        Delivery::Reliable => DeliveryDescription::Reliable,
        Delivery::Volatile => DeliveryDescription::Volatile,
        Delivery::Latest { key, .. } => {
            let every_ms = Some(class.every_ms()).filter(|every| *every > 0);
            DeliveryDescription::Latest { key: key.map(Into::into), every_ms }
        }
    }
}

fn history(kept: &History) -> HistoryDescription {
    let age_ms = millis(kept.age);
    HistoryDescription { size: kept.size as u64, bytes: kept.bytes as u64, age_ms, recent: kept.recent as u64 }
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

fn envelope(shape: &EnvelopeShape) -> EnvelopeDescription {
    let asks = |one_by_one| if one_by_one { AsksDescription::OneByOne } else { AsksDescription::Many };
    EnvelopeDescription {
        name: shape.name.into(),
        places: PlacesDescription {
            answers: shape.answers,
            rooms: shape.rooms,
            topics: shape.topics,
            questions: shape.asks_one_by_one.map(asks),
            batches: shape.most_in_batch,
        },
    }
}

fn subprotocols(list: &Subprotocols) -> Option<SubprotocolsDescription> {
    let (required, close) = match list.otherwise {
        Otherwise::Reject => (true, None),
        Otherwise::Accept => (false, None),
        Otherwise::Close(code) => (true, Some(code)),
    };
    (!list.names.is_empty()).then(|| SubprotocolsDescription { names: texts(list.names), required, close })
}
