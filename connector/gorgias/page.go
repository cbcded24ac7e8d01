package gorgias

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/url"
	"strconv"
	"time"

	"github.com/go-json-experiment/json/jsontext"
)

// An Envelope is the JSON around the records of a page. It says where the records
// and the next page token are.
type Envelope int

const (
	CursorList   Envelope = iota // {data: [...], meta: {next_cursor}}; in older versions of the API a bare array
	LinkList                     // {data: [...], meta: {next_items}}, a URL with the token in its query
	PlainList                    // {data: [...]}, or a bare array: all records on one page
	SingleObject                 // one record, without an envelope
)

// A Page is one response of a list.
type Page struct {
	// Records are the objects as the API sent them. They share the memory of the
	// response: keeping one keeps the page.
	Records []json.RawMessage

	// NextToken is the page token of the next page, or "" on the last page. It
	// consists of query parameters, and is valid for this scan only.
	NextToken string

	// NonFinite is how many values were no JSON, but NaN or Infinity. They are null
	// in the records.
	NonFinite int

	// ServerTime is when the API responded, by its own clock, in UTC.
	ServerTime time.Time
}

// A pageRequest is what the parser must know of a request to validate its page.
type pageRequest struct {
	envelope Envelope
	query    url.Values // without the page token
	token    string     // "" for the first page
}

// limit is the requested number of records, or 0 if the request has none.
func (r pageRequest) limit() int {
	n, err := strconv.Atoi(r.query.Get("limit"))
	if err != nil || n < 0 {
		return 0
	}
	return n
}

// maxRecords is how many records a page may have: far more than were requested,
// but not so many that they exhaust the memory.
func (r pageRequest) maxRecords() int { return max(10*r.limit(), 10_000) }

// maxToken is the length of the longest page token: it is stored in the state and
// sent in a URL.
const maxToken = 8 << 10

// parsePage validates a body as a complete page and splits it into records, in one
// pass. A body that is not JSON only because of numbers like NaN is mended.
func parsePage(body []byte, r pageRequest) (*Page, error) {
	body = withoutMark(body)
	page, err := parseBody(body, r)
	if err == nil {
		return page, nil
	}
	// A page token that is NaN must not become null, which is the end of the list.
	mended, count := replaceNonFinite(body, "0")
	if count == 0 {
		return nil, err
	}
	if _, err := parseBody(mended, r); err != nil { //rule:nan-is-no-end-of-list
		return nil, err
	}
	mended, _ = replaceNonFinite(body, "null")
	if page, err = parseBody(mended, r); err == nil {
		page.NonFinite = count
	}
	return page, err
}

func parseBody(body []byte, r pageRequest) (*Page, error) {
	// Duplicate names and invalid UTF-8 inside of records are not the parser's
	// concern. Given a bytes.Buffer, the decoder works on the body itself.
	p := pageParser{pageRequest: r, body: body, d: jsontext.NewDecoder(bytes.NewBuffer(body),
		jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))}
	if err := p.parse(); err != nil {
		var e *Error
		if !errors.As(err, &e) {
			e = invalidResponse("not complete JSON, from byte %d of %d on", p.d.InputOffset(), len(body))
		}
		return nil, e //rule:page-is-complete-json
	}
	next, err := p.nextToken()
	if err != nil {
		return nil, err //rule:page-is-complete-json
	}
	return &Page{Records: p.records, NextToken: next}, nil
}

// A pageParser holds what it has found so far. The errors of its methods are an
// [*Error], or the decoder's if the body is not JSON.
type pageParser struct {
	pageRequest
	body    []byte
	d       *jsontext.Decoder
	records []json.RawMessage

	hasData, hasMeta      bool
	nextCursor, nextItems json.RawMessage // of meta; nil if absent
}

func (p *pageParser) parse() error {
	var err error
	switch kind := p.d.PeekKind(); {
	case kind == '{' && p.envelope == SingleObject:
		err = p.parseObject()
	case kind == '{':
		err = p.parseEnvelope()
	case kind == '[' && (p.envelope == CursorList || p.envelope == PlainList):
		err = p.parseArray()
	case kind == jsontext.KindInvalid:
		_, err = p.d.ReadToken()
	default:
		err = invalidResponse("expected an object, got %v", kind)
	}
	if err != nil {
		return err
	}
	if _, err := p.d.ReadToken(); err == nil {
		return invalidResponse("more than one JSON value")
	} else if err != io.EOF {
		return err
	}
	return nil
}

// members reads an object. It calls do for each member; do reads the value.
func (p *pageParser) members(do func(name string) error) error {
	if _, err := p.d.ReadToken(); err != nil {
		return err
	}
	for p.d.PeekKind() == '"' {
		name, err := p.d.ReadToken()
		if err != nil {
			return err
		}
		if err := do(name.String()); err != nil {
			return err
		}
	}
	_, err := p.d.ReadToken()
	return err
}

// value reads a value and returns it as a part of the body.
func (p *pageParser) value() (json.RawMessage, error) {
	v, err := p.d.ReadValue()
	if err != nil {
		return nil, err
	}
	end := p.d.InputOffset()
	return json.RawMessage(p.body[end-int64(len(v)) : end : end]), nil
}

// parseObject reads the page as one record. An object that is empty, or contains
// only an error, is not a record.
func (p *pageParser) parseObject() error {
	hasContent := false
	err := p.members(func(name string) error {
		hasContent = hasContent || name != "error"
		return p.d.SkipValue()
	})
	if err == nil && !hasContent {
		err = invalidResponse("an object without content")
	}
	p.records = []json.RawMessage{bytes.TrimSpace(p.body[:p.d.InputOffset()])}
	return err
}

func (p *pageParser) parseEnvelope() error {
	err := p.members(func(name string) error {
		switch {
		case name == "data" && !p.hasData:
			p.hasData = true
			return p.parseList()
		case name == "meta" && !p.hasMeta && p.d.PeekKind() == '{':
			p.hasMeta = true
			return p.parseMeta()
		case name == "meta" && !p.hasMeta && p.envelope == PlainList:
			return p.d.SkipValue()
		case name == "data" || name == "meta":
			return invalidResponse("unexpected or repeated %s", name)
		}
		return p.d.SkipValue()
	})
	if err == nil && !p.hasData {
		return invalidResponse("no data")
	}
	return err
}

// parseArray reads a page without an envelope. It cannot contain a page token, so
// it is only known to be the last page if it has fewer records than requested.
func (p *pageParser) parseArray() error {
	if err := p.parseList(); err != nil {
		return err
	}
	limit := p.limit()
	if unlimited := p.envelope == PlainList && limit == 0; !unlimited && len(p.records) >= limit {
		return invalidResponse("a list of %d that does not show whether there are more", len(p.records))
	}
	return nil
}

func (p *pageParser) parseList() error {
	if kind := p.d.PeekKind(); kind != '[' && kind != jsontext.KindInvalid {
		return invalidResponse("expected a list, got %v", kind)
	}
	if _, err := p.d.ReadToken(); err != nil {
		return err
	}
	p.records = make([]json.RawMessage, 0, min(p.limit(), 100))
	for p.d.PeekKind() != ']' {
		if kind := p.d.PeekKind(); kind != '{' && kind != jsontext.KindInvalid {
			return invalidResponse("expected a list of objects, got %v in it", kind)
		}
		record, err := p.value()
		if err != nil {
			return err
		}
		if len(p.records) >= p.maxRecords() { //rule:rows-per-page-are-bounded
			return invalidResponse("a page of more than %d rows", p.maxRecords())
		}
		p.records = append(p.records, record)
	}
	_, err := p.d.ReadToken()
	return err
}

// parseMeta finds the next page token.
func (p *pageParser) parseMeta() error {
	return p.members(func(name string) error {
		value, err := p.value()
		if err != nil {
			return err
		}
		var field *json.RawMessage
		switch name {
		case "next_cursor":
			field = &p.nextCursor
		case "next_items":
			field = &p.nextItems
		default:
			return nil
		}
		if *field != nil {
			return invalidResponse("repeated meta.%s", name)
		}
		*field = value
		return nil
	})
}

// nextToken returns the token of the next page, or "" on the last page.
func (p *pageParser) nextToken() (string, error) {
	var params url.Values
	var err error
	switch {
	case p.envelope == CursorList && p.hasData: // a bare array has no token
		params, err = p.cursorParams()
	case p.envelope == LinkList:
		params, err = p.linkParams()
	case p.envelope == PlainList:
		for _, token := range []json.RawMessage{p.nextCursor, p.nextItems} {
			if token != nil && string(token) != "null" {
				return "", invalidResponse("more pages where one was expected")
			}
		}
	}
	if err != nil || len(params) == 0 {
		return "", err
	}
	next := params.Encode()
	if len(next) > maxToken { //rule:page-tokens-are-bounded
		return "", invalidResponse("a page token of %d characters", len(next))
	}
	if next == p.token {
		return "", invalidResponse("the page names itself as the next one")
	}
	return next, nil
}

func (p *pageParser) cursorParams() (url.Values, error) {
	cursor, err := metaString("next_cursor", p.nextCursor)
	if err != nil || cursor == "" {
		return nil, err
	}
	return url.Values{"cursor": {cursor}}, nil
}

// linkParams takes only the parameters of a link, and none that the request has
// set: no response decides where a request goes.
func (p *pageParser) linkParams() (url.Values, error) {
	link, err := metaString("next_items", p.nextItems)
	if err != nil || link == "" {
		return nil, err
	}
	var params url.Values
	u, err := url.Parse(link)
	if err == nil {
		params, err = url.ParseQuery(u.RawQuery)
	}
	for name := range p.query {
		params.Del(name)
	}
	if err != nil || len(params) == 0 {
		return nil, invalidResponse("meta.next_items has no page token")
	}
	return params, nil
}

// metaString decodes a page token. Null is the end of the list, which an absent
// token does not prove.
func metaString(name string, raw json.RawMessage) (string, error) {
	if string(raw) == "null" {
		return "", nil
	}
	text, err := jsontext.AppendUnquote(nil, raw)
	if err != nil || len(text) == 0 { //rule:missing-token-is-invalid
		return "", invalidResponse("no meta.%s", name)
	}
	return string(text), nil
}
