use std::time::Duration;

use host_test::endpoint::{MockEndpoint, hang};
use host_test::guest::{EndingError, Guest, OpenError, Outcome, OutputError, QUICK, RUN_ID, RetryPolicy, Timeouts};
use host_test::host::TestHost;

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
    assert_eq!(error.map(|error| error.variable).as_deref(), Some("ORCHESTRA_API_KEY"));
}

#[test]
fn a_wrong_key_is_refused_and_not_echoed() {
    for key in ["", " \n", "my\nsecret", "my\u{0}secret", "sécret"] {
        let Err(what) = Guest::new().webhook(key) else { panic!() };
        assert!(!what.contains("cret"), "{what}");
    }
}

#[test]
fn a_wrong_endpoint_is_refused() {
    let reporter = Guest::new().webhook("key").unwrap();
    for url in ["", "x", "ftp://a", "https://user:pass@a", "https://", "https://a:0", "https://a:99999"] {
        assert!(reporter.set_endpoint(url).is_err(), "{url}");
    }
}

#[test]
fn plain_http_needs_permission_beyond_loopback() {
    let reporter = Guest::new().webhook("key").unwrap();
    reporter.set_endpoint("http://example.com/x").unwrap();
    let error = reporter.open(RUN_ID, None).err();
    assert!(matches!(error, Some(OpenError::PlaintextEndpoint(origin)) if origin == "http://example.com"));
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
        assert!(matches!(reporter.open(id, None), Err(OpenError::RunId(_))), "{id}");
    }
}

#[test]
fn a_wrong_name_is_refused() {
    let reporter = Guest::new().webhook("key").unwrap();
    for name in ["", "a\nb", &"x".repeat(257)] {
        assert!(matches!(reporter.open(RUN_ID, Some(name)), Err(OpenError::Name(_))));
    }
}

#[test]
fn numbers_out_of_range_are_refused() {
    let reporter = Guest::new().webhook("key").unwrap();
    let policy = RetryPolicy { attempts: 0, ..QUICK };
    assert!(reporter.set_retry_policy(policy).unwrap_err().contains("attempts"));
    let policy = RetryPolicy { delivery_timeout: 0, ..QUICK };
    assert!(reporter.set_retry_policy(policy).unwrap_err().contains("delivery-timeout"));
    let timeouts = Timeouts { connect: 0, first_byte: 1, between_bytes: 1 };
    assert!(reporter.set_timeouts(timeouts).unwrap_err().contains("connect"));
}

#[test]
fn a_silent_run_is_checked_and_sends_nothing() {
    let endpoint = MockEndpoint::script([]);
    let reporter = Guest::new().silent();
    reporter.set_endpoint(&endpoint.url()).unwrap();
    let process = reporter.run();
    process.start(None, None).unwrap();
    assert!(matches!(process.set_output("rows", "no JSON"), Err(OutputError::InvalidArgument(_))));
    process.complete(None, None).unwrap();
    assert!(matches!(process.fail(None, None), Err(EndingError::Ended(Outcome::Succeeded))));
    assert_eq!(process.pending(), 0);
    drop(process);
    let [] = endpoint.requests();
}

#[test]
fn a_variable_that_cannot_be_used_is_named() {
    for (name, value) in [
        ("ORCHESTRA_WEBHOOK_URL", ""),
        ("ORCHESTRA_WEBHOOK_URL", "ftp://secret"),
        ("ORCHESTRA_DELIVERY_TIMEOUT", "secret"),
        ("ORCHESTRA_RETRY_ATTEMPTS", "0"),
        ("ORCHESTRA_ALLOW_PLAINTEXT", "secret"),
    ] {
        let error = Guest::new().from_environment(&[("ORCHESTRA_API_KEY", "key"), (name, value)]).err().unwrap();
        assert_eq!(error.variable, name);
        assert!(!error.problem.contains("secret"), "{}", error.problem);
    }
}

#[test]
fn the_environment_says_how_long_delivery_may_take() {
    let endpoint = MockEndpoint::always(hang());
    let guest = Guest::on(TestHost::simulated(&endpoint));
    let reporter = guest
        .from_environment(&[
            ("ORCHESTRA_API_KEY", "key"),
            ("ORCHESTRA_WEBHOOK_URL", &endpoint.url()),
            ("ORCHESTRA_DELIVERY_TIMEOUT", "2m"),
            ("ORCHESTRA_FIRST_BYTE_TIMEOUT", "7"),
        ])
        .unwrap();
    reporter.open(RUN_ID, None).unwrap().complete(None, None).unwrap_err();
    assert_eq!(guest.seconds(), 120.0);
    assert_eq!(guest.sent()[0].timeouts.first_byte_timeout, Some(Duration::from_secs(7)));
}
