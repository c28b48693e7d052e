//! `Describe` for types of popular crates, as their serde features write them.

use super::std_types::is;
use super::{Describe, Type};

is!(serde_json::Value serde_json::value::RawValue => Type::Json);
is!(serde_json::Number => Type::Float { bits: 64 });

impl Describe for serde_json::Map<String, serde_json::Value> {
    const TYPE: Type = Type::Record { key: &<String as Describe>::TYPE, value: &Type::Json };
}

is!(bytes::Bytes bytes::BytesMut => Type::List(&<u8 as Describe>::TYPE));

#[cfg(feature = "uuid")]
is!(uuid::Uuid => Type::Text { format: Some("uuid") });

#[cfg(feature = "url")]
is!(url::Url => Type::Text { format: Some("uri") });

#[cfg(feature = "rust_decimal")]
is!(rust_decimal::Decimal => Type::Text { format: Some("decimal") });

#[cfg(feature = "chrono")]
mod of_chrono {
    use super::{Describe, Type, is};

    impl<Z: chrono::TimeZone> Describe for chrono::DateTime<Z> {
        const TYPE: Type = Type::Text { format: Some("date-time") };
    }

    is!(chrono::NaiveDateTime => Type::Text { format: Some("local-date-time") });
    is!(chrono::NaiveDate => Type::Text { format: Some("date") });
    is!(chrono::NaiveTime => Type::Text { format: Some("local-time") });
}

#[cfg(feature = "indexmap")]
mod of_indexmap {
    use super::{Describe, Type};

    impl<K: Describe, V: Describe, S> Describe for indexmap::IndexMap<K, V, S> {
        const TYPE: Type = Type::Record { key: &K::TYPE, value: &V::TYPE };
    }

    impl<T: Describe, S> Describe for indexmap::IndexSet<T, S> {
        const TYPE: Type = Type::List(&T::TYPE);
    }
}
