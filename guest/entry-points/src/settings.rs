//! What the environment says about the runs of this program.

use orchestra_policy::{DEFAULT_NAME, variables};
use orchestra_url::Origin;

/// The variables, as `wasi:cli/environment` has them. If a name is given twice, the last one counts.
pub struct Settings {
    pub variables: Vec<(String, String)>,
}

impl Settings {
    /// Whether there is a key, good or bad.
    pub fn has_key(&self) -> bool {
        self.given(variables::API_KEY).is_some()
    }

    pub fn run_id(&self) -> Result<Option<&str>, String> {
        self.unless_blank(variables::TASK_RUN_ID)
    }

    pub fn name(&self) -> Result<&str, String> {
        Ok(self.unless_blank(variables::TASK_NAME)?.unwrap_or(DEFAULT_NAME))
    }

    /// What a trigger has to show, if anything.
    pub fn trigger_token(&self) -> Result<Option<&str>, String> {
        self.unless_blank(variables::TRIGGER_TOKEN)
    }

    /// The endpoints that a trigger may have reports sent to, separated by commas.
    pub fn allowed_endpoints(&self) -> Result<Vec<Origin>, String> {
        let list = self.unless_blank(variables::ALLOWED_ENDPOINTS)?.unwrap_or_default();
        let entries = list.split(',').map(str::trim).filter(|entry| !entry.is_empty());
        // The error is shown to whoever sends a trigger, so it does not repeat the entry.
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

    /// A blank value is an error: whoever set it did not mean the default, nor to let everybody in.
    fn unless_blank(&self, name: &str) -> Result<Option<&str>, String> {
        match self.given(name).map(str::trim) {
            Some("") => Err(format!("{name} is set and empty: give it a value, or take the variable away")),
            value => Ok(value),
        }
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
        assert_eq!(settings.run_id(), Ok(Some("last")));
    }

    #[test]
    fn a_blank_value_is_an_error_that_names_its_variable() {
        let blank = |name| settings(&[(name, " ")]);
        for (name, error) in [
            ("ORCHESTRA_TASK_RUN_ID", blank("ORCHESTRA_TASK_RUN_ID").run_id().map(drop)),
            ("ORCHESTRA_TASK_NAME", blank("ORCHESTRA_TASK_NAME").name().map(drop)),
            ("ORCHESTRA_TRIGGER_TOKEN", blank("ORCHESTRA_TRIGGER_TOKEN").trigger_token().map(drop)),
            ("ORCHESTRA_ALLOWED_ENDPOINTS", blank("ORCHESTRA_ALLOWED_ENDPOINTS").allowed_endpoints().map(drop)),
        ] {
            assert!(error.unwrap_err().starts_with(&format!("{name} is set and empty")));
        }
    }

    #[test]
    fn what_is_not_set_has_its_default() {
        let none = settings(&[]);
        assert_eq!((none.run_id(), none.name(), none.trigger_token()), (Ok(None), Ok("task"), Ok(None)));
        assert_eq!(none.allowed_endpoints().unwrap().len(), 0);
        assert_eq!(settings(&[("ORCHESTRA_TRIGGER_TOKEN", "secret\n")]).trigger_token(), Ok(Some("secret")));
    }

    #[test]
    fn allowed_endpoints_are_separated_by_commas() {
        let allowed = |list| settings(&[("ORCHESTRA_ALLOWED_ENDPOINTS", list)]).allowed_endpoints();
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
