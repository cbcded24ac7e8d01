package streams

import (
	"encoding/json"

	"source-gorgias/connector/reader"
	"source-gorgias/connector/stream"
	"source-gorgias/schemas"
)

var jobRows = []*Row{
	{Reader: reader.Incremental{}, Stream: &stream.Stream{
		Name: "jobs", Path: "jobs", Query: newestCreated, Mode: stream.NewestFirst,
		Key: []string{"id"}, Cursor: "created_datetime", Created: "created_datetime", LookbackWindow: 7 * day, Unfinished: isUnfinishedJob, Record: schemas.Job{}, OAuthScope: "jobs:read",
	}},
}

// isUnfinishedJob reports whether a job has a status that is not its last one. A
// status that is not documented may be followed by another.
func isUnfinishedJob(job json.RawMessage) bool {
	var status string
	_ = json.Unmarshal(stream.Field(job, "status"), &status) // a job without one shows nothing
	switch status {
	case "", "done", "canceled", "errored", "fatal_errored":
		return false
	}
	return true
}
