//! Where a run is reported to.

use orchestra_host::{ApiKey, Reporting};
use uuid::Uuid;

use super::environment::variable;

/// The process component checks the values.
pub fn from_environment() -> Result<Reporting, String> {
    let missing = |name: &str| format!("{name} is not set");
    match (variable("ORCHESTRA_API_KEY")?, variable("ORCHESTRA_TASK_RUN_ID")?) {
        (Some(key), Some(run_id)) => {
            let endpoint = variable("ORCHESTRA_WEBHOOK_URL")?;
            Ok(Reporting { run_id, api_key: ApiKey::new(key), endpoint })
        }
        (None, None) => Err("neither ORCHESTRA_API_KEY nor ORCHESTRA_TASK_RUN_ID is set".into()),
        (None, Some(_)) => Err(missing("ORCHESTRA_API_KEY")),
        (Some(_), None) => Err(missing("ORCHESTRA_TASK_RUN_ID")),
    }
}

/// A server, and what reports to it.
pub fn to_a_page() -> Result<(orchestra_dev::Server, Reporting), String> {
    let server = orchestra_dev::serve(orchestra_dev::Options::default());
    let server = server.map_err(|error| format!("no local endpoint can be served: {error}"))?;
    let reporting = Reporting {
        run_id: variable("ORCHESTRA_TASK_RUN_ID")?.unwrap_or_else(|| Uuid::new_v4().to_string()),
        api_key: ApiKey::new("dev"),
        endpoint: Some(server.url()),
    };
    Ok((server, reporting))
}
