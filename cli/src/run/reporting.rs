//! The endpoint that a run is reported to.

use std::env;
use std::time::Duration;

use orchestra_dev::Server;
use orchestra_host::{ApiKey, DEFAULT_ENDPOINT, Host, Reporting};
use orchestra_policy::variables::{self, API_KEY, WEBHOOK_URL};
use url::Url;
use uuid::Uuid;

use super::environment::variable;

const RUN_ID: &str = variables::TASK_RUN_ID;

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
pub fn destination(wants_page: bool, timeout: Option<Duration>) -> Result<Destination, String> {
    // A blank key cannot be sent anywhere, so it does not forbid the page.
    let has_key = env::var_os(API_KEY).is_some_and(|key| !key.to_string_lossy().trim().is_empty());
    if wants_page && !has_key {
        return to_a_page(timeout);
    }
    let notice = wants_page
        .then(|| format!("--dev is ignored, because {API_KEY} is set: unset it to report to a local endpoint"));
    Ok(Destination { reporting: from_environment(timeout), page: None, notice })
}

/// The origin that a run is reported to, or why it cannot be.
pub async fn checked_origin(host: &Host, reporting: &Reporting) -> Result<String, String> {
    host.check(reporting).await?;
    let Some(endpoint) = &reporting.endpoint else { return Ok(DEFAULT_ENDPOINT.into()) };
    let url = Url::parse(endpoint).map_err(|error| format!("{WEBHOOK_URL} cannot be used: {error}"))?;
    Ok(url.origin().ascii_serialization())
}

/// The process component checks the values.
fn from_environment(timeout: Option<Duration>) -> Result<Reporting, String> {
    let missing = |name: &str| format!("{name} is not set");
    match (variable(API_KEY)?, variable(RUN_ID)?) {
        (Some(key), Some(run_id)) => {
            let (api_key, endpoint) = (ApiKey::new(key), variable(WEBHOOK_URL)?);
            Ok(Reporting { run_id, api_key, endpoint, delivery: delivery(timeout)? })
        }
        (None, None) => Err(format!("neither {API_KEY} nor {RUN_ID} is set")),
        (None, Some(_)) => Err(missing(API_KEY)),
        (Some(_), None) => Err(missing(RUN_ID)),
    }
}

/// What the environment says about delivery; the command line's word on its time counts more.
fn delivery(timeout: Option<Duration>) -> Result<Vec<(String, String)>, String> {
    let mut pairs = Vec::new();
    for name in variables::OF_DELIVERY {
        pairs.extend(variable(name)?.map(|value| (name.to_string(), value)));
    }
    pairs.extend(timeout.map(|time| (variables::DELIVERY_TIMEOUT.into(), format!("{}ms", time.as_millis()))));
    Ok(pairs)
}

fn to_a_page(timeout: Option<Duration>) -> Result<Destination, String> {
    let server = orchestra_dev::serve(orchestra_dev::Options::default());
    let server = server.map_err(|error| format!("a local endpoint cannot be served: {error}"))?;
    let (run_id, notice) = match variable(RUN_ID) {
        Ok(run_id) => (run_id, None),
        Err(why) => (None, Some(format!("{why}; the page shows another run id"))),
    };
    let reporting = Reporting {
        run_id: run_id.unwrap_or_else(|| Uuid::new_v4().to_string()),
        api_key: ApiKey::new("local-key"),
        endpoint: Some(server.url()),
        delivery: delivery(timeout)?,
    };
    Ok(Destination { reporting: Ok(reporting), page: Some(server), notice })
}
