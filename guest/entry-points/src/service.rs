//! A run for each trigger that arrives over HTTP. The answer is out before the task starts: Orchestra waits 30 s for it, a
//! task may take hours.

use orchestra_policy::{INPUT_BYTES, variables};
use orchestra_url::Origin;
use subtle::ConstantTimeEq;
use wasi::http::types::{IncomingRequest, Method, ResponseOutparam};

use crate::conduct::{self, Work};
use crate::http::{Answer, body, header};
use crate::lifecycle::{OpenError, Process, Reporter};
use crate::settings::Settings;
use crate::stderr::{of_open, of_variable, say};
use crate::trigger::{RUN_ID_HEADER, Trigger};

/// `wasi:http/incoming-handler`
pub fn handle<W: Work>(request: IncomingRequest, out: ResponseOutparam) {
    match accept(&request) {
        Ok((process, input)) => {
            drop(request);
            Answer::json(202, "task_run_id", &process.run_id()).send(out);
            // Its ending was reported; there is no status left to give.
            _ = conduct::conduct::<W>(&process, || Ok(input), W::variables);
        }
        Err(answer) => answer.send(out),
    }
}

/// The run that a trigger starts, and its input; or the answer to anything else.
fn accept(request: &IncomingRequest) -> Result<(Process, String), Answer> {
    check_method(&request.method(), &request.path_with_query().unwrap_or_default())?;
    let settings = Settings { variables: wasi::cli::environment::get_environment() };
    let token = settings.trigger_token().map_err(misconfigured)?;
    check_token(token, header(request, "authorization").as_deref())?;
    let allowed = settings.allowed_endpoints().map_err(misconfigured)?;
    let reporter =
        Reporter::from_environment(&settings.variables).map_err(|error| misconfigured(of_variable(&error)))?;

    let body = body(request, INPUT_BYTES)?;
    let refused = |what: String| Answer::error(400, &what);
    let trigger = Trigger::parse(header(request, RUN_ID_HEADER).as_deref(), &body).map_err(refused)?;
    // A wrong id is told before anything else is looked at.
    Reporter::silent().open(&trigger.run_id, None).map_err(|error| refused(of_trigger(&error)))?;
    if let Some(url) = &trigger.webhook_url {
        check_endpoint(url, &allowed)?;
        reporter.set_endpoint(url).map_err(|_| Answer::error(400, "the webhook URL cannot be used"))?;
    }
    let process = conduct::open(&reporter, &trigger.run_id, &settings).map_err(|error| match trigger.webhook_url {
        Some(_) => refused(of_trigger(&error)),
        None => misconfigured(of_open(&error)),
    })?;
    Ok((process, trigger.input))
}

/// Why a trigger cannot be used: the cause never comes from a variable.
fn of_trigger(error: &OpenError) -> String {
    match error {
        OpenError::PlaintextEndpoint(origin) => orchestra_policy::plaintext(origin),
        OpenError::RunId(what) | OpenError::Name(what) => what.clone(),
    }
}

/// A trigger may come under any path but the one that says that the service is alive.
fn check_method(method: &Method, path_with_query: &str) -> Result<(), Answer> {
    let path = path_with_query.split('?').next().unwrap_or_default();
    match (method, path) {
        (Method::Get | Method::Head, "/healthz") => Err(Answer::json(200, "status", "ok")),
        (_, "/healthz") => Err(Answer { headers: &[("allow", "GET")], ..Answer::error(405, "use GET") }),
        (Method::Post, _) => Ok(()),
        _ => Err(Answer { headers: &[("allow", "POST")], ..Answer::error(405, "a run is started with POST") }),
    }
}

/// The time that this takes says nothing about the token but its length.
fn check_token(token: Option<&str>, authorization: Option<&str>) -> Result<(), Answer> {
    let Some(token) = token else { return Ok(()) };
    let shown = authorization
        .and_then(|value| value.split_once(' '))
        .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"));
    match shown {
        Some((_, shown)) if bool::from(shown.trim().as_bytes().ct_eq(token.as_bytes())) => Ok(()),
        _ => {
            let headers = &[("www-authenticate", "Bearer")];
            Err(Answer { headers, ..Answer::error(401, "the trigger's token is absent or wrong") })
        }
    }
}

/// The API key goes to no address that a caller chose.
fn check_endpoint(url: &str, allowed: &[Origin]) -> Result<(), Answer> {
    let origin = Origin::parse(url).ok_or_else(|| Answer::error(400, "the webhook URL is not an http or https URL"))?;
    if allowed.contains(&origin) {
        return Ok(());
    }
    Err(Answer::error(403, &format!("the webhook URL's origin is not in {}", variables::ALLOWED_ENDPOINTS)))
}

/// A run that cannot be reported is not started: whoever sent the trigger would wait for it in vain.
fn misconfigured(what: String) -> Answer {
    say(&what);
    Answer::error(500, &what)
}

#[cfg(test)]
mod fuzz;

#[cfg(test)]
mod tests {
    use super::*;

    fn status<T>(result: Result<T, Answer>) -> Option<u16> {
        result.err().map(|answer| answer.status)
    }

    #[test]
    fn a_trigger_is_a_post_under_any_path() {
        for (method, path, expected) in [
            (Method::Post, "/", None),
            (Method::Post, "/runs?x", None),
            (Method::Get, "/", Some(405)),
            (Method::Put, "/", Some(405)),
            (Method::Other("post".into()), "/", Some(405)),
            (Method::Get, "/healthz", Some(200)),
            (Method::Head, "/healthz?x", Some(200)),
            (Method::Post, "/healthz", Some(405)),
            (Method::Post, "/healthz/x", None),
        ] {
            assert_eq!(status(check_method(&method, path)), expected, "{method:?} {path}");
        }
    }

    #[test]
    fn a_token_is_shown_as_a_bearer() {
        for (token, authorization, expected) in [
            (None, None, None),
            (None, Some("Bearer x"), None),
            (Some("secret"), Some("Bearer secret"), None),
            (Some("secret"), Some("bearer  secret"), None),
            (Some("secret"), None, Some(401)),
            (Some("secret"), Some("secret"), Some(401)),
            (Some("secret"), Some("Basic secret"), Some(401)),
            (Some("secret"), Some("Bearer Secret"), Some(401)),
            (Some("secret"), Some("Bearer secretsecret"), Some(401)),
            (Some("secret"), Some("Bearer "), Some(401)),
        ] {
            assert_eq!(status(check_token(token, authorization)), expected, "{token:?} {authorization:?}");
        }
    }

    #[test]
    fn only_an_allowed_origin_is_reported_to() {
        let allowed = [Origin::parse("https://a.example").unwrap()];
        for (url, expected) in [
            ("https://a.example/any/path", None),
            ("https://a.example:444", Some(403)),
            ("http://a.example", Some(403)),
            ("https://a.example.b.example", Some(403)),
            ("https://a.example@b.example", Some(400)),
            ("nonsense", Some(400)),
        ] {
            assert_eq!(status(check_endpoint(url, &allowed)), expected, "{url}");
        }
        assert_eq!(status(check_endpoint("https://a.example", &[])), Some(403));
    }
}
