package streams

import (
	"source-gorgias/connector/conform"
	"source-gorgias/connector/gorgias"
	"source-gorgias/connector/reader"
	"source-gorgias/connector/stream"
	"source-gorgias/schemas"
)

// Account is the stream of the account itself.
var Account = &stream.Stream{
	Name: "account", Path: "account", Envelope: gorgias.SingleObject, Mode: stream.SingleObject,
	SecretColumns: []string{"meta", "settings", conform.Unrecognized}, //rule:account-is-masked
	Key:           []string{"domain"}, TextKey: true, Record: schemas.Account{}, OAuthScope: "account:read",
}

var accountRows = []*Row{
	{Stream: Account, Reader: reader.FullRefresh{}},
	{Reader: reader.FullRefresh{}, Stream: &stream.Stream{
		Name: "account_settings", Path: "account/settings", Envelope: gorgias.PlainList, Mode: stream.SingleObject,
		SecretColumns: []string{"data", conform.Unrecognized}, //rule:account-settings-are-masked
		Key:           []string{"id"}, Record: schemas.AccountSetting{}, OAuthScope: "account:read",
	}},
}
