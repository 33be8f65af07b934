//! Types and functions as WIT writes them, without documentation and gates.

use std::ops::Index;

use wit_parser::{Function, FunctionKind, Handle, Resolve, Type, TypeDef, TypeDefKind, TypeId};

/// `share`, or with its resource in front `process.share`.
pub fn function_name(types: &impl Index<TypeId, Output = TypeDef>, function: &Function) -> String {
    match function.kind.resource().and_then(|id| types[id].name.as_deref()) {
        Some(resource) => format!("{resource}.{}", function.item_name()),
        None => function.item_name().to_owned(),
    }
}

/// `complete: func(message: option<string>) -> result<_, report-error>`
pub fn function(resolve: &Resolve, function: &Function) -> String {
    let is_method = matches!(function.kind, FunctionKind::Method(_) | FunctionKind::AsyncMethod(_));
    let params = function.params.iter().skip(usize::from(is_method));
    let params: Vec<_> = params.map(|param| format!("{}: {}", param.name, type_name(resolve, &param.ty))).collect();
    let params = params.join(", ");
    if matches!(function.kind, FunctionKind::Constructor(_)) {
        return format!("constructor({params})");
    }
    let is_static = matches!(function.kind, FunctionKind::Static(_) | FunctionKind::AsyncStatic(_));
    let r#static = if is_static { "static " } else { "" };
    let r#async = if function.kind.is_async() { "async " } else { "" };
    let result = function.result.map(|result| format!(" -> {}", type_name(resolve, &result))).unwrap_or_default();
    format!("{}: {static}{async}func({params}){result}", function.item_name())
}

/// The whole definition of a named type on one line. A resource's functions are not part of it.
pub fn definition(resolve: &Resolve, id: TypeId) -> String {
    let def = &resolve.types[id];
    let name = def.name.as_deref().unwrap_or_default();
    let braces = |parts: Vec<String>| format!("{} {name} {{ {} }}", def.kind.as_str(), parts.join(", "));
    match &def.kind {
        TypeDefKind::Record(record) => {
            let fields = record.fields.iter();
            braces(fields.map(|field| format!("{}: {}", field.name, type_name(resolve, &field.ty))).collect())
        }
        TypeDefKind::Variant(variant) => {
            let payload = |ty: Option<Type>| ty.map(|ty| format!("({})", type_name(resolve, &ty))).unwrap_or_default();
            braces(variant.cases.iter().map(|case| format!("{}{}", case.name, payload(case.ty))).collect())
        }
        TypeDefKind::Enum(cases) => braces(cases.cases.iter().map(|case| case.name.clone()).collect()),
        TypeDefKind::Flags(flags) => braces(flags.flags.iter().map(|flag| flag.name.clone()).collect()),
        TypeDefKind::Resource => format!("resource {name}"),
        kind => format!("type {name} = {}", kind_name(resolve, kind)),
    }
}

/// A type where it is used: its name, if it has one.
pub fn type_name(resolve: &Resolve, ty: &Type) -> String {
    let name = match ty {
        Type::Bool => "bool",
        Type::U8 => "u8",
        Type::U16 => "u16",
        Type::U32 => "u32",
        Type::U64 => "u64",
        Type::S8 => "s8",
        Type::S16 => "s16",
        Type::S32 => "s32",
        Type::S64 => "s64",
        Type::F32 => "f32",
        Type::F64 => "f64",
        Type::Char => "char",
        Type::String => "string",
        Type::ErrorContext => "error-context",
        Type::Id(id) => {
            let def = &resolve.types[*id];
            return def.name.clone().unwrap_or_else(|| kind_name(resolve, &def.kind));
        }
    };
    name.to_owned()
}

fn kind_name(resolve: &Resolve, kind: &TypeDefKind) -> String {
    let name = |ty: &Type| type_name(resolve, ty);
    let optional = |ty: &Option<Type>| ty.as_ref().map(name);
    let of = |ty: &Option<Type>| optional(ty).map(|ty| format!("<{ty}>")).unwrap_or_default();
    let named = |id: TypeId| name(&Type::Id(id));
    match kind {
        TypeDefKind::Type(ty) => name(ty),
        TypeDefKind::Handle(Handle::Own(id)) => named(*id),
        TypeDefKind::Handle(Handle::Borrow(id)) => format!("borrow<{}>", named(*id)),
        TypeDefKind::Tuple(tuple) => format!("tuple<{}>", tuple.types.iter().map(name).collect::<Vec<_>>().join(", ")),
        TypeDefKind::Option(ty) => format!("option<{}>", name(ty)),
        TypeDefKind::List(ty) => format!("list<{}>", name(ty)),
        TypeDefKind::FixedLengthList(ty, length) => format!("list<{}, {length}>", name(ty)),
        TypeDefKind::Map(key, value) => format!("map<{}, {}>", name(key), name(value)),
        TypeDefKind::Future(ty) => format!("future{}", of(ty)),
        TypeDefKind::Stream(ty) => format!("stream{}", of(ty)),
        TypeDefKind::Result(result) => match (optional(&result.ok), optional(&result.err)) {
            (None, None) => "result".to_owned(),
            (Some(ok), None) => format!("result<{ok}>"),
            (ok, Some(err)) => format!("result<{}, {err}>", ok.as_deref().unwrap_or("_")),
        },
        // These always have a name, and `Unknown` is gone once a package is resolved.
        TypeDefKind::Record(_)
        | TypeDefKind::Variant(_)
        | TypeDefKind::Enum(_)
        | TypeDefKind::Flags(_)
        | TypeDefKind::Resource
        | TypeDefKind::Unknown => kind.as_str().to_owned(),
    }
}
