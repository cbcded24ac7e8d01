package streams

import (
	"source-gorgias/connector/reader"
	"source-gorgias/connector/stream"
	"source-gorgias/schemas"
)

// The lists of the phone take no order_by. Newest first is what was observed; a
// page in another order is noticed.
var phoneRows = []*Row{
	{Reader: reader.Incremental{}, Stream: &stream.Stream{
		Name: "voice_calls", Path: "phone/voice-calls", Mode: stream.NewestFirst,
		Key: []string{"id"}, Cursor: "created_datetime", Created: "created_datetime", LookbackWindow: 7 * day, Record: schemas.VoiceCall{},
	}},
	{Reader: reader.Incremental{}, Stream: &stream.Stream{
		Name: "voice_call_events", Path: "phone/voice-call-events", Mode: stream.OldestFirst,
		Key: []string{"id"}, Cursor: "created_datetime", Record: schemas.VoiceCallEvent{},
	}},
	{Reader: reader.Incremental{}, Stream: &stream.Stream{
		Name: "voice_call_recordings", Path: "phone/voice-call-recordings", Mode: stream.NewestFirst,
		Key: []string{"id"}, Cursor: "created_datetime", Created: "created_datetime", LookbackWindow: 30 * day, Record: schemas.VoiceCallRecording{},
	}},
}
