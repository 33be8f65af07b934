//! What a task is given.

use orchestra_host::{Folder, Run, Stdio};

use super::arguments::Arguments;
use super::{environment, input, name};

/// The error is a sentence.
pub fn grants(arguments: &Arguments, name: &str) -> Result<Run, String> {
    let folders = arguments.dir.iter().map(|folder| (folder, true));
    let folders = folders.chain(arguments.dir_read_only.iter().map(|folder| (folder, false)));
    let folders = folders.map(|(folder, is_writable)| {
        let (here, there) = folder.split_once("::").unwrap_or((folder, folder));
        Folder { here: here.into(), there: there.into(), is_writable }
    });
    Ok(Run {
        name: name.into(),
        input: input::read(&arguments.input)?,
        arguments: arguments.arguments.clone(),
        variables: environment::granted(&arguments.env)?,
        folders: folders.collect(),
        allowed_hosts: arguments.allow_host.clone(),
        memory_bytes: arguments.memory,
        deadline: arguments.deadline,
        grace: arguments.grace,
        inherit_stdin: arguments.input != "-",
        stdout: Stdio::Inherited,
        stderr: Stdio::Inherited,
        log: arguments.log.as_deref().map(name::of_log).transpose()?,
        ..Run::default()
    })
}
