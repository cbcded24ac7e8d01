package connector

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"source-gorgias/connector/gorgias"
)

// A Failure is an error as the person who runs the sync should meet it.
type Failure struct {
	// Fault is whose move it is.
	Type FailureType
	// Message says what happened and, if there is something to do, what.
	Message string
	// Whole is set if it ended the whole sync, and not one stream alone.
	AllStreams bool
}

// A Fault is who can mend a failure.
type FailureType int

const (
	// Transient failures may be gone the next time.
	TransientFailure FailureType = iota
	// Ours are answers nobody expected, and mistakes in this program.
	SystemFailure
	// Yours are mended in the configuration or in the account.
	ConfigFailure
)

// An InputError is a mistake in what the program was given beside its
// configuration: arguments, files, catalog, state.
type InputError struct{ Text string }

func (e *InputError) Error() string { return e.Text }

// Diagnose puts the error that ended a stream, or with a nil stream the whole
// sync, into words.
func Classify(s *Stream, err error) Failure {
	var config *Error
	var input *InputError
	var api *gorgias.Error
	switch {
	case errors.As(err, &config):
		return Failure{Type: ConfigFailure, Message: "the configuration does not fit: " + config.Error()}
	case errors.As(err, &input):
		return Failure{Type: ConfigFailure, Message: input.Text}
	case errors.As(err, &api):
		fault, hint := judge(s, api)
		f := Failure{Type: fault, Message: api.Error(), AllStreams: api.Kind == gorgias.Unauthorized}
		if hint != "" {
			f.Message = strings.TrimSuffix(f.Message, ".") + ". " + hint
		}
		return f
	case errors.Is(err, context.DeadlineExceeded):
		return Failure{Type: TransientFailure, Message: err.Error()}
	}
	return Failure{Type: SystemFailure, Message: err.Error()}
}

func judge(s *Stream, e *gorgias.Error) (FailureType, string) {
	switch e.Kind {
	case gorgias.Unauthorized:
		var renewal *gorgias.RenewalError
		if errors.As(e, &renewal) { // which says all
			return ConfigFailure, ""
		}
		return ConfigFailure, "Check the credentials: the API key is the one from Settings, REST API, not the password you log in with; an OAuth access token lives for 24 hours"
	case gorgias.Forbidden:
		role := "Use the API key of an admin"
		switch {
		case s == nil:
			return ConfigFailure, role + ", and check that your plan includes the REST API"
		case s.OAuthScope != "":
			role += fmt.Sprintf(", or give the app the scope %s", s.OAuthScope)
		}
		return ConfigFailure, role + fmt.Sprintf(", or deselect the stream %s", s.Name)
	case gorgias.NotFound:
		if s == nil {
			return ConfigFailure, "Check the subdomain: no account answers there"
		}
		return SystemFailure, ""
	case gorgias.ClientError:
		if e.Path == "/api/"+Find("statistics").Path {
			return ConfigFailure, "Correct that report in the configuration, or leave it out"
		}
	case gorgias.Redirect:
		return ConfigFailure, "Check the subdomain and the base URL: the requests were sent elsewhere, and were not followed"
	case gorgias.InvalidResponse:
		if s == nil {
			return SystemFailure, "What answers there is not the API, or does not answer whole: check the subdomain and the base URL, and try again in a few minutes"
		}
	case gorgias.RateLimited, gorgias.ServerError:
		if s == nil {
			return TransientFailure, "Try again in a few minutes"
		}
		return TransientFailure, "The next sync goes on from here"
	case gorgias.Network:
		if strings.Contains(e.Error(), "no such host") {
			return TransientFailure, "Check the subdomain, and that this machine reaches the internet"
		}
		if s == nil {
			return TransientFailure, "Check the subdomain and the base URL, and that this machine may reach them"
		}
		return TransientFailure, "The next sync goes on from here"
	}
	return SystemFailure, ""
}

// Unreadable says what is wrong with a JSON text without showing it.
func DescribeUnreadable(raw []byte, err error) string {
	var syntax *json.SyntaxError
	var typ *json.UnmarshalTypeError
	switch {
	case errors.As(err, &syntax):
		var any any // its decoder tells more
		return "it " + describeNonJSON(raw, json.NewDecoder(bytes.NewReader(raw)).Decode(&any))
	case errors.As(err, &typ) && typ.Field != "":
		return fmt.Sprintf("%q is a JSON %s", typ.Field, typ.Value)
	case errors.As(err, &typ):
		return fmt.Sprintf("it is a JSON %s", typ.Value)
	}
	return "it is not as expected"
}
