//! `wasi:http` as components are linked with it: wasmtime's own, but for the resource that its `handle` leaves behind, and for
//! where an answer comes from.

use wasmtime::StoreContextMut;
use wasmtime::component::{Linker, Resource};
use wasmtime_wasi_http::p2::bindings::LinkOptions;
use wasmtime_wasi_http::p2::bindings::http::outgoing_handler::Host as _;
use wasmtime_wasi_http::p2::bindings::http::types::HostFutureIncomingResponse as _;
use wasmtime_wasi_http::p2::bindings::http::types::{self, ErrorCode, Host as _, RequestOptions};
use wasmtime_wasi_http::p2::body::HostIncomingBody;
use wasmtime_wasi_http::p2::types::{HostFutureIncomingResponse, HostIncomingResponse, HostOutgoingRequest};
use wasmtime_wasi_http::{FieldMap, WasiHttp, WasiHttpCtxView, WasiHttpView};

use crate::store::Ctx;

/// Components may ask for any version of the same track.
const OUTGOING_HANDLER: &str = "wasi:http/outgoing-handler@0.2.12";
const TYPES: &str = "wasi:http/types@0.2.12";

/// Links all of `wasi:http`.
pub(crate) fn link(linker: &mut Linker<Ctx>) -> wasmtime::Result<()> {
    types::add_to_linker::<_, WasiHttp>(linker, &LinkOptions::default().into(), Ctx::http)?;
    linker.allow_shadowing(true);
    linker
        .instance(TYPES)?
        .func_wrap("[method]future-incoming-response.get", |mut store: StoreContextMut<'_, Ctx>, (answer,)| {
            Ok((get(store.data_mut(), answer)?,))
        })?;
    linker.allow_shadowing(false);
    linker.instance(OUTGOING_HANDLER)?.func_wrap(
        "handle",
        |mut store: StoreContextMut<'_, Ctx>, (request, options): (_, Option<Resource<RequestOptions>>)| {
            let ctx = store.data_mut();
            let handled = handle(&mut ctx.http(), request, options)?;
            if let Ok(answer) = &handled {
                ctx.hooks.known_as(answer);
            }
            Ok((handled,))
        },
    )
}

type Got = Option<Result<Result<Resource<HostIncomingResponse>, ErrorCode>, ()>>;

/// As wasmtime's, but for an answer that waits in the hooks. It would need a task of the runtime to be put where wasmtime looks
/// for it, and each task wakes a thread.
fn get(ctx: &mut Ctx, answer: Resource<HostFutureIncomingResponse>) -> wasmtime::Result<Got> {
    let come = ctx.hooks.take_answer(answer.rep());
    let mut http = ctx.http();
    let response = match come {
        Some(Ok(response)) => response,
        Some(Err(error)) => {
            *http.table.get_mut(&answer)? = HostFutureIncomingResponse::Ready(Err(error));
            return http.get(answer);
        }
        None => return http.get(answer),
    };
    *http.table.get_mut(&answer)? = HostFutureIncomingResponse::Consumed;
    let (head, body) = response.into_parts();
    let headers = FieldMap::new_immutable(http.hooks, head.headers);
    let body = Some(HostIncomingBody::new(body));
    let response = HostIncomingResponse { status: head.status.as_u16(), headers, body };
    Ok(Some(Ok(Ok(http.table.push(response)?))))
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
    use wasmtime::component::Val;
    use wasmtime_wasi::WasiCtx;

    use crate::limits::Limits;
    use crate::network::client::Client;
    use crate::network::exchange::tests::cache;
    use crate::store::{self, Pace};
    use crate::{Config, Host, Instances};

    fn text(text: &str) -> Val {
        Val::String(text.into())
    }

    fn opened(results: Vec<Val>) -> Val {
        match <[Val; 1]>::try_from(results) {
            Ok([Val::Result(Ok(Some(resource)))]) => *resource,
            other => panic!("{other:?}"),
        }
    }

    /// Denied ones, which are requests to this handler all the same, and take a tenth of the time.
    #[tokio::test(flavor = "multi_thread")]
    async fn a_run_may_report_a_hundred_thousand_times() {
        let host = Host::new(&Config { cache: cache(), instances: Instances::OnDemand, ..Config::default() }).unwrap();
        let hooks = Client::new(None, None).unwrap().for_waiting_reports(None);
        let limits = Limits::new(16 * 1024 * 1024);
        let process = &host.0.process;
        let wasi = &mut WasiCtx::builder();
        let mut store = store::new(&process.engine, wasi, hooks, limits, None, Pace::Yielding);
        let instance = process.waiting.instantiate_async(&mut store).await.unwrap();
        let function = |name: &str| host.0.contract.functions.iter().find(|function| function.name == name).unwrap();
        let webhook = function("[static]reporter.webhook").invoke_async(&instance, &mut store, &[text(API_KEY)]).await;
        let open = [opened(webhook.unwrap()), text(RUN_ID), Val::Option(None)];
        let run = function("[method]reporter.open").invoke_async(&instance, &mut store, &open).await;
        let report = [opened(run.unwrap()), text("rows"), text("12")];
        for number in 0..100_000 {
            let set_output = function("[method]process.set-output");
            let reported = set_output.invoke_async(&instance, &mut store, &report).await;
            let is_denied = format!("{reported:?}").contains("\"denied\"");
            assert!(is_denied, "{number}: {reported:?}");
        }
    }
}
