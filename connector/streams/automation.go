package streams

import (
	"net/url"

	"source-gorgias/connector/conform"
	"source-gorgias/connector/reader"
	"source-gorgias/connector/stream"
	"source-gorgias/schemas"
)

var automationRows = []*Row{
	// Of the six orders of the documentation, this one is certain.
	{Reader: reader.FullRefresh{}, Stream: &stream.Stream{
		Name: "macros", Path: "macros", Query: oldestCreated, Mode: stream.FullRefresh,
		Partitions: []url.Values{{}, {"archived": {"true"}}},
		Key:        []string{"id"}, Counters: []string{"usage"}, SecretColumns: []string{"actions", conform.Unrecognized}, Record: schemas.Macro{}, OAuthScope: "macros:read",
	}},
	{Reader: reader.FullRefresh{}, Stream: &stream.Stream{
		Name: "rules", Path: "rules", Query: oldestCreated, Mode: stream.FullRefresh,
		Key: []string{"id"}, Record: schemas.Rule{}, OAuthScope: "rules:read",
	}},
}
