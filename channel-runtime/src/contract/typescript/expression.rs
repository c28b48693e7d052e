//! An expression of TypeScript, with the parentheses that it needs within another.

/// Longer objects and unions have a line for each part.
pub(super) const WIDTH: usize = 110;

/// An expression, and how loosely its outermost operator binds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Expression {
    pub text: String,
    binds: Binds,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Binds {
    Union,
    Intersection,
    Whole,
}

impl Expression {
    pub fn whole(text: impl Into<String>) -> Self {
        Self { text: text.into(), binds: Binds::Whole }
    }

    /// `T[]`
    pub fn list(self) -> Self {
        Self::whole(format!("{}[]", self.within(Binds::Whole)))
    }

    fn within(self, operator: Binds) -> String {
        if self.binds < operator { format!("({})", self.text) } else { self.text }
    }

    pub fn or_null(self) -> Self {
        let has_null = matches!(self.text.as_str(), "unknown" | "null") || self.text.ends_with(" | null");
        if has_null { self } else { Self { text: format!("{} | null", self.text), binds: Binds::Union } }
    }

    pub fn all_of(parts: Vec<Self>) -> Self {
        if parts.len() == 1 {
            return parts.into_iter().next().expect("it has one");
        }
        let texts: Vec<_> = parts.into_iter().map(|part| part.within(Binds::Intersection)).collect();
        Self { text: texts.join(" & "), binds: Binds::Intersection }
    }

    /// `never` if there are none.
    pub fn one_of(parts: Vec<Self>) -> Self {
        let mut texts: Vec<String> = Vec::new();
        let mut binds = Binds::Whole;
        let several = parts.len() > 1;
        for part in parts {
            if !several {
                binds = part.binds;
            }
            if !texts.contains(&part.text) {
                texts.push(part.text);
            }
        }
        match texts.len() {
            0 => Self::whole("never"),
            1 => Self { text: texts.remove(0), binds },
            _ => Self { text: texts.join(" | "), binds: Binds::Union },
        }
    }
}

pub(super) fn tuple(items: Vec<Expression>) -> Expression {
    let items: Vec<_> = items.into_iter().map(|item| item.text).collect();
    Expression::whole(format!("[{}]", items.join(", ")))
}

/// `export type Name = ..`, with a line for each variant if they have comments or are long.
pub(super) fn union(name: &str, variants: Vec<(String, Expression)>) -> String {
    let has_docs = variants.iter().any(|(docs, _)| !docs.is_empty());
    let short = Expression::one_of(variants.iter().map(|(_, variant)| variant.clone()).collect()).text;
    let is_short = short.len() <= WIDTH && !short.contains('\n');
    if !has_docs && is_short {
        return format!("export type {name} = {short}\n");
    }
    let lines: String = variants.iter().map(|(docs, variant)| format!("{docs}  | {}\n", variant.text)).collect();
    format!("export type {name} =\n{lines}")
}
