//! The resource `process`.

use wasmtime::component::ResourceAny;

use super::{DeliveryError, EndingError, Guest, LogError, OutputError, ReportError, Shortfall, State};

/// `process`; dropping it drops the resource.
pub struct GuestProcess {
    pub(super) guest: Guest,
    pub(super) resource: ResourceAny,
}

/// One method for each report whose arguments are a message and data.
macro_rules! reports {
    ($($(#[$doc:meta])* $name:ident = $call:ident, $error:ident;)*) => {
        impl GuestProcess {
            $($(#[$doc])*
            pub fn $name(&self, message: Option<&str>, data: Option<&str>) -> Result<(), $error> {
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
    start = call_start, ReportError;
    /// `progress`
    progress = call_progress, ReportError;
    /// `complete`
    complete = call_complete, EndingError;
    /// `warn`
    warn = call_warn, EndingError;
    /// `fail`
    fail = call_fail, EndingError;
    /// `cancel`
    cancel = call_cancel, EndingError;
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
    pub fn complete_stage(&self, stage: &str, message: Option<&str>, data: Option<&str>) -> Result<(), ReportError> {
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
    pub fn fail_stage(&self, stage: &str, message: Option<&str>, data: Option<&str>) -> Result<(), ReportError> {
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
    pub fn set_output(&self, name: &str, value: &str) -> Result<(), OutputError> {
        self.guest.call(async |store, exports| {
            let value = value.to_string();
            exports.orchestra_process_lifecycle().process().call_set_output(store, self.resource, name, &value).await
        })
    }

    /// `send-log`
    pub fn send_log(&self, name: &str, text: &str) -> Result<(), LogError> {
        self.guest.call(async |store, exports| {
            exports.orchestra_process_lifecycle().process().call_send_log(store, self.resource, name, text).await
        })
    }

    /// `open-log`
    pub fn open_log(&self, name: &str) -> Result<Log, LogError> {
        let resource = self.guest.call(async |store, exports| {
            exports.orchestra_process_lifecycle().process().call_open_log(store, self.resource, name).await
        });
        Ok(Log { guest: self.guest.clone(), resource: resource? })
    }

    /// `advance`, with `wait` in milliseconds.
    pub fn advance(&self, wait: u32) -> u32 {
        self.guest.call(async |store, exports| {
            exports.orchestra_process_lifecycle().process().call_advance(store, self.resource, wait).await
        })
    }

    /// `advance` without waiting: how many reports are pending.
    pub fn pending(&self) -> u32 {
        self.advance(0)
    }

    /// `next-advance`, in milliseconds.
    pub fn next_advance(&self) -> Option<u32> {
        self.guest.call(async |store, exports| {
            exports.orchestra_process_lifecycle().process().call_next_advance(store, self.resource).await
        })
    }

    /// `set-ending-key`
    pub fn set_ending_key(&self, key: &str) -> Result<(), String> {
        self.guest.call(async |store, exports| {
            exports.orchestra_process_lifecycle().process().call_set_ending_key(store, self.resource, key).await
        })
    }

    /// `deliver-within`, with `time` in milliseconds.
    pub fn deliver_within(&self, time: u32) {
        self.guest.call(async |store, exports| {
            exports.orchestra_process_lifecycle().process().call_deliver_within(store, self.resource, time).await
        });
    }

    /// `flush`
    pub fn flush(&self) -> Result<(), DeliveryError> {
        self.guest.call(async |store, exports| {
            exports.orchestra_process_lifecycle().process().call_flush(store, self.resource).await
        })
    }

    /// `unacknowledged`
    pub fn unacknowledged(&self) -> Shortfall {
        self.guest.call(async |store, exports| {
            exports.orchestra_process_lifecycle().process().call_unacknowledged(store, self.resource).await
        })
    }
}

/// `log`; dropping it drops the resource.
pub struct Log {
    guest: Guest,
    resource: ResourceAny,
}

impl Log {
    /// `write`
    pub fn write(&self, text: &str) -> Result<(), LogError> {
        self.guest.call(async |store, exports| {
            exports.orchestra_process_lifecycle().log().call_write(store, self.resource, text).await
        })
    }
}

impl Drop for Log {
    fn drop(&mut self) {
        self.guest.release(self.resource);
    }
}

impl Drop for GuestProcess {
    fn drop(&mut self) {
        self.guest.release(self.resource);
    }
}
