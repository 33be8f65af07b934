//! One thing that is wrong with the contract.

use std::fmt;

use wit_parser::{SourceMap, Span};

/// An error, and its place. Findings are ordered as the text is.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Finding {
    /// As it was passed to the parser.
    pub file: String,
    /// The first line is 1.
    pub line: usize,
    /// A sentence that names the item.
    pub what: String,
}

impl Finding {
    pub(crate) fn at(sources: &SourceMap, span: Span, what: String) -> Self {
        let place = sources.render_location(span);
        let mut parts = place.rsplitn(3, ':');
        let line = parts.nth(1).and_then(|line| line.parse().ok()).unwrap_or_default();
        let file = parts.next().unwrap_or_default().to_owned();
        Self { file, line, what }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.file, self.line, self.what)
    }
}
