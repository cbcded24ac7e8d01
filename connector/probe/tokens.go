package probe

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"net/url"
	"time"
)

// A token is what the judges see of the first page token.
type token struct {
	form    tokenForm
	outcome outcome // of its use at the end
	age     time.Duration
}

// A tokenForm is what a page token is, decoded.
type tokenForm int

const (
	noToken  tokenForm = iota
	keyset             // base64 of [direction, value, id]
	jsonForm           // base64 of other JSON
	opaque
)

// A repeat is a request for a second page that is sent again at the end.
type repeat struct {
	listing
	issued time.Time
}

func tokenFacts() []*fact {
	return []*fact{{
		id: "page-token-life", question: "Is a page token valid until the end of this run?",
		answers: []answer{
			{"yes; for how much longer is not known, because a run is short", "an interrupted scan continues where it stood, for at least that long", Agrees},
			{"no, it is rejected", "a scan that is resumed later than that begins at its watermark again: some pages are read twice, and nothing is lost", Contradicts},
		},
		evidence: []string{"seconds after which it was used again"},
		judge: func(v *view) verdict {
			seconds := int(v.token.age / time.Second)
			switch {
			case v.token.form == noToken:
				return unknown(noPages)
			case v.token.outcome == ok:
				return found(0, seconds)
			case v.token.outcome == rejected || v.token.outcome == gone:
				return found(1, seconds)
			}
			return unknown(v.token.outcome.reason())
		},
	}, {
		id: "page-token-form", question: "What is a page token?",
		answers: []answer{
			{"the direction, the value and the id of a row", "a page continues behind a row, so that none is skipped when others come or go", Agrees},
			{"other JSON", "nothing is known of how a page continues; a scan reads the head of its list again, and reconciliation finds what it skipped", Differs},
			{"no JSON", "nothing is known of how a page continues; a scan reads the head of its list again, and reconciliation finds what it skipped", Differs},
		},
		judge: func(v *view) verdict {
			if v.token.form == noToken {
				return unknown(noPages)
			}
			return found(int(v.token.form - keyset))
		},
	}}
}

// keepToken keeps the first page token.
func (s *session) keepToken(l listing) {
	if s.again.next == "" && l.next != "" {
		s.again = repeat{l, time.Now()}
		s.view.token.form = formOf(l.next)
	}
}

// formOf returns what a page token is.
func formOf(token string) tokenForm {
	params, _ := url.ParseQuery(token) // one that is none has no cursor
	text := params.Get("cursor")
	decoded, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		decoded, err = base64.RawURLEncoding.DecodeString(text)
	}
	if err != nil || !json.Valid(decoded) {
		return opaque
	}
	var parts []any
	if json.Unmarshal(decoded, &parts) != nil || len(parts) != 3 {
		return jsonForm
	}
	direction, isText := parts[0].(string)
	_, isID := parts[2].(float64)
	if !isText || !isID || direction != "next" && direction != "prev" {
		return jsonForm
	}
	return keyset
}

// askAgain uses the first page token again, after a wait.
func (s *session) askAgain(ctx context.Context) {
	if s.again.next == "" {
		return
	}
	select {
	case <-ctx.Done():
		s.err = ctx.Err()
		return
	case <-time.After(s.wait):
	}
	s.reserved = 0
	s.view.token.outcome = s.page(ctx, s.again.of, s.again.query, s.again.next).outcome
	s.view.token.age = time.Since(s.again.issued)
}
