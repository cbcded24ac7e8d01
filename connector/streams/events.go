package streams

import (
	"source-gorgias/connector/reader"
	"source-gorgias/connector/stream"
	"source-gorgias/schemas"
)

// Events is the stream of the account's event log, which the change feed reads.
var Events = &stream.Stream{
	Name: "events", Path: "events", Query: oldestCreated, Mode: stream.OldestFirst, SinceParam: "created_datetime[gte]",
	Key: []string{"id"}, Cursor: "created_datetime", Record: schemas.Event{}, OAuthScope: "events:read",
}

var eventRows = []*Row{{Stream: Events, Reader: reader.Incremental{}}}
