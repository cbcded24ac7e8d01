package conform_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"source-gorgias/connector/conform"

	"github.com/go-json-experiment/json/jsontext"
)

// messageSchema declares most fields of a message. As in the API, headers and
// meta are free-form, and one field of the records is undeclared.
const messageSchema = `{"type":"object","properties":{
	"id":{"type":["integer"],"minimum":-9223372036854775808,"maximum":9223372036854775807},
	"uri":{"type":["string","null"]},
	"message_id":{"type":["string","null"]},
	"ticket_id":{"type":["integer","null"],"minimum":-9223372036854775808,"maximum":9223372036854775807},
	"external_id":{"type":["string","null"]},
	"public":{"type":["boolean","null"]},
	"channel":{"type":["string","null"]},
	"via":{"type":["string","null"]},
	"source":{"type":["object","null"],"properties":{
		"type":{"type":["string","null"]},
		"to":{"type":["array","null"],"items":{"type":["object","null"],"properties":{"name":{"type":["string","null"]},"address":{"type":["string","null"]}},"additionalProperties":true}},
		"cc":{"type":["array","null"],"items":{"type":["object","null"],"properties":{"name":{"type":["string","null"]},"address":{"type":["string","null"]}},"additionalProperties":true}},
		"bcc":{"type":["array","null"],"items":{"type":["object","null"],"properties":{"name":{"type":["string","null"]},"address":{"type":["string","null"]}},"additionalProperties":true}},
		"from":{"type":["object","null"],"properties":{"name":{"type":["string","null"]},"address":{"type":["string","null"]}},"additionalProperties":true}},"additionalProperties":true},
	"sender":{"type":["object","null"],"properties":{"id":{"type":["integer","null"],"minimum":-9223372036854775808,"maximum":9223372036854775807},"email":{"type":["string","null"]},"name":{"type":["string","null"]},"firstname":{"type":["string","null"]},"lastname":{"type":["string","null"]},"meta":{"type":["object","null"]}},"additionalProperties":true},
	"integration_id":{"type":["integer","null"],"minimum":-9223372036854775808,"maximum":9223372036854775807},
	"intents":{"type":["array","null"],"items":{"type":["object","null"],"properties":{"name":{"type":["string","null"]},"rejected":{"type":["boolean","null"]},"is_user_feedback":{"type":["boolean","null"]}},"additionalProperties":true}},
	"rule_id":{"type":["integer","null"]},
	"from_agent":{"type":["boolean","null"]},
	"receiver":{"type":["object","null"],"properties":{"id":{"type":["integer","null"],"minimum":-9223372036854775808,"maximum":9223372036854775807},"email":{"type":["string","null"]},"name":{"type":["string","null"]},"firstname":{"type":["string","null"]},"lastname":{"type":["string","null"]},"meta":{"type":["object","null"]}},"additionalProperties":true},
	"subject":{"type":["string","null"]},
	"body_text":{"type":["string","null"]},
	"body_html":{"type":["string","null"]},
	"stripped_text":{"type":["string","null"]},
	"stripped_html":{"type":["string","null"]},
	"stripped_signature":{"type":["string","null"]},
	"headers":{"type":["object","null"]},
	"attachments":{"type":["array","null"],"items":{"type":["object","null"],"properties":{"url":{"type":["string","null"]},"name":{"type":["string","null"]},"size":{"type":["integer","null"]},"content_type":{"type":["string","null"]},"public":{"type":["boolean","null"]}},"additionalProperties":true}},
	"tags":{"type":["array","null"],"items":{"type":["string","null"]}},
	"meta":{"type":["object","null"]},
	"created_datetime":{"type":["string","null"],"format":"date-time"},
	"processed_datetime":{"type":["string","null"],"format":"date-time"},
	"sent_datetime":{"type":["string","null"],"format":"date-time"},
	"failed_datetime":{"type":["string","null"],"format":"date-time"},
	"deleted_datetime":{"type":["string","null"],"format":"date-time"},
	"opened_datetime":{"type":["string","null"],"format":"date-time"},
	"last_sending_error":{"type":["object","null"]},
	"is_retriable":{"type":["boolean","null"]},
	"unrecognized_fields":{"type":["object","null"]}}}`

// messages makes a page of n messages, as the API spells them.
func messages(n int) [][]byte {
	r := rand.New(rand.NewPCG(1, 2))
	words := strings.Fields(`hello thanks order refund shipment tracking number please help where is my
		package arrived broken return label would like to exchange the size color your team kind regards
		could you check status again still waiting since days café müller naïve 📦 ✨`)
	prose := func() string {
		var b strings.Builder
		for i := range 30 + r.IntN(60) {
			if b.WriteString(words[r.IntN(len(words))]); i%12 == 11 {
				b.WriteString(".\n")
			} else {
				b.WriteByte(' ')
			}
		}
		return b.String()
	}
	page := make([][]byte, n)
	for i := range page {
		body := prose()
		html := fmt.Sprintf(`<div dir="ltr"><p style="margin:0">%s</p><br><a href="https://shop.example/orders/%d?a=1&amp;b=2">order</a></div>`,
			strings.ReplaceAll(body, "\n", "<br>"), r.IntN(1e6))
		quote := func(s string) []byte {
			quoted, _ := jsontext.AppendQuote(nil, s)
			if i%2 == 0 { // half of the records escape everything that is not ASCII
				quoted = ascii(quoted)
			}
			return quoted
		}
		at := time.Date(2026, 3, 2, 11, 2, i%60, r.IntN(1e6)*1000, time.UTC).Format("2006-01-02T15:04:05.999999-07:00")
		page[i] = fmt.Appendf(nil, `{"id":%d,"uri":"/api/tickets/82000102/messages/%d/","message_id":"<c9d1@mail.example.net>",`+
			`"ticket_id":%d,"external_id":null,"public":true,"channel":"email","via":"email",`+
			`"source":{"type":"email","to":[{"name":"Acme Support","address":"support@acme-outdoor.example"}],"cc":[],"bcc":[],"from":{"name":"Jo Park","address":"jo.park@example.net"}},`+
			`"sender":{"id":519000201,"email":"jo.park@example.net","name":"Jo Park","firstname":"Jo","lastname":"Park","meta":{"name_set_via":"customer"}},`+
			`"auth_customer_identity":null,"integration_id":55010,"intents":[{"name":"refund/status","rejected":false,"is_user_feedback":false}],"rule_id":null,"from_agent":false,`+
			`"receiver":{"id":519000012,"email":"x7k2p9@email.gorgias.example","name":"Gorgias Bot","firstname":"Gorgias","lastname":"Bot","meta":{}},`+
			`"subject":"Re: Where is my refund?","body_text":%s,"body_html":%s,"stripped_text":%s,"stripped_html":%s,"stripped_signature":null,`+
			`"headers":{"To":"support@acme-outdoor.example","From":"Jo Park <jo.park@example.net>","Message-Id":"<c9d1@mail.example.net>"},`+
			`"attachments":[{"url":"https://uploads.gorgias.io/Hx2aQ/label-9f1c.png","name":"label.png","size":48211,"content_type":"image/png","public":true}],`+
			`"tags":["refund","vip"],"meta":null,"created_datetime":%q,"processed_datetime":%q,"sent_datetime":%q,"failed_datetime":null,"deleted_datetime":null,"opened_datetime":null,`+
			`"last_sending_error":null,"is_retriable":true}`,
			218000303+i, 218000303+i, 82000102+i/3, quote(body), quote(html), quote(body), quote(html), at, at, at)
	}
	return page
}

// ascii escapes everything that is not ASCII, as Python does by default.
func ascii(quoted []byte) []byte {
	var b []byte
	for _, r := range string(quoted) {
		switch {
		case r < 0x80:
			b = append(b, byte(r))
		case r < 0x10000:
			b = fmt.Appendf(b, `\u%04x`, r)
		default:
			b = fmt.Appendf(b, `\u%04x\u%04x`, 0xd800+(r-0x10000)>>10, 0xdc00+(r-0x10000)&0x3ff)
		}
	}
	return b
}

func bytesOf(page [][]byte) (n int64) {
	for _, record := range page {
		n += int64(len(record))
	}
	return n
}

func newMessageSchema(b *testing.B) *conform.Schema {
	b.Helper()
	s, err := conform.Compile([]byte(messageSchema), nil)
	if err != nil {
		b.Fatal(err)
	}
	return s
}

func appendAll(b *testing.B, s *conform.Schema, dst []byte, page [][]byte) []byte {
	dst = dst[:0]
	for _, record := range page {
		var err error
		if dst, _, err = s.Append(dst, record); err != nil {
			b.Fatal(err)
		}
	}
	return dst
}

func readTokens(b *testing.B, d *jsontext.Decoder, buf *bytes.Buffer, page [][]byte, opts ...jsontext.Options) {
	for _, record := range page {
		*buf = *bytes.NewBuffer(record)
		d.Reset(buf, opts...)
		for n := 0; ; n++ {
			if _, err := d.ReadToken(); err != nil {
				if n < 50 {
					b.Fatal(err)
				}
				break
			}
		}
	}
}

// BenchmarkPage measures conforming a page of 100 messages, and other ways to
// process the same bytes for comparison.
func BenchmarkPage(b *testing.B) {
	page := messages(100)
	run := func(name string, do func(b *testing.B)) {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(bytesOf(page))
			b.ReportAllocs()
			for b.Loop() {
				do(b)
			}
		})
	}
	var dst []byte
	s := newMessageSchema(b)
	run("conform", func(b *testing.B) { dst = appendAll(b, s, dst, page) })
	var d jsontext.Decoder
	var buf bytes.Buffer
	run("tokens", func(b *testing.B) { readTokens(b, &d, &buf, page) })
	run("valid", func(b *testing.B) {
		for _, record := range page {
			if !json.Valid(record) {
				b.Fatal("not valid")
			}
		}
	})
	run("maps", func(b *testing.B) {
		for _, record := range page {
			var m map[string]any
			if err := json.Unmarshal(record, &m); err != nil {
				b.Fatal(err)
			}
			if _, err := json.Marshal(m); err != nil {
				b.Fatal(err)
			}
		}
	})
	run("copy", func(b *testing.B) {
		dst = dst[:0]
		for _, record := range page {
			dst = append(dst, record...)
		}
	})
}

// BenchmarkRatio measures conforming and reading all tokens in turns, so that a
// busy machine slows both equally, and reports how many times as fast conforming
// is.
func BenchmarkRatio(b *testing.B) {
	page := messages(100)
	s := newMessageSchema(b)
	var dst []byte
	var d jsontext.Decoder
	var buf bytes.Buffer
	lenient := []jsontext.Options{jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true)}
	var conforming, reading, lax time.Duration
	for b.Loop() {
		start := time.Now()
		dst = appendAll(b, s, dst, page)
		conformed := time.Now()
		readTokens(b, &d, &buf, page)
		read := time.Now()
		readTokens(b, &d, &buf, page, lenient...)
		conforming, reading, lax = conforming+conformed.Sub(start), reading+read.Sub(conformed), lax+time.Since(read)
	}
	b.ReportMetric(float64(reading)/float64(conforming), "conform/tokens")
	b.ReportMetric(float64(lax)/float64(conforming), "conform/lenient-tokens")
}

// BenchmarkFields compares finding a record's key, parent, cursor and another
// time in one pass with one call of Field for each.
func BenchmarkFields(b *testing.B) {
	page := messages(100)
	names := []string{"id", "ticket_id", "created_datetime", "sent_datetime"}
	values := make([][]byte, len(names))
	run := func(name string, do func(record []byte)) {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(bytesOf(page))
			b.ReportAllocs()
			for b.Loop() {
				for _, record := range page {
					do(record)
				}
			}
		})
	}
	run("together", func(record []byte) { conform.Fields(record, names, values) })
	run("one by one", func(record []byte) {
		for i, name := range names {
			values[i], _ = conform.Field(record, name)
		}
	})
}
