package singer

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"strings"
	"testing"

	"source-gorgias/connector"
	"source-gorgias/connector/reader"
	"source-gorgias/connector/stream"
	"source-gorgias/connector/streams"
)

// A catalog can declare a type for the key that does not hold it. Such records are
// left out, the others are written, and the stream fails.
func TestCatalogMakesKeysNull(t *testing.T) {
	const own = `{"type":["integer"]}`
	for _, id := range []string{`{"type":["boolean","null"]}`, own, `{"type":"integer","minimum":0,"maximum":5}`, `{"type":["object"]}`, `{"type":["string","null"],"format":"date-time"}`} {
		key := "id"
		if id == own {
			key = "name"
		}
		sel, err := ParseCatalog([]byte(`{"streams":[{"tap_stream_id":"tags","stream":"tags","key_properties":["`+key+`"],"schema":{"type":"object","properties":{"id":`+id+`,"name":{"type":["string","null"]}}},
			"metadata":[{"breadcrumb":[],"metadata":{"selected":true}}]}]}`), nil)
		if err != nil {
			t.Fatal(err)
		}
		tags := streams.Find("tags")
		batches := func(yield func(connector.Batch, error) bool) {
			for _, b := range []connector.Batch{
				{Stream: tags, Kind: reader.Started},
				{Stream: tags, Kind: reader.Records, Records: []stream.Record{{Raw: json.RawMessage(`{"id":6,"name":"a"}`)}, {Raw: json.RawMessage(`{"id":7,"name":null}`)}, {Raw: json.RawMessage(`{"id":4,"name":"c"}`)}}},
				{Stream: tags, Kind: reader.Done},
			} {
				if !yield(b, nil) {
					return
				}
			}
		}
		var out bytes.Buffer
		w := NewWriter(&out, NewLog(io.Discard, nil))
		w.ActivateVersions = true
		state, err := ParseState(nil)
		if err != nil {
			t.Fatal(err)
		}
		err = w.Sync(context.Background(), batches, sel, state)
		if err == nil || !strings.Contains(err.Error(), "records were left out") || strings.Contains(out.String(), `"`+key+`":null`) || strings.Contains(out.String(), "ACTIVATE_VERSION") {
			t.Errorf("%s: %v: %s", id, err, out.String())
		}
		if want := strings.Contains(id, "integer"); strings.Contains(out.String(), `"name":"c"`) != want {
			t.Errorf("%s: %s", id, out.String())
		}
	}
}
