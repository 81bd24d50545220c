//! The one error: a kind, a message for a person, the place, the source.
//!
//! A kind answers two questions: whose fault is it, and is it worth trying again?
//! Not here: the tables from kind to HTTP status (`api`), to exception (`jvm/bridge`)
//! and to restart or stop (`runtime`).

use std::borrow::Cow;
use std::fmt;
use std::panic::Location;

/// `Result` with the one error.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Whose fault, and whether to try again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// The caller gave something that can never work.
    Invalid,
    /// What was asked for is not there.
    NotFound,
    /// It is well formed, and this build or machine cannot do it.
    Unsupported,
    /// Away just now: trying again later may help.
    Unavailable,
    /// A stated limit is reached: less of it, or later.
    Exhausted,
    /// Stored bytes are damaged or gone.
    DataLoss,
    /// Somebody asked for it to stop.
    Cancelled,
    /// A bug of ours.
    Internal,
}

impl Kind {
    /// All kinds, for tables that must name each.
    pub const ALL: [Kind; 8] = [
        Kind::Invalid,
        Kind::NotFound,
        Kind::Unsupported,
        Kind::Unavailable,
        Kind::Exhausted,
        Kind::DataLoss,
        Kind::Cancelled,
        Kind::Internal,
    ];

    /// The name as it stands in logs, metrics and problem documents.
    pub fn name(self) -> &'static str {
        match self {
            Kind::Invalid => "invalid",
            Kind::NotFound => "not-found",
            Kind::Unsupported => "unsupported",
            Kind::Unavailable => "unavailable",
            Kind::Exhausted => "exhausted",
            Kind::DataLoss => "data-loss",
            Kind::Cancelled => "cancelled",
            Kind::Internal => "internal",
        }
    }
}

/// Something went wrong: what, where, and why.
pub struct Error(Box<Inner>);

struct Inner {
    kind: Kind,
    message: Cow<'static, str>,
    place: &'static Location<'static>,
    source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

macro_rules! constructors {
    ($($name:ident => $kind:ident),* $(,)?) => {
        impl Error {
            $(
                #[doc = concat!("An error of kind `", stringify!($kind), "`.")]
                #[track_caller]
                pub fn $name(message: impl Into<Cow<'static, str>>) -> Error {
                    Error::new(Kind::$kind, message)
                }
            )*
        }
    };
}

constructors! {
    invalid => Invalid,
    not_found => NotFound,
    unsupported => Unsupported,
    unavailable => Unavailable,
    exhausted => Exhausted,
    data_loss => DataLoss,
    cancelled => Cancelled,
    internal => Internal,
}

impl Error {
    /// An error of a kind with a message that says what, where and what to do.
    #[track_caller]
    pub fn new(kind: Kind, message: impl Into<Cow<'static, str>>) -> Error {
        Error(Box::new(Inner {
            kind,
            message: message.into(),
            place: Location::caller(),
            source: None,
        }))
    }

    /// The same error with what caused it.
    pub fn with_source(
        mut self,
        source: impl Into<Box<dyn std::error::Error + Send + Sync>>,
    ) -> Error {
        self.0.source = Some(source.into());
        self
    }

    /// Whose fault, and whether to try again.
    pub fn kind(&self) -> Kind {
        self.0.kind
    }

    /// The message without its causes.
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// File and line that made this error.
    pub fn place(&self) -> String {
        format!("{}:{}", self.0.place.file(), self.0.place.line())
    }

    /// The error of an I/O call; `what` names the call and the path.
    #[track_caller]
    pub fn io(what: impl fmt::Display, source: std::io::Error) -> Error {
        use std::io::ErrorKind as E;
        let kind = match source.kind() {
            E::NotFound => Kind::NotFound,
            E::StorageFull | E::QuotaExceeded => Kind::Exhausted,
            E::InvalidInput | E::IsADirectory | E::NotADirectory => Kind::Invalid,
            E::UnexpectedEof | E::InvalidData => Kind::DataLoss,
            _ => Kind::Unavailable,
        };
        Error::new(kind, format!("{what}: {source}")).with_source(source)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.message)
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({}) at {}", self.0.message, self.0.kind.name(), self.place())
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.0.source.as_deref().map(|s| s as _)
    }
}

/// Puts words before a foreign or an own error.
pub trait Context<T> {
    /// `what` stands before the message; the kind stays.
    ///
    /// # Errors
    /// The error it was called on, with `what` before its message.
    fn context(self, what: impl fmt::Display) -> Result<T>;
}

impl<T> Context<T> for Result<T> {
    fn context(self, what: impl fmt::Display) -> Result<T> {
        self.map_err(|mut e| {
            e.0.message = format!("{what}: {}", e.0.message).into();
            e
        })
    }
}

impl<T> Context<T> for std::io::Result<T> {
    #[track_caller]
    fn context(self, what: impl fmt::Display) -> Result<T> {
        match self {
            Ok(v) => Ok(v),
            Err(e) => Err(Error::io(what, e)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn io_errors_say_whose_fault_it_is() {
        let full = Error::io("write a", std::io::Error::from(std::io::ErrorKind::StorageFull));
        assert_eq!(full.kind(), Kind::Exhausted);
        assert!(full.to_string().starts_with("write a: "));
        assert!(std::error::Error::source(&full).is_some());
    }

    #[test]
    fn context_keeps_kind_and_place() {
        let made: Result<()> = Err(Error::not_found("no camera"));
        let place = made.as_ref().unwrap_err().place();
        let told = made.context("open door").unwrap_err();
        assert_eq!((told.kind(), told.message()), (Kind::NotFound, "open door: no camera"));
        assert_eq!(told.place(), place);
    }
}
