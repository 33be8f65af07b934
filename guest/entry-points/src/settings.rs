//! What the environment says about the runs of this program.

use crate::origin::Origin;

const DEFAULT_NAME: &str = "task";

/// The variables, as `wasi:cli/environment` has them. Of a name given twice the last counts; a blank value is none.
pub struct Settings {
    pub variables: Vec<(String, String)>,
}

impl Settings {
    pub fn has_key(&self) -> bool {
        self.variable("ORCHESTRA_API_KEY").is_some()
    }

    pub fn run_id(&self) -> Option<&str> {
        self.variable("ORCHESTRA_TASK_RUN_ID")
    }

    pub fn name(&self) -> &str {
        self.variable("ORCHESTRA_TASK_NAME").unwrap_or(DEFAULT_NAME)
    }

    /// What a trigger has to show, if anything. A blank token is an error: whoever set it did not mean to let all in.
    pub fn trigger_token(&self) -> Result<Option<&str>, String> {
        match self.given("ORCHESTRA_TRIGGER_TOKEN").map(str::trim) {
            Some("") => Err("ORCHESTRA_TRIGGER_TOKEN is set and empty: set a token, or take the variable away".into()),
            token => Ok(token),
        }
    }

    /// Where a trigger may have reports sent to, separated by commas.
    pub fn allowed_endpoints(&self) -> Result<Vec<Origin>, String> {
        let list = self.variable("ORCHESTRA_ALLOWED_ENDPOINTS").unwrap_or_default();
        let entries = list.split(',').map(str::trim).filter(|entry| !entry.is_empty());
        // What an entry holds is nobody's business who sends a trigger.
        (1..)
            .zip(entries)
            .map(|(number, entry)| {
                Origin::parse_alone(entry).ok_or_else(|| {
                    let pattern =
                        if entry.contains('*') { "; patterns are not supported: name each origin" } else { "" };
                    format!(
                        "ORCHESTRA_ALLOWED_ENDPOINTS: entry {number} is not an origin such as \
                         https://webhook.getorchestra.io{pattern}"
                    )
                })
            })
            .collect()
    }

    fn variable(&self, name: &str) -> Option<&str> {
        self.given(name).map(str::trim).filter(|value| !value.is_empty())
    }

    fn given(&self, name: &str) -> Option<&str> {
        self.variables.iter().rev().find_map(|(candidate, value)| (candidate == name).then_some(value.as_str()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(variables: &[(&str, &str)]) -> Settings {
        let variables = variables.iter().map(|(name, value)| ((*name).to_string(), (*value).to_string())).collect();
        Settings { variables }
    }

    #[test]
    fn the_last_value_of_a_name_counts() {
        let settings = settings(&[("ORCHESTRA_TASK_RUN_ID", "first"), ("ORCHESTRA_TASK_RUN_ID", "last")]);
        assert_eq!(settings.run_id(), Some("last"));
    }

    #[test]
    fn a_blank_value_is_none() {
        let settings = settings(&[("ORCHESTRA_API_KEY", " "), ("ORCHESTRA_TASK_NAME", "")]);
        assert!(!settings.has_key());
        assert_eq!(settings.name(), "task");
    }

    #[test]
    fn a_blank_token_lets_nobody_in() {
        assert_eq!(settings(&[]).trigger_token(), Ok(None));
        assert_eq!(settings(&[("ORCHESTRA_TRIGGER_TOKEN", "secret\n")]).trigger_token(), Ok(Some("secret")));
        assert!(settings(&[("ORCHESTRA_TRIGGER_TOKEN", " ")]).trigger_token().is_err());
    }

    #[test]
    fn allowed_endpoints_are_separated_by_commas() {
        let allowed = |list| settings(&[("ORCHESTRA_ALLOWED_ENDPOINTS", list)]).allowed_endpoints();
        assert_eq!(allowed("").unwrap().len(), 0);
        assert_eq!(allowed(" https://a.example , https://b.example:8443/,").unwrap().len(), 2);
        assert!(allowed("https://a.example,b.example").unwrap_err().contains("entry 2 is not an origin"));
        assert!(allowed("https://a.example/tenant-a").unwrap_err().contains("entry 1 is not an origin"));
    }

    /// It would match nothing, and whoever wrote it believes that it does.
    #[test]
    fn a_pattern_is_not_an_allowed_endpoint() {
        let allowed = |list| settings(&[("ORCHESTRA_ALLOWED_ENDPOINTS", list)]).allowed_endpoints();
        for list in ["https://a.example,https://*.b.example", "https://a.example,*"] {
            let error = allowed(list).unwrap_err();
            assert!(error.contains("entry 2 is not an origin"), "{error}");
            assert!(error.contains("patterns are not supported"), "{error}");
            assert!(!error.contains("b.example"), "{error}");
        }
        assert!(!allowed("b.example").unwrap_err().contains("pattern"));
    }
}
