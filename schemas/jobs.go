package schemas

import "time"

// A Job is work done in the background, such as an export.
type Job struct {
	// Job id.
	ID int64 `json:"id"`
	// `pending`, `scheduled`, `running`, `done`, `cancel_requested`, `canceled`, `errored` or `fatal_errored`.
	Status *string `json:"status"`
	// What is done: `applyMacro`, `deleteTicket`, `updateTicket`, `exportTicket`, `importMacro`, `exportMacro` and others. Open set.
	Type *string `json:"type"`
	// Id of the user who asked for it.
	UserID *int64 `json:"user_id"`
	// How far it is, such as `progress_count`.
	Info Object `json:"info"`
	// What it was asked to do; the keys depend on the type.
	Params Object `json:"params"`
	// Free-form data.
	Meta Object `json:"meta"`
	// When it was asked for.
	CreatedDatetime *time.Time `json:"created_datetime"`
	// When it should start; null if at once.
	ScheduledDatetime *time.Time `json:"scheduled_datetime"`
	// When it started.
	StartedDatetime *time.Time `json:"started_datetime"`
	// When it ended.
	EndedDatetime *time.Time `json:"ended_datetime"`
	// When a worker took it; null if none holds it. The meaning is assumed.
	LockedDatetime *time.Time `json:"locked_datetime"`
	// When it failed; null if it did not.
	FailedDatetime *time.Time `json:"failed_datetime"`
	// When somebody asked to cancel it; null if nobody did.
	CancelRequestedDatetime *time.Time `json:"cancel_requested_datetime"`
	// When it was cancelled; null if it was not.
	CancelledDatetime *time.Time `json:"cancelled_datetime"`
	// Path of the job below the account's address.
	URI *string `json:"uri"`
	Rest
}
