package streams

import (
	"source-gorgias/connector/reader"
	"source-gorgias/connector/stream"
	"source-gorgias/schemas"
)

var tagRows = []*Row{
	{Reader: reader.FullRefresh{}, Stream: &stream.Stream{
		Name: "tags", Path: "tags", Query: oldestCreated, Mode: stream.FullRefresh,
		Key: []string{"id"}, Record: schemas.Tag{}, OAuthScope: "tags:read",
	}},
}
