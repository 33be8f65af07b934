use host_test::endpoint::MockEndpoint;
use host_test::guest::{ConfigError, Guest, Outcome, RUN_ID, ReportError, RetryPolicy, Timeouts};

use crate::acknowledged;

#[test]
fn the_environment_configures_a_reporter() {
    let endpoint = MockEndpoint::script(acknowledged(1));
    let url = endpoint.url();
    let reporter = Guest::new()
        .from_environment(&[("ORCHESTRA_API_KEY", "key\n"), ("ORCHESTRA_WEBHOOK_URL", &url), ("PATH", "/bin")])
        .unwrap();
    reporter.open(RUN_ID, None).unwrap().complete(None, None).unwrap();
    let [request] = endpoint.requests();
    assert_eq!(request.header("authorization"), Some("Bearer key"));
}

#[test]
fn a_missing_variable_is_named() {
    let error = Guest::new().from_environment(&[]).err();
    assert!(matches!(error, Some(ConfigError::MissingVariable(name)) if name == "ORCHESTRA_API_KEY"));
}

#[test]
fn a_wrong_key_is_refused_and_not_echoed() {
    for key in ["", " \n", "my\nsecret", "my\u{0}secret", "sécret"] {
        let Err(ConfigError::InvalidApiKey(what)) = Guest::new().webhook(key) else { panic!() };
        assert!(!what.contains("cret"), "{what}");
    }
}

#[test]
fn a_wrong_endpoint_is_refused() {
    let reporter = Guest::new().webhook("key").unwrap();
    for url in ["", "x", "ftp://a", "https://user:pass@a", "https://", "https://a:0", "https://a:99999"] {
        assert!(matches!(reporter.set_endpoint(url), Err(ConfigError::InvalidEndpoint(_))), "{url}");
    }
}

#[test]
fn plain_http_needs_permission_beyond_loopback() {
    let reporter = Guest::new().webhook("key").unwrap();
    reporter.set_endpoint("http://example.com/x").unwrap();
    let error = reporter.open(RUN_ID, None).err();
    assert!(matches!(error, Some(ConfigError::PlaintextEndpoint(origin)) if origin == "http://example.com"));
    reporter.allow_plaintext();
    assert!(reporter.open(RUN_ID, None).is_ok());
}

#[test]
fn a_run_id_is_taken_as_python_takes_it() {
    let reporter = Guest::new().webhook("key").unwrap();
    for id in ["{12345678-1234-5678-1234-567812345ABC}", "urn:uuid:12345678123456781234567812345abc"] {
        assert_eq!(reporter.open(id, None).unwrap().run_id(), RUN_ID);
    }
    for id in ["", "x", "12345678-1234-5678-1234-567812345ab"] {
        assert!(matches!(reporter.open(id, None), Err(ConfigError::InvalidRunId(_))), "{id}");
    }
}

#[test]
fn a_wrong_name_is_refused() {
    let reporter = Guest::new().webhook("key").unwrap();
    for name in ["", "a\nb", &"x".repeat(257)] {
        assert!(matches!(reporter.open(RUN_ID, Some(name)), Err(ConfigError::InvalidName(_))));
    }
}

#[test]
fn numbers_out_of_range_are_refused() {
    let reporter = Guest::new().webhook("key").unwrap();
    let policy = RetryPolicy { attempts: 0, first_wait: 1, longest_wait: 1, budget: 1 };
    assert!(matches!(reporter.set_retry_policy(policy), Err(ConfigError::InvalidRetryPolicy(_))));
    let timeouts = Timeouts { connect: 0, first_byte: 1, between_bytes: 1 };
    assert!(matches!(reporter.set_timeouts(timeouts), Err(ConfigError::InvalidTimeouts(_))));
}

#[test]
fn a_silent_run_is_checked_and_sends_nothing() {
    let endpoint = MockEndpoint::script([]);
    let reporter = Guest::new().silent();
    reporter.set_endpoint(&endpoint.url()).unwrap();
    let process = reporter.run();
    process.start(None, None).unwrap();
    assert!(matches!(process.set_output("rows", "no JSON"), Err(ReportError::InvalidArgument(_))));
    process.complete(None, None).unwrap();
    assert!(matches!(process.fail(None, None), Err(ReportError::Ended(Outcome::Succeeded))));
    assert_eq!(process.pending(), 0);
    drop(process);
    let [] = endpoint.requests();
}
