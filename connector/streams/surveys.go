package streams

import (
	"source-gorgias/connector/changefeed"
	"source-gorgias/connector/reader"
	"source-gorgias/connector/stream"
	"source-gorgias/schemas"
)

// Surveys is the stream of satisfaction surveys.
var Surveys = &stream.Stream{
	Name: "satisfaction_surveys", Path: "satisfaction-surveys", Query: newestCreated, Mode: stream.NewestFirst,
	Key: []string{"id"}, Cursor: "created_datetime", Created: "created_datetime", LookbackWindow: 30 * day, Deletable: true, Record: schemas.SatisfactionSurvey{},
	OAuthScope: "satisfaction_survey:read", Aliases: []string{"satisfaction-surveys"},
}

var surveyRows = []*Row{{Stream: Surveys, Reader: reader.Incremental{}, Changes: changefeed.Surveys()}}
