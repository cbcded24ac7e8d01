package schemas

import "time"

// A Job is a background task, such as an export.
type Job struct {
	// Job id.
	ID int64 `json:"id"`
	// `pending`, `scheduled`, `running`, `done`, `cancel_requested`, `canceled`, `errored` or `fatal_errored`.
	Status *string `json:"status"`
	// Kind of task: `applyMacro`, `deleteTicket`, `updateTicket`, `exportTicket`, `importMacro`, `exportMacro` and others. Open set.
	Type *string `json:"type"`
	// Id of the user who requested it.
	UserID *int64 `json:"user_id"`
	// Progress of the job, such as `progress_count`.
	Info Object `json:"info"`
	// Parameters of the job; the keys depend on the type.
	Params Object `json:"params"`
	// Free-form data.
	Meta Object `json:"meta"`
	// When it was requested.
	CreatedDatetime *time.Time `json:"created_datetime"`
	// When it should start; null for immediately.
	ScheduledDatetime *time.Time `json:"scheduled_datetime"`
	// When it started.
	StartedDatetime *time.Time `json:"started_datetime"`
	// When it ended.
	EndedDatetime *time.Time `json:"ended_datetime"`
	// When a worker locked it; null while no worker has it. The meaning is assumed.
	LockedDatetime *time.Time `json:"locked_datetime"`
	// When it failed; null if it did not.
	FailedDatetime *time.Time `json:"failed_datetime"`
	// When its cancellation was requested; null if it was not.
	CancelRequestedDatetime *time.Time `json:"cancel_requested_datetime"`
	// When it was canceled; null if it was not.
	CancelledDatetime *time.Time `json:"cancelled_datetime"`
	// Path of the job relative to the account's URL.
	URI *string `json:"uri"`
	Unrecognized
}
