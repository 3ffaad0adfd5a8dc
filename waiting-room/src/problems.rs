//! The one table of the waiting room's own problem codes; those of the frame are in `platform::problems`.

use platform::problems::Code;

pub(crate) const SERVICE_TOKEN_INVALID: Code = Code {
    code: "service-token-invalid",
    status: 401,
    title: "A valid service token of a registered tenant is needed",
};
pub(crate) const TICKET_TOKEN_INVALID: Code = Code {
    code: "ticket-token-invalid",
    status: 401,
    title: "A valid ticket token of this ticket is needed",
};
pub(crate) const JOIN_GRANT_INVALID: Code = Code {
    code: "join-grant-invalid",
    status: 401,
    title: "The join grant is not valid for this queue",
};
pub(crate) const JOIN_GRANT_EXPIRED: Code = Code {
    code: "join-grant-expired",
    status: 401,
    title: "The join grant has expired; fetch a new one",
};
pub(crate) const NO_SUCH_QUEUE: Code = Code {
    code: "no-such-queue",
    status: 404,
    title: "There is no such queue",
};
pub(crate) const NO_SUCH_TICKET: Code = Code {
    code: "no-such-ticket",
    status: 404,
    title: "There is no such ticket",
};
pub(crate) const QUEUE_SETTING_INVALID: Code = Code {
    code: "queue-setting-invalid",
    status: 422,
    title: "A setting of the queue is out of range",
};
pub(crate) const QUEUE_NOT_OPEN_YET: Code = Code {
    code: "queue-not-open-yet",
    status: 409,
    title: "The queue has not opened yet",
};
pub(crate) const QUEUE_CLOSED: Code = Code {
    code: "queue-closed",
    status: 409,
    title: "The queue is over",
};
pub(crate) const STILL_WAITING: Code = Code {
    code: "still-waiting",
    status: 403,
    title: "The fan is still in the line",
};
pub(crate) const NEVER_JOINED: Code = Code {
    code: "never-joined",
    status: 404,
    title: "The fan never joined this queue",
};
pub(crate) const SESSION_OVER: Code = Code {
    code: "session-over",
    status: 410,
    title: "The session is over",
};
pub(crate) const NOT_ADMITTED: Code = Code {
    code: "not-admitted",
    status: 409,
    title: "The ticket is still in the line, it has no session",
};
pub(crate) const QUEUE_EXISTS: Code = Code {
    code: "queue-exists",
    status: 409,
    title: "There is a queue under this reference, with other settings",
};
pub(crate) const UPGRADE_REQUIRED: Code = Code {
    code: "upgrade-required",
    status: 426,
    title: "Only WebSocket connections are taken here",
};
pub(crate) const TOO_MANY_SOCKETS: Code = Code {
    code: "too-many-sockets",
    status: 503,
    title: "This node has no room for another socket; poll or try again",
};
