//! A folder that a task may use, and which folders it may not.

use std::collections::VecDeque;
use std::path::{Component, Path, PathBuf};
use std::{env, fs};

use crate::mounts::Mounts;

/// As many links as Linux follows in one path.
const LINKS: usize = 40;

/// A folder that a task may use.
///
/// A run is not started with a folder in which there is a procfs, since the environment of this process is in it. A
/// folder that the task may write must not hold this program, the user's home folder, or the
/// [certificate authorities](crate::Config::certificate_authorities) of the host. Nor may it hold the host's
/// [cache](crate::Config::cache) or be in it: the files there are run as machine code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Folder {
    /// On this machine.
    pub here: PathBuf,
    /// The path under which the task finds it.
    pub there: String,
    /// Whether the task may change what is in it.
    pub is_writable: bool,
}

/// What of a host's files a task must not write, since it is as good as code, or as the API key.
#[derive(Clone, Debug)]
pub(crate) struct Protected {
    /// The folder of compiled components, if there is a cache.
    pub(crate) cache: Option<PathBuf>,
    /// Whoever changes them can read what is sent over HTTPS.
    pub(crate) certificate_authorities: Option<PathBuf>,
}

/// The error is a sentence.
pub(crate) fn check(folder: &Folder, protected: &Protected) -> Result<(), String> {
    // What else is wrong with it is told when it is opened.
    let Ok(real) = folder.here.canonicalize() else { return Ok(()) };
    let here = folder.here.display();
    let mounts = Mounts::read()?;
    let procfs = if is_procfs(&real) { Some(real.as_path()) } else { mounts.procfs_in(&real) };
    if let Some(procfs) = procfs {
        return Err(format!(
            "{here} has a procfs in it, {}, and with it the environment of this process, which holds the API key: name a \
             folder below or beside that has none",
            procfs.display()
        ));
    }
    if !folder.is_writable {
        return Ok(());
    }
    let place = Place { folder: &real, mounts: &mounts };
    let refuse = |what: &str, path: &Path, way_out: &str| {
        let path = path.display();
        Err(format!("{here} cannot be writable: {what}, {path}, is in it; name a folder below or beside{way_out}"))
    };
    // The operating system may not know where this program or the home folder is: then nothing can be compared.
    if let Ok(program) = env::current_exe()
        && place.holds(&program)
    {
        return refuse("this program", &program, "");
    }
    if let Some(home) = env::home_dir().filter(|home| home.is_absolute())
        && place.holds(&home)
    {
        return refuse("your home folder, with start-up files and keys", &home, "");
    }
    if let Some(file) = &protected.certificate_authorities
        && place.holds(file)
    {
        return refuse("the file of certificate authorities", file, "");
    }
    if let Some(cache) = &protected.cache {
        let way_out = ", or do without the cache (--no-cache)";
        if place.holds(cache) {
            return refuse("the cache, whose files are run as machine code", cache, way_out);
        }
        if place.is_in(cache) {
            let cache = cache.display();
            return Err(format!(
                "{here} cannot be writable: it is in the cache, {cache}, whose files are run as machine code; name a \
                 folder beside it{way_out}"
            ));
        }
    }
    Ok(())
}

/// A folder, by its real path, among the mounts of this process.
struct Place<'a> {
    folder: &'a Path,
    mounts: &'a Mounts,
}

impl Place<'_> {
    /// Whether what is found under this path can be replaced by whoever may write the folder. The path may lead to nothing.
    fn holds(&self, path: &Path) -> bool {
        let folder = Identity::of(self.folder);
        on_the_way(path).iter().any(|step| {
            (folder.is_some() && Identity::of(step) == folder)
                || step.starts_with(self.folder)
                || self.mounts.shows(self.folder, step)
        })
    }

    /// Whether the folder is below this one.
    fn is_in(&self, outer: &Path) -> bool {
        let Ok(outer) = outer.canonicalize() else { return false };
        let identity = Identity::of(&outer);
        (identity.is_some() && self.folder.ancestors().any(|ancestor| Identity::of(ancestor) == identity))
            || self.folder.starts_with(&outer)
            || self.mounts.shows(&outer, self.folder)
    }
}

/// The folders that a path leads through, and where it leads to, with every link followed on its own: whoever may write
/// one of them decides what is found in the end.
fn on_the_way(path: &Path) -> Vec<PathBuf> {
    let path = std::path::absolute(path).unwrap_or_else(|_| path.into());
    let mut left: VecDeque<PathBuf> = parts(&path).collect();
    let (mut at, mut steps, mut links) = (PathBuf::new(), Vec::new(), 0);
    while let Some(part) = left.pop_front() {
        if part == Path::new("..") {
            at.pop();
            continue;
        }
        at.push(part);
        match fs::read_link(&at) {
            Ok(target) if links < LINKS => {
                links += 1;
                at.pop();
                for part in parts(&target).collect::<Vec<_>>().into_iter().rev() {
                    left.push_front(part);
                }
            }
            _ => steps.push(at.clone()),
        }
    }
    steps
}

fn parts(path: &Path) -> impl Iterator<Item = PathBuf> {
    path.components().filter(|part| *part != Component::CurDir).map(|part| PathBuf::from(part.as_os_str()))
}

/// What a file or folder is, whatever its path: its device and its inode.
#[derive(PartialEq, Eq)]
struct Identity(u64, u64);

impl Identity {
    #[cfg(unix)]
    fn of(path: &Path) -> Option<Self> {
        use std::os::unix::fs::MetadataExt;
        let metadata = fs::metadata(path).ok()?;
        Some(Self(metadata.dev(), metadata.ino()))
    }

    /// Elsewhere real paths are compared, and nothing else.
    #[cfg(not(unix))]
    fn of(_: &Path) -> Option<Self> {
        None
    }
}

#[cfg(target_os = "linux")]
fn is_procfs(folder: &Path) -> bool {
    rustix::fs::statfs(folder).is_ok_and(|found| found.f_type == rustix::fs::PROC_SUPER_MAGIC)
}

#[cfg(not(target_os = "linux"))]
fn is_procfs(_: &Path) -> bool {
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Wasmtime makes the folder when it is first needed: whoever may write above it could be there first.
    #[test]
    fn what_does_not_exist_yet_is_held_by_the_folders_above_it() {
        let mounts = Mounts::read().unwrap();
        let above = env::temp_dir().canonicalize().unwrap();
        let holds = |folder: &Path, path: &Path| Place { folder, mounts: &mounts }.holds(path);
        let path = above.join("orchestra-not-there").join("cache");
        assert!(holds(&above, &path));
        assert!(!holds(&above.join("orchestra-beside"), &path));
    }
}
