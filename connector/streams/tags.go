package streams

import (
	"source-gorgias/connector/reader"
	"source-gorgias/connector/stream"
	"source-gorgias/schemas"
)

// Tags is the stream of the tags that tickets can have.
var Tags = &stream.Stream{
	Name: "tags", Path: "tags", Query: oldestCreated, Mode: stream.FullRefresh,
	Key: []string{"id"}, Counters: []string{"usage"}, Record: schemas.Tag{}, OAuthScope: "tags:read",
}

var tagRows = []*Row{{Stream: Tags, Reader: reader.FullRefresh{}}}
