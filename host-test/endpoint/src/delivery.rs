//! How an odd response is delivered, and how its connection ends.

use std::fmt;
use std::time::Duration;

use hyper::body::Bytes;
use orchestra_endpoint::write_response;

/// What becomes of a connection after that.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// FIN. What the client goes on sending is left unread.
    Close,
    /// RST.
    Reset,
    /// The connection stays open until the client leaves.
    Hang,
}

/// A response that is not sent as HTTP has it.
#[derive(Clone, Debug)]
pub(crate) struct OddResponse {
    pub(crate) response: hyper::Response<Bytes>,
    /// In place of the body's length.
    pub(crate) content_length: Option<u64>,
    pub(crate) delivery: Delivery,
}

/// How a body goes out.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Delivery {
    Whole,
    FirstHalf { then: End },
    First { bytes: usize, then: End },
    WholeThenReset,
    ByteByByte { pause: Duration },
    Endless,
}

impl fmt::Display for OddResponse {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_response(&self.response, to)?;
        if let Some(length) = self.content_length {
            write!(to, " content-length {length} for {}", self.response.body().len())?;
        }
        match self.delivery {
            Delivery::Whole => Ok(()),
            Delivery::FirstHalf { then } => write!(to, ", {then} in the body"),
            Delivery::First { bytes, then } => write!(to, ", {then} after {bytes} bytes of the body"),
            Delivery::WholeThenReset => write!(to, ", then reset"),
            Delivery::ByteByByte { pause } => write!(to, ", a byte every {pause:?}"),
            Delivery::Endless => write!(to, ", endless"),
        }
    }
}

impl fmt::Display for End {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        to.write_str(match self {
            Self::Close => "close",
            Self::Reset => "reset",
            Self::Hang => "hang",
        })
    }
}
