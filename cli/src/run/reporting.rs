//! Where a run is reported to.

use std::env;

use orchestra_dev::Server;
use orchestra_host::{ApiKey, Host, Reporting};
use url::Url;
use uuid::Uuid;

use super::environment::variable;

const API_KEY: &str = "ORCHESTRA_API_KEY";
const RUN_ID: &str = "ORCHESTRA_TASK_RUN_ID";
const WEBHOOK_URL: &str = "ORCHESTRA_WEBHOOK_URL";

/// The process component's own endpoint, unless the environment names another.
const ORCHESTRA: &str = "https://webhook.getorchestra.io";

/// What the environment and `--dev` say.
pub struct Destination {
    /// Or why the run is not reported.
    pub reporting: Result<Reporting, String>,
    /// The local endpoint that this run has of its own.
    pub page: Option<Server>,
    /// What somebody should know before the run starts.
    pub notice: Option<String>,
}

/// The error is a sentence.
pub fn destination(wants_page: bool) -> Result<Destination, String> {
    // A blank key can be sent nowhere, so it keeps nobody from a page.
    let has_key = env::var_os(API_KEY).is_some_and(|key| !key.to_string_lossy().trim().is_empty());
    if wants_page && !has_key {
        return to_a_page();
    }
    let notice = wants_page
        .then(|| format!("--dev is ignored, because {API_KEY} is set: unset it to report to a local endpoint"));
    Ok(Destination { reporting: from_environment(), page: None, notice })
}

/// The origin that a run is reported to, or why it cannot be.
pub async fn checked_origin(host: &Host, reporting: &Reporting) -> Result<String, String> {
    if let Err(why) = host.check(reporting).await {
        return Err(why.strip_prefix("nothing is reported: ").unwrap_or(&why).into());
    }
    let Some(endpoint) = &reporting.endpoint else { return Ok(ORCHESTRA.into()) };
    let url = Url::parse(endpoint).map_err(|error| format!("{WEBHOOK_URL} cannot be used: {error}"))?;
    Ok(url.origin().ascii_serialization())
}

/// The process component checks the values.
fn from_environment() -> Result<Reporting, String> {
    let missing = |name: &str| format!("{name} is not set");
    match (variable(API_KEY)?, variable(RUN_ID)?) {
        (Some(key), Some(run_id)) => {
            Ok(Reporting { run_id, api_key: ApiKey::new(key), endpoint: variable(WEBHOOK_URL)? })
        }
        (None, None) => Err(format!("neither {API_KEY} nor {RUN_ID} is set")),
        (None, Some(_)) => Err(missing(API_KEY)),
        (Some(_), None) => Err(missing(RUN_ID)),
    }
}

fn to_a_page() -> Result<Destination, String> {
    let server = orchestra_dev::serve(orchestra_dev::Options::default());
    let server = server.map_err(|error| format!("a local endpoint cannot be served: {error}"))?;
    let (run_id, notice) = match variable(RUN_ID) {
        Ok(run_id) => (run_id, None),
        Err(why) => (None, Some(format!("{why}; the page shows another run id"))),
    };
    let reporting = Reporting {
        run_id: run_id.unwrap_or_else(|| Uuid::new_v4().to_string()),
        api_key: ApiKey::new("dev"),
        endpoint: Some(server.url()),
    };
    Ok(Destination { reporting: Ok(reporting), page: Some(server), notice })
}
