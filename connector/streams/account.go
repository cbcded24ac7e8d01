package streams

import (
	"source-gorgias/connector/gorgias"
	"source-gorgias/connector/reader"
	"source-gorgias/connector/stream"
	"source-gorgias/schemas"
)

// Account is the stream of the account itself.
var Account = &stream.Stream{
	Name: "account", Path: "account", Envelope: gorgias.SingleObject, Mode: stream.SingleObject,
	Key: []string{"domain"}, TextKey: true, Record: schemas.Account{}, OAuthScope: "account:read",
}

var accountRows = []*Row{
	{Stream: Account, Reader: reader.FullRefresh{}},
	{Reader: reader.FullRefresh{}, Stream: &stream.Stream{
		Name: "account_settings", Path: "account/settings", Envelope: gorgias.PlainList, Mode: stream.SingleObject,
		Key: []string{"id"}, Record: schemas.AccountSetting{}, OAuthScope: "account:read",
	}},
}
