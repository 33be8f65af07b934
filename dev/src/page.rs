//! The page: one document, with its style and its script inside.

use orchestra_endpoint::{Answer, status};
use uuid::Uuid;

const HTML: &str = include_str!("../page/page.html");
const STYLE: &str = include_str!("../page/page.css");
const SCRIPT: &str = include_str!("../page/page.js");

/// The document. Only its own script can run in it: texts of clients cannot.
pub(crate) fn answer() -> Answer {
    let nonce = Uuid::new_v4().simple().to_string();
    let policy = format!(
        "default-src 'none'; script-src 'nonce-{nonce}'; style-src 'nonce-{nonce}'; connect-src 'self'; img-src data:; \
         base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types"
    );
    status(200)
        .header("content-type", "text/html; charset=utf-8")
        .header("content-security-policy", &policy)
        .header("x-content-type-options", "nosniff")
        .header("referrer-policy", "no-referrer")
        .header("cross-origin-opener-policy", "same-origin")
        .header("cross-origin-resource-policy", "same-origin")
        .header("cache-control", "no-store")
        .body(document(&nonce))
}

fn document(nonce: &str) -> String {
    HTML.replace("{nonce}", nonce).replacen("{style}", STYLE, 1).replacen("{script}", SCRIPT, 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_document_is_whole_and_needs_no_other() {
        let document = document("n0nce");
        assert!(document.contains(STYLE) && document.contains(SCRIPT));
        assert_eq!(document.matches("nonce=\"n0nce\"").count(), 2);
        for outside in ["https://", "http://", "//cdn", "@import", "url(", "<link rel=\"stylesheet\"", "src="] {
            assert!(!document.contains(outside), "{outside}");
        }
    }

    #[test]
    fn a_text_does_not_become_markup() {
        for sink in ["innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "DOMParser"] {
            assert!(!SCRIPT.contains(sink), "{sink}");
        }
    }
}
