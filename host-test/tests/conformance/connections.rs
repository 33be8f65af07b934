use host_test::guest::{Guest, LookupError, Value};

const LINKED: [(&str, &str); 4] = [
    ("SNOWFLAKE__PROD__PASSWORD", "[1234]"),
    ("SNOWFLAKE__DEV_1__PASSWORD", "true"),
    ("POSTGRES__MAIN__USER", "me"),
    ("PATH", "/bin"),
];

#[test]
fn they_are_read_from_the_variables() {
    let connections = Guest::new().list_connections(&LINKED);
    let names: Vec<_> = connections.iter().map(|c| (c.integration.as_str(), c.connection_id.as_str())).collect();
    assert_eq!(names, [("POSTGRES", "MAIN"), ("SNOWFLAKE", "DEV_1"), ("SNOWFLAKE", "PROD")]);
}

#[test]
fn a_field_is_text_unless_it_is_an_object_or_an_array() {
    let guest = Guest::new();
    let dev = guest.get_connection(&LINKED, "snowflake", Some("dev-1")).unwrap();
    assert!(matches!(guest.get_field(&dev, "password"), Some(Value::Text(text)) if text == "true"));
    let prod = guest.get_connection(&LINKED, "Snowflake", Some("prod")).unwrap();
    assert!(matches!(guest.get_field(&prod, "Password"), Some(Value::Json(json)) if json == "[1234]"));
    assert!(guest.get_field(&prod, "user").is_none());
}

#[test]
fn none_and_several_are_different_errors() {
    let guest = Guest::new();
    assert!(
        matches!(guest.get_connection(&LINKED, "mysql", None), Err(LookupError::NotLinked(what)) if what == "MYSQL")
    );
    assert!(matches!(
        guest.get_connection(&LINKED, "snowflake", None),
        Err(LookupError::Several(ids)) if ids == ["DEV_1", "PROD"]
    ));
    assert_eq!(guest.get_connection(&LINKED, "postgres", None).unwrap().connection_id, "MAIN");
}
