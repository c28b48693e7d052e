//! Numbers for collectors: names, labels, and who takes them.

/// A number's name, which all its labels share.
#[derive(Clone, Copy)]
pub(crate) struct Family {
    pub name: &'static str,
    pub kind: Kind,
    #[cfg_attr(not(feature = "ops"), expect(dead_code, reason = "a page says it"))]
    pub help: &'static str,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Counter,
    Gauge,
}

impl Family {
    pub const fn counter(name: &'static str, help: &'static str) -> Self {
        Self { name, kind: Kind::Counter, help }
    }

    pub const fn gauge(name: &'static str, help: &'static str) -> Self {
        Self { name, kind: Kind::Gauge, help }
    }
}

pub(crate) type Label = (&'static str, &'static str);

/// Takes numbers, all of a family behind its beginning.
pub(crate) trait Collector {
    fn begin(&mut self, family: Family);

    fn add(&mut self, labels: &[Label], value: u64);

    /// Without labels, and no whole number.
    #[cfg(feature = "cluster")]
    fn only_fraction(&mut self, family: Family, value: f64);

    fn only(&mut self, family: Family, value: u64) {
        self.begin(family);
        self.add(&[], value);
    }
}

/// For the facade `metrics`.
#[cfg(feature = "metrics")]
pub(crate) struct Facade(Option<Family>);

#[cfg(feature = "metrics")]
impl Facade {
    pub fn new() -> Self {
        Self(None)
    }
}

#[cfg(feature = "metrics")]
impl Collector for Facade {
    fn begin(&mut self, family: Family) {
        self.0 = Some(family);
    }

    fn add(&mut self, labels: &[Label], value: u64) {
        let Some(Family { name, kind, .. }) = self.0 else { return };
        let labels: Vec<_> = labels.iter().map(|(name, of)| metrics::Label::from_static_parts(name, of)).collect();
        match kind {
            Kind::Counter => metrics::counter!(name, labels).absolute(value),
            Kind::Gauge => metrics::gauge!(name, labels).set(value as f64),
        }
    }

    #[cfg(feature = "cluster")]
    fn only_fraction(&mut self, family: Family, value: f64) {
        metrics::gauge!(family.name).set(value);
    }
}
