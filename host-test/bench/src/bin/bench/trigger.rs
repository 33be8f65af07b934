//! How long a trigger waits for its 202 under `wasmtime serve`.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Instant;

use delivery_bench::sample::{median, quantile};
use delivery_bench::{place, runs};
use foreign_hosts::host::{ForeignHost, Setting as Hosting};
use host_test::component;

use crate::figure::{Figure, time};
use crate::setting::{Failure, Setting};

/// Each start of the command has as many triggers.
const TRIGGERS_OF_A_START: usize = 4;

/// One after the other, each on a connection of its own. The task is the example in Rust.
pub fn measure(setting: &mut Setting) -> Result<Vec<Figure>, Failure> {
    const WHAT: &str = "a trigger, to its 202 under `wasmtime serve`";
    if !foreign_hosts::target().join("tools/bin/wasmtime").exists() {
        let figure = Figure::value("trigger", WHAT, f64::NAN);
        return Ok(vec![figure.measured("not measured: `make tools` installs what it needs")]);
    }
    setting.endpoint.answer(0)?;
    let composed = orchestra_compose::compose(component::components(), component::example_task())?;
    let file = place::folder()?.join("trigger.wasm");
    fs::write(&file, composed)?;
    let service = ForeignHost::Wasmtime.serve(&Hosting {
        name: "trigger",
        component: &file,
        folder: &foreign_hosts::root().join("examples/data"),
        variables: &[("ORCHESTRA_API_KEY", "a-key-for-loopback"), ("ORCHESTRA_WEBHOOK_URL", &setting.endpoint.url)],
    });
    let address = setting.endpoint.url.trim_start_matches("http://");
    let (mut waits, mut neighbours) = (Vec::new(), Vec::new());
    for number in 0..setting.scale.starts * TRIGGERS_OF_A_START {
        let began = Instant::now();
        let answer = service.trigger(&runs::run_id(number), "", r#"{"file": "orders.csv"}"#);
        if answer.status != 202 {
            return Err(format!("a trigger was answered {}", answer.status).into());
        }
        waits.push(began.elapsed().as_secs_f64());
        let began = Instant::now();
        let mut stream = TcpStream::connect(address)?;
        stream.write_all(b"POST / HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: 2\r\n\r\n{}")?;
        stream.read_to_end(&mut Vec::new())?;
        neighbours.push(began.elapsed().as_secs_f64());
    }
    let (wait, neighbour) = (median(&waits), median(&neighbours));
    Ok(vec![
        Figure::ratio("trigger", WHAT, wait, neighbour)
            .measured(format!("{}, at most {}", time(wait), time(quantile(&waits, 1.0))))
            .beside(format!("{}: a native HTTP server's answer", time(neighbour))),
    ])
}
