package schemas

import "time"

// A VoiceCall is a phone call. Its fields are documented, and other clients
// rely on them; no recorded response contains them.
type VoiceCall struct {
	// Call id.
	ID int64 `json:"id"`
	// Id of the phone integration. Documented.
	IntegrationID *int64 `json:"integration_id"`
	// Id of the call's ticket. Documented.
	TicketID *int64 `json:"ticket_id"`
	// Id of the company's phone number. Documented.
	PhoneNumberID *int64 `json:"phone_number_id"`
	// Id assigned by the provider. Documented.
	ExternalID *string `json:"external_id"`
	// Phone provider, such as `twilio`. Open set. Documented.
	Provider *string `json:"provider"`
	// `initiated`, `queued`, `ringing`, `in-progress`, `answered`, `ending`, `completed`, `busy`, `no-answer`, `failed`, `canceled` and others. Open set. Documented.
	Status *string `json:"status"`
	// `inbound` or `outbound`. Documented.
	Direction *string `json:"direction"`
	// Number of the caller, in E.164. Documented.
	PhoneNumberSource *string `json:"phone_number_source"`
	// Number that was called, in E.164. Documented.
	PhoneNumberDestination *string `json:"phone_number_destination"`
	// Country of the caller as an ISO 3166-1 alpha-2 code. Documented.
	CountrySource *string `json:"country_source"`
	// Country of the called number as an ISO 3166-1 alpha-2 code. Documented.
	CountryDestination *string `json:"country_destination"`
	// Duration in seconds; may be null. Documented.
	Duration *float64 `json:"duration"`
	// When the call started. Documented.
	StartedDatetime *time.Time `json:"started_datetime"`
	// When the record was created. Documented.
	CreatedDatetime *time.Time `json:"created_datetime"`
	// When the record last changed. Documented.
	UpdatedDatetime *time.Time `json:"updated_datetime"`
	// Id of the user who called; null for inbound calls. Documented.
	InitiatedByAgentID *int64 `json:"initiated_by_agent_id"`
	// Id of the user who last answered; null for outbound calls. Documented.
	LastAnsweredByAgentID *int64 `json:"last_answered_by_agent_id"`
	// Id of the customer. Documented.
	CustomerID *int64 `json:"customer_id"`
	// Whether there is a voicemail. Documented.
	HasVoicemail *bool `json:"has_voicemail"`
	// Whether the call was recorded. Documented.
	HasCallRecording *bool `json:"has_call_recording"`
	// Id of the customer who answered at a number outside the helpdesk. Documented, in newer responses.
	AnsweredByExternalCustomerID *int64 `json:"answered_by_external_customer_id"`
	// Number outside the helpdesk that answered. Documented, in newer responses.
	AnsweredByExternalNumber *string `json:"answered_by_external_number"`
	// Id of the user who last monitored the call. Documented, in newer responses.
	LastMonitoringAgentID *int64 `json:"last_monitoring_agent_id"`
	// Id of the user whose phone last rang. Documented, in newer responses.
	LastRangAgentID *int64 `json:"last_rang_agent_id"`
	// State of the monitoring by another user, such as `listening`. Open set. Documented, in newer responses.
	MonitoringStatus *string `json:"monitoring_status"`
	// Id of the queue. Documented, in newer responses.
	QueueID *int64 `json:"queue_id"`
	// State in the queue, such as `waiting`. Open set. Documented, in newer responses.
	StatusInQueue *string `json:"status_in_queue"`
	// Reason why the call ended. Open set. Documented, in newer responses.
	TerminationStatus *string `json:"termination_status"`
	// Summaries of the call by an AI model. Documented, in newer responses.
	Summaries []CallSummary `json:"summaries"`
	Unrecognized
}

// A CallSummary is the summary of a call by an AI model.
type CallSummary struct {
	// Summary id. Documented.
	ID *int64 `json:"id"`
	// Id of the recording that it summarizes. Documented.
	RecordingID *int64 `json:"recording_id"`
	// Text of the summary. Documented.
	Summary *string `json:"summary"`
	// When it was written. Documented.
	CreatedDatetime *time.Time `json:"created_datetime"`
}

// A VoiceCallEvent is an event of a call. Its fields are
// documented, and other clients rely on them; no recorded response contains them.
type VoiceCallEvent struct {
	// Event id.
	ID int64 `json:"id"`
	// Id of the account. Documented.
	AccountID *int64 `json:"account_id"`
	// Call id. Documented.
	CallID *int64 `json:"call_id"`
	// Id of the customer concerned; null if none. Documented.
	CustomerID *int64 `json:"customer_id"`
	// Id of the user concerned; null if none. Documented.
	UserID *int64 `json:"user_id"`
	// Type of event: `incoming-phone-call`, `phone-call-answered`, `missed-phone-call`, `voicemail-recording` and others. Open set. Documented.
	Type *string `json:"type"`
	// When the event happened. Documented.
	CreatedDatetime *time.Time `json:"created_datetime"`
	// Details of the event; the keys depend on the type. Documented.
	Meta Object `json:"meta"`
	Unrecognized
}

// A VoiceCallRecording is the audio recording of a call or a voicemail. Its fields are
// documented, and other clients rely on them; no recorded response contains them.
type VoiceCallRecording struct {
	// Recording id.
	ID int64 `json:"id"`
	// Call id. Documented.
	CallID *int64 `json:"call_id"`
	// Id assigned by the provider. Documented.
	ExternalID *string `json:"external_id"`
	// URL of the audio; null if it is not available. Documented.
	URL *string `json:"url"`
	// Duration in seconds. Documented.
	Duration *float64 `json:"duration"`
	// `voicemail`, or a recorded call, for which `call-recording` is assumed. Open set.
	Type *string `json:"type"`
	// When it was created. Documented.
	CreatedDatetime *time.Time `json:"created_datetime"`
	// When it was deleted; null if it was not. Documented.
	DeletedDatetime *time.Time `json:"deleted_datetime"`
	// Id of the user who deleted it. Documented.
	DeletedByUserID *int64 `json:"deleted_by_user_id"`
	// Why the audio is not available, such as `RECORDING_IS_PRIVATE`. Open set. Documented.
	ErrorCode *string `json:"error_code"`
	// State of the transcription, such as `completed`. Open set. Documented, in newer responses.
	TranscriptionStatus *string `json:"transcription_status"`
	Unrecognized
}
