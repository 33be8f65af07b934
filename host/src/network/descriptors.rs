//! How many requests may be under way at a time: file descriptors are few.

use super::client::NetworkError;

/// The most that are under way by default, however many descriptors there are: half of 1024, the usual limit.
const DEFAULT_MOST: usize = 512;
/// The most that can be asked for. More connections than this from one machine to one address there cannot be.
const MOST: usize = 65_536;

/// How many requests of reports may be under way at a time: as many as were asked for, or half of the file descriptors that
/// this process may have. The other half is for requests of tasks, which get half as many, for what tasks open, and
/// for the program around.
pub(super) fn connections(asked: Option<usize>) -> Result<usize, NetworkError> {
    match asked {
        Some(asked) if !(1..=MOST).contains(&asked) => Err(NetworkError::Connections { asked, most: MOST }),
        Some(asked) => Ok(asked),
        None => Ok(share(descriptors())),
    }
}

/// Connections that are kept for the next request count, too: there are never more of them than were under way.
fn share(descriptors: Option<u64>) -> usize {
    let half = descriptors.and_then(|all| usize::try_from(all / 2).ok());
    half.unwrap_or(DEFAULT_MOST).clamp(1, DEFAULT_MOST)
}

/// The soft limit, `ulimit -n`. `None` without one.
#[cfg(unix)]
fn descriptors() -> Option<u64> {
    rustix::process::getrlimit(rustix::process::Resource::Nofile).current
}

/// Windows counts no handles.
#[cfg(not(unix))]
fn descriptors() -> Option<u64> {
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reports_have_half_of_the_descriptors_and_at_least_one_connection() {
        let shares = [Some(0), Some(1), Some(20), Some(256), Some(1024), Some(u64::MAX), None].map(share);
        assert_eq!(shares, [1, 1, 10, 128, 512, 512, 512]);
    }

    #[test]
    fn what_is_asked_for_is_what_there_is() {
        assert_eq!([1, 2000, MOST].map(|asked| connections(Some(asked)).ok()), [Some(1), Some(2000), Some(MOST)]);
    }

    #[test]
    fn a_number_that_cannot_be_used_is_named() {
        for asked in [0, MOST + 1] {
            let error = connections(Some(asked)).unwrap_err().to_string();
            assert_eq!(
                error,
                format!("Config::connections is {asked}: it must be 1 to 65536, or left out to follow `ulimit -n`")
            );
        }
    }
}
