//! A component without its custom sections: names, and who made it. The linker leaves some of them whatever it is told.

use wasm_encoder::{Component, ComponentSectionId, Encode, Module, RawSection, Section};
use wasmparser::{BinaryReader, BinaryReaderError, Encoding, Parser, Payload};

/// `wasm`, a component or a core module, without the custom sections of itself and of all that is in it. It behaves as
/// before; a backtrace through it has no names.
///
/// Fails if `wasm` is not WebAssembly, or is cut off.
pub fn strip(wasm: &[u8]) -> Result<Vec<u8>, BinaryReaderError> {
    let mut stripped = Vec::new();
    // What the present module or component is in, outermost first, and which section of it is.
    let mut around = Vec::new();
    for payload in Parser::new(0).parse_all(wasm) {
        match payload? {
            Payload::Version { encoding: Encoding::Component, .. } => stripped.extend(Component::HEADER),
            Payload::Version { encoding: Encoding::Module, .. } => stripped.extend(Module::HEADER),
            Payload::ModuleSection { .. } => {
                around.push((std::mem::take(&mut stripped), ComponentSectionId::CoreModule));
            }
            Payload::ComponentSection { .. } => {
                around.push((std::mem::take(&mut stripped), ComponentSectionId::Component));
            }
            Payload::End(_) => {
                if let Some((outer, id)) = around.pop() {
                    let inner = std::mem::replace(&mut stripped, outer);
                    stripped.push(id.into());
                    inner.encode(&mut stripped);
                }
            }
            Payload::CustomSection(_) => {}
            section => {
                if let Some((id, range)) = section.as_section() {
                    // A section of code is told by its beginning, and may say that it is longer than there are bytes.
                    let (start, bytes) = (range.start as usize, range.end.saturating_sub(range.start) as usize);
                    let rest = wasm.get(start..).unwrap_or_default();
                    let data = BinaryReader::new(rest, range.start).read_bytes(bytes)?;
                    RawSection { id, data }.append_to(&mut stripped);
                }
            }
        }
    }
    Ok(stripped)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn code_that_is_cut_off_is_an_error() {
        // A module with one function, whose section of code says that it has nine bytes.
        let module = b"\0asm\x01\0\0\0\x01\x04\x01\x60\0\0\x03\x02\x01\0\x0a\x09\x01\x02\0\x0b";
        assert!(strip(module).is_err());
    }
}
