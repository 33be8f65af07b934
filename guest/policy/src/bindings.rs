//! The bridge from a binding of the contract, of which each crate generates its own.

/// Makes [`Shortfall`](crate::Shortfall) and [`Outcome`](crate::Outcome) out of the types that a bindings generator made
/// of `orchestra:process/lifecycle` in the module that is named. Both of the field's generators name them alike.
#[macro_export]
macro_rules! lifecycle {
    ($($lifecycle:tt)+) => {
        impl From<$($lifecycle)+::Outcome> for $crate::Outcome {
            fn from(outcome: $($lifecycle)+::Outcome) -> Self {
                match outcome {
                    $($lifecycle)+::Outcome::Succeeded => Self::Succeeded,
                    $($lifecycle)+::Outcome::Warning => Self::Warning,
                    $($lifecycle)+::Outcome::Failed => Self::Failed,
                    $($lifecycle)+::Outcome::Cancelled => Self::Cancelled,
                }
            }
        }

        impl From<$($lifecycle)+::Report> for $crate::Report {
            fn from(report: $($lifecycle)+::Report) -> Self {
                match report {
                    $($lifecycle)+::Report::Start => Self::Start,
                    $($lifecycle)+::Report::Progress => Self::Progress,
                    $($lifecycle)+::Report::Stage(name) => Self::Stage(name),
                    $($lifecycle)+::Report::Output(name) => Self::Output(name),
                    $($lifecycle)+::Report::Log(name) => Self::Log(name),
                    $($lifecycle)+::Report::Ending(outcome) => Self::Ending(outcome.into()),
                }
            }
        }

        impl From<$($lifecycle)+::Cause> for $crate::Cause {
            fn from(cause: $($lifecycle)+::Cause) -> Self {
                match cause {
                    $($lifecycle)+::Cause::Refused(status) => Self::Refused(status),
                    $($lifecycle)+::Cause::Denied => Self::Denied,
                    $($lifecycle)+::Cause::Undelivered => Self::Undelivered,
                }
            }
        }

        impl From<$($lifecycle)+::DeliveryError> for $crate::DeliveryError {
            fn from(error: $($lifecycle)+::DeliveryError) -> Self {
                Self {
                    report: error.report.into(),
                    cause: error.cause.into(),
                    attempts: error.attempts,
                    kept: error.kept,
                    explanation: error.explanation,
                }
            }
        }

        impl From<$($lifecycle)+::Shortfall> for $crate::Shortfall {
            fn from(shortfall: $($lifecycle)+::Shortfall) -> Self {
                let reports = shortfall.reports.into_iter().map(Into::into).collect();
                Self { reports, further: shortfall.further }
            }
        }
    };
}
