package airbyte

import (
	"encoding/json"
	"errors"
	"testing"

	"source-gorgias/connector"
	"source-gorgias/connector/streams"
)

// FuzzCatalog checks that any catalog is accepted or refused with an
// InputError, and that no stream is selected twice.
func FuzzCatalog(f *testing.F) {
	all, err := ConfiguredCatalog(streams.All())
	if err != nil {
		f.Fatal(err)
	}
	for _, s := range []string{string(all), `{}`, `null`, `{"streams":null}`, `{"streams":[]}`, `{"streams":[{"stream":{"name":"tags"},"sync_mode":"INVALID"}]}`,
		`{"streams":[{"stream":{"name":"orders","namespace":null},"sync_mode":"incremental","cursor_field":null}]}`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		sel, err := ParseCatalog(raw)
		var input *connector.InputError
		if err != nil {
			if !errors.As(err, &input) {
				t.Fatalf("%s: %v", raw, err)
			}
			return
		}
		seen := map[string]bool{}
		for _, s := range sel.Streams {
			if seen[s.Name] || streams.Find(s.Name) == nil {
				t.Fatalf("%s selects %s", raw, s.Name)
			}
			seen[s.Name] = true
		}
	})
}

// FuzzState checks that any state is accepted or refused with an InputError,
// and that the bookmarks of an accepted one can be written and read again.
func FuzzState(f *testing.F) {
	for _, s := range []string{``, `null`, `{}`, `[]`, `[{}]`, `{"tickets":{"updated_datetime":"2026-01-01T00:00:00Z"}}`,
		`[{"type":"STREAM","stream":{"stream_descriptor":{"name":"tickets","namespace":""},"stream_state":{"version":2,"watermark":"2026-01-01T00:00:00.000000Z"}},"global_":null}]`,
		`[{"type":"GLOBAL","global":{"shared_state":{},"stream_states":[{"stream_descriptor":{"name":"tags"},"stream_state":null}]}}]`,
		`[{"type":"LEGACY","data":{"messages":{"created_datetime":"2026-01-01"}}}]`, `{"type":"STREAM","stream":{}}`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		bookmarks, err := ParseState(raw)
		var input *connector.InputError
		if err != nil {
			if !errors.As(err, &input) {
				t.Fatalf("%s: %v", raw, err)
			}
			return
		}
		again, err := json.Marshal(bookmarks)
		if err != nil {
			t.Fatalf("%s: %v", raw, err)
		}
		if parsed, err := ParseState(again); err != nil || len(parsed) != len(bookmarks) {
			t.Fatalf("%s was written as %s: %v", raw, again, err)
		}
	})
}
