package streams

import (
	"source-gorgias/connector/gorgias"
	"source-gorgias/connector/reader"
	"source-gorgias/connector/stream"
	"source-gorgias/schemas"
)

var views = &stream.Stream{
	Name: "views", Path: "views", Query: oldestCreated, Mode: stream.FullRefresh,
	Key: []string{"id"}, Record: schemas.View{}, OAuthScope: "tickets:read",
}

var viewRows = []*Row{
	{Stream: views, Reader: reader.FullRefresh{}},
	{Stream: &stream.Stream{
		Name: "view_items", Path: "views/{id}/items", Envelope: gorgias.LinkList, Query: oldestCreated, Parent: views, Mode: stream.PerParent,
		Key: []string{"view_id", "id"}, FlatKeys: ticketKeys, Record: schemas.ViewItem{}, OAuthScope: "tickets:read", Aliases: []string{"views_items"},
	}},
}
