package streams

import (
	"source-gorgias/connector/reader"
	"source-gorgias/connector/stream"
	"source-gorgias/schemas"
)

var userRows = []*Row{
	{Reader: reader.FullRefresh{}, Stream: &stream.Stream{
		Name: "teams", Path: "teams", Query: oldestCreated, Mode: stream.FullRefresh,
		Key: []string{"id"}, Record: schemas.Team{}, OAuthScope: "users:read",
	}},
	{Reader: reader.FullRefresh{}, Stream: &stream.Stream{
		Name: "users", Path: "users", Query: oldestCreated, Mode: stream.FullRefresh,
		Key: []string{"id"}, Record: schemas.User{}, OAuthScope: "users:read",
	}},
}
