package connector

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"source-gorgias/connector/config"
	"source-gorgias/connector/gorgias"
	"source-gorgias/connector/reader"
	"source-gorgias/connector/reports"
	"source-gorgias/connector/stream"
)

// A Failure is an error as the user sees it.
type Failure struct {
	Type FailureType
	// Message says what happened and, if the user can do something, what.
	Message string
	// AllStreams is set if it ended the whole sync, and not one stream alone.
	AllStreams bool
}

// A FailureType is Airbyte's classification of errors. It says who can act on
// them.
type FailureType int

const (
	// TransientFailure can be gone in the next sync.
	TransientFailure FailureType = iota
	// SystemFailure is an unexpected response, or a bug in this program.
	SystemFailure
	// ConfigFailure has to be corrected in the configuration or the account.
	ConfigFailure
)

// A Panic is a bug in this program, met while it read a stream.
type Panic = reader.Panic

// Classify describes the error that ended a stream, or with a nil stream the
// whole sync.
func Classify(s *stream.Stream, err error) Failure {
	var settings *config.Error
	var input *InputError
	var api *gorgias.Error
	var key *reader.KeyError
	switch {
	case errors.As(err, &settings), errors.Is(err, reports.ErrNotConfigured):
		return Failure{Type: ConfigFailure, Message: "invalid configuration: " + err.Error()}
	case errors.As(err, &input):
		return Failure{Type: ConfigFailure, Message: input.Text}
	case errors.As(err, &key): // another attempt would read past the rows, and hide them
		return Failure{Type: ConfigFailure, Message: key.Error()}
	case errors.As(err, &api):
		typ, hint := classifyAPI(s, api)
		f := Failure{Type: typ, Message: api.Error(), AllStreams: api.Kind == gorgias.Unauthorized}
		if hint != "" {
			f.Message = strings.TrimSuffix(f.Message, ".") + ". " + hint
		}
		return f
	case errors.Is(err, context.DeadlineExceeded):
		return Failure{Type: TransientFailure, Message: err.Error()}
	}
	return Failure{Type: SystemFailure, Message: err.Error()}
}

// EndsAll reports whether an error is that of every list: the credentials are
// rejected, or the host cannot be reached.
func EndsAll(err error) bool {
	return gorgias.Is(err, gorgias.Unauthorized) || gorgias.Is(err, gorgias.Network) //rule:a-host-that-fails-ends-the-plan
}

// classifyAPI classifies an error of the API and says what the user can do
// about it; "" if nothing.
func classifyAPI(s *stream.Stream, e *gorgias.Error) (FailureType, string) {
	switch e.Kind {
	case gorgias.Unauthorized:
		var renewal *gorgias.RenewalError
		if errors.As(e, &renewal) { // its message says all
			return ConfigFailure, ""
		}
		hint := "Check the credentials: the API key is the one from Settings, REST API, not the password you log in with; an OAuth access token expires after 24 hours"
		if e.Disguise != "" {
			hint = e.Disguise + ". " + hint
		}
		return ConfigFailure, hint
	case gorgias.Forbidden:
		return ConfigFailure, forbiddenHint(s)
	case gorgias.NotFound:
		if s == nil {
			return ConfigFailure, "Check the subdomain: there is no account with that name"
		}
	case gorgias.ClientError:
		if e.Path == "/api/"+reportStream().Path {
			return ConfigFailure, "Correct that report in the configuration, or remove it"
		}
	case gorgias.Unproven:
		return TransientFailure, resumesOr(s, "Check the subdomain, the base URL and the proxy settings, and try again in a few minutes")
	case gorgias.InvalidResponse:
		if s == nil {
			return SystemFailure, "The response is incomplete or not from the API: check the subdomain and the base URL, and try again in a few minutes"
		}
	case gorgias.RateLimited, gorgias.ServerError:
		return TransientFailure, resumesOr(s, "Try again in a few minutes")
	case gorgias.Network:
		return TransientFailure, networkHint(s, e)
	}
	return SystemFailure, ""
}

const resumesHint = "The next sync resumes from here"

// forbiddenHint says who may read a stream, or the account.
func forbiddenHint(s *stream.Stream) string {
	role := "Use the API key of an admin"
	if s == nil {
		return role + ", and check that your plan includes the REST API"
	}
	if s.OAuthScope != "" {
		role += fmt.Sprintf(", or give the app the scope %s", s.OAuthScope)
	}
	return role + fmt.Sprintf(", or deselect the stream %s", s.Name)
}

// resumesOr returns the hint for a stream, which resumes, or the one for what is
// no stream.
func resumesOr(s *stream.Stream, hint string) string {
	if s == nil {
		return hint
	}
	return resumesHint
}

// networkHint says what to check if there is no response.
func networkHint(s *stream.Stream, e *gorgias.Error) string {
	switch {
	case e.Proxy != "":
		return "Check the variables HTTPS_PROXY and NO_PROXY, and whether the proxy runs and lets this machine through"
	case strings.Contains(e.Error(), "no such host"):
		return "Check the subdomain, and that this machine reaches the internet"
	}
	return resumesOr(s, "Check the subdomain and the base URL, and that this machine may reach them")
}
