//! Why a component cannot be composed, and what to do about it.

/// Each says what is wrong with the component that was given, but for the last.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ComposeError {
    /// Anything else than WebAssembly: a source file, say.
    #[error("it is not WebAssembly in its binary form: name a compiled component")]
    NotWebAssembly,
    /// WebAssembly, but of the kind that knows no interfaces.
    #[error(
        "it is a core module, not a component: build it for wasm32-wasip2, or make a component of it with \
         `wasm-tools component new`"
    )]
    CoreModule,
    /// It does not validate: what the validator says.
    #[error("it is not a valid component: {0}")]
    Invalid(String),
    /// There is nothing in it to run.
    #[error(
        "it exports neither orchestra:process/task nor wasi:cli/run: a task exports the first (world \
         orchestra:process/task-component), a command the second"
    )]
    NothingToRun,
    /// It imports or exports an interface in a version that does not go together with the one here.
    #[error("it has {name}, and these components go together with {expected}: build it against that")]
    OtherVersion {
        /// As it imports or exports it.
        name: String,
        /// The version here.
        expected: &'static str,
    },
    /// With the guard in its hands a task could say how it ended in place of its runner.
    #[error("it imports orchestra:process/guard, which is not for tasks: use orchestra:process/lifecycle")]
    ImportsGuard,
    /// A command under the wrapper is handed no run, and sees no key.
    #[error(
        "it is a command that imports orchestra:process/lifecycle, and so reports itself: `wac plug` the process component into it"
    )]
    ReportsItself,
    /// An interface of the right version, in another shape.
    #[error("its {name} is not the one of these components ({why}): build it against the WIT in `wit/`")]
    Mismatch {
        /// The interface.
        name: String,
        /// In what they differ.
        why: String,
    },
    /// Imports that would be left over, and that no host gives.
    #[error("it imports what no WASI host gives: {}; plug that in first (`wac plug`)", .0.join(", "))]
    Unsatisfied(Vec<String>),
    /// One of the four components is not the one that belongs there: which, and why.
    #[error("{component} does not fit its place: {why}; take the components of one build")]
    Component {
        /// By its name in the composition.
        component: &'static str,
        /// What is wrong with it.
        why: String,
    },
}
