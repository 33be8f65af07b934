use fuzz::{Fuzz, Result, Unstructured};
use orchestra_url::Origin;
use url::Url;
use wasi::http::types::Method;

use super::{check_endpoint, check_method, check_token};

fn text(input: &mut Unstructured<'_>, pieces: &[&str]) -> Result<String> {
    (0..input.int_in_range(0..=5)?).map(|_| input.choose(pieces).copied()).collect()
}

#[test]
fn nobody_is_let_in_who_does_not_show_the_token() {
    Fuzz::new().values(|input| {
        let token = format!("t{}t", text(input, &["secret", " ", "é", "x"])?);
        let shown = text(input, &["Bearer", "bearer", "Basic", " ", "\t", "secret", "t", "x", "é", &token, &token])?;
        let is_in = check_token(Some(&token), Some(&shown)).is_ok();
        // What the header says behind the scheme and white space.
        let expected =
            shown.get(..7).is_some_and(|scheme| scheme.eq_ignore_ascii_case("bearer ")) && shown[7..].trim() == token;
        assert_eq!(is_in, expected, "{token:?} {shown:?}");
        assert!(check_token(Some(&token), None).is_err());
        Ok(())
    });
}

#[test]
fn the_key_goes_to_allowed_origins_only() {
    const ALLOWED: [&str; 3] = ["https://a.example", "http://b.example:8080", "https://[::1]"];
    Fuzz::new()
        .seeds([
            "https://a.example/any/path",
            "http://b.example:8080?x",
            "https://a.example@b.example",
            "https://[::1]:443",
        ])
        .words([
            "https://",
            "http://",
            "a.example",
            "b.example",
            ":8080",
            ":443",
            "@",
            "\\",
            "/",
            "?",
            "#",
            ".",
            "%2f",
            "[::1]",
        ])
        .texts(|url| {
            let allowed = ALLOWED.map(|origin| Origin::parse_alone(origin).expect("these are origins"));
            if check_endpoint(url, &allowed).is_ok() {
                let origin = Url::parse(url).expect("none of them is in punycode").origin();
                assert!(
                    ALLOWED.iter().any(|allowed| Url::parse(allowed).is_ok_and(|allowed| allowed.origin() == origin))
                );
            }
        });
}

#[test]
fn nothing_but_a_post_starts_a_run() {
    Fuzz::new().values(|input| {
        let path = text(input, &["/", "/healthz", "?", "x", "/runs", "é"])?;
        let method = match input.int_in_range(0..=3)? {
            0 => Method::Post,
            1 => Method::Get,
            2 => Method::Other(input.arbitrary()?),
            _ => Method::Head,
        };
        let is_alive = path == "/healthz" || path.starts_with("/healthz?");
        let starts = check_method(&method, &path).is_ok();
        assert_eq!(starts, matches!(method, Method::Post) && !is_alive, "{method:?} {path}");
        Ok(())
    });
}
