//! `wasi:http` as components are linked with it: wasmtime's own, but for the resource that its `handle` leaves behind.

use wasmtime::StoreContextMut;
use wasmtime::component::{Linker, Resource};
use wasmtime_wasi_http::p2::bindings::LinkOptions;
use wasmtime_wasi_http::p2::bindings::http::outgoing_handler::Host as _;
use wasmtime_wasi_http::p2::bindings::http::types::{self, ErrorCode, Host as _, RequestOptions};
use wasmtime_wasi_http::p2::types::{HostFutureIncomingResponse, HostOutgoingRequest};
use wasmtime_wasi_http::{WasiHttp, WasiHttpCtxView, WasiHttpView};

/// Components may ask for any version of the same track.
const OUTGOING_HANDLER: &str = "wasi:http/outgoing-handler@0.2.12";

/// Links all of `wasi:http`.
pub(crate) fn link<T: WasiHttpView + 'static>(linker: &mut Linker<T>) -> wasmtime::Result<()> {
    types::add_to_linker::<_, WasiHttp>(linker, &LinkOptions::default().into(), T::http)?;
    linker.instance(OUTGOING_HANDLER)?.func_wrap(
        "handle",
        |mut store: StoreContextMut<'_, T>, (request, options): (_, Option<Resource<RequestOptions>>)| {
            Ok((handle(&mut store.data_mut().http(), request, options)?,))
        },
    )
}

type Handled = Result<Resource<HostFutureIncomingResponse>, ErrorCode>;

/// The component gives its options away here. Wasmtime 48 reads them and keeps them in the table, where one more stays with
/// each request, until the table is full.
fn handle(
    http: &mut WasiHttpCtxView<'_>,
    request: Resource<HostOutgoingRequest>,
    options: Option<Resource<RequestOptions>>,
) -> wasmtime::Result<Handled> {
    let lent = options.as_ref().map(|options| Resource::new_borrow(options.rep()));
    let handled = http.handle(request, lent);
    if let Some(options) = options {
        http.table.delete(options)?;
    }
    match handled {
        Ok(answer) => Ok(Ok(answer)),
        Err(error) => http.convert_error_code(error).map(Err),
    }
}

#[cfg(test)]
mod tests {
    use host_test::guest::{API_KEY, RUN_ID};
    use wasmtime_wasi::WasiCtx;

    use crate::bindings::ProcessComponent;
    use crate::bindings::lifecycle::{Cause, DeliveryError, OutputError};
    use crate::limits::Limits;
    use crate::network::client::Client;
    use crate::network::exchange::tests::cache;
    use crate::{Config, Host, store};

    /// Denied ones, which are requests to this handler all the same, and take a tenth of the time.
    #[tokio::test(flavor = "multi_thread")]
    async fn a_run_may_report_a_hundred_thousand_times() {
        let host = Host::new(&Config { cache: cache(), ..Config::default() }).unwrap();
        let hooks = Client::new(None, None).unwrap().for_reports(None);
        let limits = Limits::new(16 * 1024 * 1024);
        let mut store = store::new(&host.0.engine, WasiCtx::builder().build(), hooks, limits, None);
        let instance = host.0.process.instantiate_async(&mut store).await.unwrap();
        let exports = ProcessComponent::new(&mut store, &instance).unwrap();
        let (reporter, process) = {
            let lifecycle = exports.orchestra_process_lifecycle();
            (lifecycle.reporter(), lifecycle.process())
        };
        let webhook = reporter.call_webhook(&mut store, API_KEY).await.unwrap().unwrap();
        let run = reporter.call_open(&mut store, webhook, RUN_ID, None).await.unwrap().unwrap();
        for number in 0..100_000 {
            let reported = process.call_set_output(&mut store, run, "rows", &"12".to_string()).await;
            assert!(
                matches!(reported, Ok(Err(OutputError::Delivery(DeliveryError { cause: Cause::Denied, .. })))),
                "{number}: {reported:?}"
            );
        }
    }
}
