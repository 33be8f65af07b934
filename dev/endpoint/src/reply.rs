//! What an [`Answer`](super::Answer) is made of.

use std::fmt;
use std::time::Duration;

use hyper::StatusCode;
use hyper::header::{HeaderName, HeaderValue};

/// How much is read before the reply.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum When {
    /// Nothing, not even a TLS handshake.
    Accepted,
    /// The request's head.
    Head,
    /// The head and so many bytes of the body.
    Body(usize),
    /// All of the request.
    Request,
}

#[derive(Clone, Debug)]
pub(crate) enum Reply {
    Http(Http),
    /// Raw bytes, or none at all.
    Bytes {
        bytes: Vec<u8>,
        then: End,
    },
}

/// What becomes of a connection that is no longer of use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// FIN. What the client goes on sending is left unread.
    Close,
    /// RST.
    Reset,
    /// Stays open until the client leaves.
    Hang,
}

#[derive(Clone, Debug)]
pub(crate) struct Http {
    pub(crate) status: StatusCode,
    pub(crate) headers: Vec<(HeaderName, HeaderValue)>,
    pub(crate) body: Vec<u8>,
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

impl fmt::Display for Http {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(to, "{}", self.status.as_u16())?;
        for (name, value) in &self.headers {
            write!(to, " {name}: {}", String::from_utf8_lossy(value.as_bytes()))?;
        }
        if let Some(length) = self.content_length {
            write!(to, " content-length {length} for {}", self.body.len())?;
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
