//! Where the files of this machine really are: a bind mount shows one folder in several places.

use std::fs;
use std::path::{Path, PathBuf};

/// What Linux says of the mounts that this process sees (`proc_pid_mountinfo(5)`). Elsewhere there are none.
const TABLE: &str = "/proc/self/mountinfo";

/// A part of a file system: its device, and a path within it.
#[derive(Clone, Debug)]
struct Region {
    device: Vec<u8>,
    root: PathBuf,
}

#[derive(Debug)]
struct Mount {
    region: Region,
    point: PathBuf,
    kind: Vec<u8>,
}

/// All mounts, in the order in which they were made.
#[derive(Debug)]
pub(crate) struct Mounts(Vec<Mount>);

impl Mounts {
    pub(crate) fn read() -> Result<Self, String> {
        if cfg!(not(target_os = "linux")) {
            return Ok(Self(Vec::new()));
        }
        match fs::read(TABLE) {
            Ok(table) => Ok(Self::parse(&table)),
            Err(error) => Err(format!(
                "{TABLE} cannot be read, so it is not known what is mounted in a folder: {error}; mount /proc, or grant \
                 no folder"
            )),
        }
    }

    fn parse(table: &[u8]) -> Self {
        Self(table.split(|byte| *byte == b'\n').filter_map(Mount::parse).collect())
    }

    /// Where a procfs is mounted in this folder, if there is one. All paths here are real ones, without links.
    pub(crate) fn procfs_in(&self, folder: &Path) -> Option<&Path> {
        self.below(folder).find(|mount| mount.kind == b"proc").map(|mount| mount.point.as_path())
    }

    /// Whether `inner` is seen in `folder`, under whatever name.
    pub(crate) fn shows(&self, folder: &Path, inner: &Path) -> bool {
        let Some(inner) = self.region(inner) else { return false };
        let below = self.below(folder).map(|mount| mount.region.clone());
        self.region(folder).into_iter().chain(below).any(|region| region.contains(&inner))
    }

    fn region(&self, path: &Path) -> Option<Region> {
        // Of several mounts in one place the last hides the others: `max_by_key` returns that one.
        let on_it = self.0.iter().filter(|mount| path.starts_with(&mount.point));
        let mount = on_it.max_by_key(|mount| mount.point.components().count())?;
        let rest = path.strip_prefix(&mount.point).ok()?;
        Some(Region { device: mount.region.device.clone(), root: mount.region.root.join(rest) })
    }

    fn below(&self, folder: &Path) -> impl Iterator<Item = &Mount> {
        self.0.iter().filter(move |mount| mount.point.starts_with(folder))
    }
}

impl Region {
    fn contains(&self, other: &Self) -> bool {
        self.device == other.device && other.root.starts_with(&self.root)
    }
}

impl Mount {
    /// `36 35 98:0 /root /point options optional… - kind source options`
    fn parse(line: &[u8]) -> Option<Self> {
        let mut fields = line.split(|byte| *byte == b' ');
        let (device, root, point) = (fields.nth(2)?, fields.next()?, fields.next()?);
        let kind = fields.skip_while(|field| *field != b"-").nth(1)?;
        let region = Region { device: device.into(), root: path(unescaped(root)) };
        Some(Self { region, point: path(unescaped(point)), kind: kind.into() })
    }
}

/// A blank, a line's end and the like are written as `\\` and three octal digits.
fn unescaped(mut field: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    loop {
        match field {
            [b'\\', a @ b'0'..=b'3', b @ b'0'..=b'7', c @ b'0'..=b'7', rest @ ..] => {
                bytes.push((a - b'0') << 6 | (b - b'0') << 3 | (c - b'0'));
                field = rest;
            }
            [byte, rest @ ..] => {
                bytes.push(*byte);
                field = rest;
            }
            [] => return bytes,
        }
    }
}

#[cfg(unix)]
fn path(bytes: Vec<u8>) -> PathBuf {
    <std::ffi::OsString as std::os::unix::ffi::OsStringExt>::from_vec(bytes).into()
}

#[cfg(not(unix))]
fn path(bytes: Vec<u8>) -> PathBuf {
    String::from_utf8_lossy(&bytes).into_owned().into()
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    const MOUNTS: &[u8] = b"\
22 27 0:21 / /proc rw,relatime shared:12 - proc proc rw
27 1 254:0 / / rw,relatime - ext4 /dev/vda rw
40 27 0:21 / /host/pro\\040c rw shared:1 master:2 - proc none rw
41 27 254:0 /home/user/.cache /data/cache rw - ext4 /dev/vda rw
42 27 254:1 / /data/disk rw - ext4 /dev/vdb rw
";

    fn path(path: &str) -> &Path {
        Path::new(path)
    }

    #[test]
    fn a_procfs_is_found_wherever_it_is_mounted_below_a_folder() {
        let mounts = Mounts::parse(MOUNTS);
        assert_eq!(mounts.procfs_in(path("/host")), Some(path("/host/pro c")));
        assert_eq!(mounts.procfs_in(path("/")), Some(path("/proc")));
        assert_eq!(mounts.procfs_in(path("/data")), None);
        assert_eq!(mounts.procfs_in(path("/ho")), None);
    }

    #[test]
    fn a_bind_mount_shows_the_folder_that_it_is_made_of() {
        let mounts = Mounts::parse(MOUNTS);
        let cache = path("/home/user/.cache/wasmtime");
        assert!(mounts.shows(path("/data"), cache));
        assert!(mounts.shows(path("/data/cache/wasmtime"), cache));
        assert!(mounts.shows(cache, path("/data/cache/wasmtime/modules")));
        assert!(!mounts.shows(path("/data/cache/other"), cache));
        assert!(!mounts.shows(path("/data/disk"), cache));
        assert!(!mounts.shows(path("/home/user/work"), cache));
    }
}
