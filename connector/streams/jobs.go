package streams

import (
	"source-gorgias/connector/reader"
	"source-gorgias/connector/stream"
	"source-gorgias/schemas"
)

var jobRows = []*Row{
	{Reader: reader.Incremental{}, Stream: &stream.Stream{
		Name: "jobs", Path: "jobs", Query: newestCreated, Mode: stream.NewestFirst,
		Key: []string{"id"}, Cursor: "created_datetime", LookbackWindow: 7 * day, Record: schemas.Job{}, OAuthScope: "jobs:read",
	}},
}
