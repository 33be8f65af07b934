//! What the process component imports where it never waits: in non-blocking delivery.
//!
//! It is called without a stack of its own, by whoever has something to say. So nothing here waits: `poll` says that all is
//! as ready as it will be within this call.

use wasmtime::StoreContextMut;
use wasmtime::component::{HasData, Linker, Resource, ResourceTable, ResourceType};
use wasmtime_wasi::clocks::{WasiClocks, WasiClocksView};
use wasmtime_wasi::p2::bindings::io::streams::{self, HostInputStream, HostOutputStream, StreamError};
use wasmtime_wasi::p2::bindings::io::{error, poll::HostPollable};
use wasmtime_wasi::p2::bindings::{clocks, random};
use wasmtime_wasi::p2::{DynInputStream, DynOutputStream, DynPollable, StreamResult};
use wasmtime_wasi::random::WasiRandom;
use wasmtime_wasi::{WasiCtxView, WasiView};

use crate::network;
use crate::store::Ctx;

/// `wasi:io` of the version that the process component imports.
const POLL: &str = "wasi:io/poll@0.2.12";
const STREAMS: &str = "wasi:io/streams@0.2.12";

pub(crate) fn link(linker: &mut Linker<Ctx>) -> wasmtime::Result<()> {
    error::add_to_linker::<_, Table>(linker, |ctx| table(ctx))?;
    clocks::wall_clock::add_to_linker::<_, WasiClocks>(linker, Ctx::clocks)?;
    clocks::monotonic_clock::add_to_linker::<_, WasiClocks>(linker, Ctx::clocks)?;
    random::random::add_to_linker::<_, WasiRandom>(linker, |ctx| ctx.ctx().ctx.random())?;
    link_poll(linker)?;
    link_streams(linker)?;
    network::link(linker)
}

/// For the bindings: the data is the store's table.
struct Table;

impl HasData for Table {
    type Data<'a> = &'a mut ResourceTable;
}

fn table(ctx: &mut Ctx) -> &mut ResourceTable {
    let WasiCtxView { table, .. } = ctx.ctx();
    table
}

type Store<'a> = StoreContextMut<'a, Ctx>;

fn link_poll(linker: &mut Linker<Ctx>) -> wasmtime::Result<()> {
    let mut poll = linker.instance(POLL)?;
    poll.resource("pollable", ResourceType::host::<DynPollable>(), |mut store, rep| {
        HostPollable::drop(table(store.data_mut()), Resource::new_own(rep))
    })?;
    poll.func_wrap("poll", |_: Store<'_>, (pollables,): (Vec<Resource<DynPollable>>,)| {
        Ok(((0..).zip(pollables).map(|(index, _)| index).collect::<Vec<u32>>(),))
    })?;
    poll.func_wrap("[method]pollable.block", |_: Store<'_>, (_,): (Resource<DynPollable>,)| Ok(()))
}

fn link_streams(linker: &mut Linker<Ctx>) -> wasmtime::Result<()> {
    let mut streams = linker.instance(STREAMS)?;
    streams.resource("input-stream", ResourceType::host::<DynInputStream>(), |mut store, rep| {
        let stream = table(store.data_mut()).delete(Resource::<DynInputStream>::new_own(rep));
        Ok(stream.map(drop)?)
    })?;
    streams.resource("output-stream", ResourceType::host::<DynOutputStream>(), |mut store, rep| {
        let stream = table(store.data_mut()).delete(Resource::<DynOutputStream>::new_own(rep));
        Ok(stream.map(drop)?)
    })?;
    type In = Resource<DynInputStream>;
    type Out = Resource<DynOutputStream>;
    streams.func_wrap("[method]input-stream.read", |mut store: Store<'_>, (stream, bytes): (In, u64)| {
        result(&mut store, |table| table.read(stream, bytes))
    })?;
    streams.func_wrap("[method]input-stream.subscribe", |mut store: Store<'_>, (stream,): (In,)| {
        Ok((HostInputStream::subscribe(&mut table(store.data_mut()), stream)?,))
    })?;
    streams.func_wrap("[method]output-stream.check-write", |mut store: Store<'_>, (stream,): (Out,)| {
        result(&mut store, |table| table.check_write(stream))
    })?;
    streams.func_wrap("[method]output-stream.write", |mut store: Store<'_>, (stream, bytes): (Out, Vec<u8>)| {
        result(&mut store, |table| table.write(stream, bytes))
    })?;
    streams.func_wrap("[method]output-stream.flush", |mut store: Store<'_>, (stream,): (Out,)| {
        result(&mut store, |table| table.flush(stream))
    })?;
    streams.func_wrap("[method]output-stream.subscribe", |mut store: Store<'_>, (stream,): (Out,)| {
        Ok((HostOutputStream::subscribe(&mut table(store.data_mut()), stream)?,))
    })
}

/// As the component has it: its error inside, and what is a trap outside.
fn result<T>(
    store: &mut Store<'_>,
    act: impl FnOnce(&mut ResourceTable) -> StreamResult<T>,
) -> wasmtime::Result<(Result<T, StreamError>,)> {
    let table = table(store.data_mut());
    Ok((match act(table) {
        Ok(value) => Ok(value),
        Err(error) => Err(streams::Host::convert_stream_error(table, error)?),
    },))
}
