//! The resource `process`.

use wasmtime::component::ResourceAny;

use super::{Guest, ReportError, State};

/// What a report returns.
pub type Reported = Result<(), ReportError>;

/// `process`; dropping it drops the resource.
pub struct GuestProcess {
    pub(super) guest: Guest,
    pub(super) resource: ResourceAny,
}

/// One method for each report whose arguments are a message and data.
macro_rules! reports {
    ($($(#[$doc:meta])* $name:ident = $call:ident;)*) => {
        impl GuestProcess {
            $($(#[$doc])*
            pub fn $name(&self, message: Option<&str>, data: Option<&str>) -> Reported {
                self.guest.call(async |store, exports| {
                    let data = data.map(str::to_string);
                    exports.orchestra_process_lifecycle().process().$call(store, self.resource, message, data.as_ref()).await
                })
            })*
        }
    };
}

reports! {
    /// `start`
    start = call_start;
    /// `progress`
    progress = call_progress;
    /// `complete`
    complete = call_complete;
    /// `warn`
    warn = call_warn;
    /// `fail`
    fail = call_fail;
    /// `cancel`
    cancel = call_cancel;
}

impl GuestProcess {
    /// `share`
    pub fn share(&self) -> Self {
        let resource = self.guest.call(async |store, exports| {
            exports.orchestra_process_lifecycle().process().call_share(store, self.resource).await
        });
        Self { guest: self.guest.clone(), resource }
    }

    /// `run-id`
    pub fn run_id(&self) -> String {
        self.guest.call(async |store, exports| {
            exports.orchestra_process_lifecycle().process().call_run_id(store, self.resource).await
        })
    }

    /// `state`
    pub fn state(&self) -> State {
        self.guest.call(async |store, exports| {
            exports.orchestra_process_lifecycle().process().call_state(store, self.resource).await
        })
    }

    /// `complete-stage`
    pub fn complete_stage(&self, stage: &str, message: Option<&str>, data: Option<&str>) -> Reported {
        self.guest.call(async |store, exports| {
            let data = data.map(str::to_string);
            exports
                .orchestra_process_lifecycle()
                .process()
                .call_complete_stage(store, self.resource, stage, message, data.as_ref())
                .await
        })
    }

    /// `fail-stage`
    pub fn fail_stage(&self, stage: &str, message: Option<&str>, data: Option<&str>) -> Reported {
        self.guest.call(async |store, exports| {
            let data = data.map(str::to_string);
            exports
                .orchestra_process_lifecycle()
                .process()
                .call_fail_stage(store, self.resource, stage, message, data.as_ref())
                .await
        })
    }

    /// `set-output`
    pub fn set_output(&self, name: &str, value: &str) -> Reported {
        self.guest.call(async |store, exports| {
            let value = value.to_string();
            exports.orchestra_process_lifecycle().process().call_set_output(store, self.resource, name, &value).await
        })
    }

    /// `send-log`
    pub fn send_log(&self, name: &str, text: &str) -> Reported {
        self.guest.call(async |store, exports| {
            exports.orchestra_process_lifecycle().process().call_send_log(store, self.resource, name, text).await
        })
    }

    /// `pending`
    pub fn pending(&self) -> u32 {
        self.guest.call(async |store, exports| {
            exports.orchestra_process_lifecycle().process().call_pending(store, self.resource).await
        })
    }

    /// `flush`
    pub fn flush(&self) -> Reported {
        self.guest.call(async |store, exports| {
            exports.orchestra_process_lifecycle().process().call_flush(store, self.resource).await
        })
    }
}

impl Drop for GuestProcess {
    fn drop(&mut self) {
        self.guest.release(self.resource);
    }
}
