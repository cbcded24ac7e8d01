package streams

import (
	"source-gorgias/connector/conform"
	"source-gorgias/connector/reader"
	"source-gorgias/connector/stream"
	"source-gorgias/schemas"
)

var integrationRows = []*Row{
	{Reader: reader.FullRefresh{}, Stream: &stream.Stream{
		Name: "integrations", Path: "integrations", Query: oldestCreated, Mode: stream.FullRefresh,
		Key: []string{"id"}, SecretColumns: []string{"http", "meta", conform.Unrecognized}, Record: schemas.Integration{}, OAuthScope: "integrations:read",
	}},
}

var widgetRows = []*Row{
	{Reader: reader.FullRefresh{}, Stream: &stream.Stream{
		Name: "widgets", Path: "widgets", Query: oldestCreated, Mode: stream.FullRefresh,
		Key: []string{"id"}, Record: schemas.Widget{}, OAuthScope: "integrations:read",
	}},
}
