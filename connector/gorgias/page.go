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

// A Form is how an endpoint wraps its records, and how it says that there are more.
type Envelope int

const (
	CursorList   Envelope = iota // {data: [...], meta: {next_cursor}}; of old, a bare array
	LinkList                     // {data: [...], meta: {next_items}}, the items of a view
	PlainList                    // {data: [...]}, or a bare array: everything at once
	Offset                       // {data: [...], meta: {page, nb_pages}}
	SingleObject                 // the object itself
)

// A Page is one answer, cut into its records.
type Page struct {
	// Records are the objects as they came. They share the memory of the answer:
	// keep one and you keep the page.
	Records []json.RawMessage

	// Next is what to hand to List to get the page after this one, "" at the
	// end. It holds parameters only, and is good for this walk.
	NextToken string

	// Served is when the server answered, by its own clock, in UTC.
	ServerTime time.Time

	// Bytes is the length of the answer, unpacked.
	Bytes int
}

// An ask is what the cutter must know of a request to prove its answer.
type ask struct {
	form  Envelope
	query url.Values // as the caller gave it, without the page token
	next  string     // the page token, "" for the first page
}

// limit is the number of rows asked for, 0 if none was.
func (a ask) limit() int {
	n, err := strconv.Atoi(a.query.Get("limit"))
	if err != nil || n < 0 {
		return 0
	}
	return n
}

// cut proves that a body is a whole page, and takes it apart in one pass.
func cut(body []byte, a ask) (*Page, error) {
	// Whether names are unique and strings are UTF-8 is for those who read the
	// records. Given a bytes.Buffer, the decoder works on the body itself.
	c := cutter{ask: a, body: body, d: jsontext.NewDecoder(bytes.NewBuffer(body),
		jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))}
	if err := c.whole(); err != nil {
		var e *Error
		if !errors.As(err, &e) {
			e = unproven("not complete JSON, from byte %d of %d on", c.d.InputOffset(), len(body))
		}
		return nil, e
	}
	next, err := c.following()
	if err != nil {
		return nil, err
	}
	return &Page{Records: c.records, NextToken: next, Bytes: len(body)}, nil
}

// A cutter holds what is found on the way through a page. Its errors are either
// ours, or the decoder's: then it is not JSON.
type cutter struct {
	ask
	body    []byte
	d       *jsontext.Decoder
	records []json.RawMessage

	data, meta    bool // seen
	cursor, items json.RawMessage
	page, pages   json.RawMessage
}

func (c *cutter) whole() error {
	var err error
	switch kind := c.d.PeekKind(); {
	case kind == '{' && c.form == SingleObject:
		err = c.object()
	case kind == '{':
		err = c.envelope()
	case kind == '[' && (c.form == CursorList || c.form == PlainList):
		err = c.bare()
	case kind == jsontext.KindInvalid:
		_, err = c.d.ReadToken()
	default:
		err = unproven("expected an object, got %v", kind)
	}
	if err != nil {
		return err
	}
	if _, err := c.d.ReadToken(); err == nil {
		return unproven("more than one JSON value")
	} else if err != io.EOF {
		return err
	}
	return nil
}

// members calls do at the value of each member of the object that comes next.
func (c *cutter) members(do func(name string) error) error {
	if _, err := c.d.ReadToken(); err != nil {
		return err
	}
	for c.d.PeekKind() == '"' {
		name, err := c.d.ReadToken()
		if err != nil {
			return err
		}
		if err := do(name.String()); err != nil {
			return err
		}
	}
	_, err := c.d.ReadToken()
	return err
}

// value returns the next value where it stands in the body.
func (c *cutter) value() (json.RawMessage, error) {
	v, err := c.d.ReadValue()
	if err != nil {
		return nil, err
	}
	end := c.d.InputOffset()
	return json.RawMessage(c.body[end-int64(len(v)) : end : end]), nil
}

// object takes the page as one record. An object that holds nothing, or nothing
// but an error, is none.
func (c *cutter) object() error {
	good := false
	err := c.members(func(name string) error {
		good = good || name != "error"
		return c.d.SkipValue()
	})
	if err == nil && !good {
		err = unproven("an object without content")
	}
	c.records = []json.RawMessage{bytes.TrimSpace(c.body[:c.d.InputOffset()])}
	return err
}

func (c *cutter) envelope() error {
	err := c.members(func(name string) error {
		switch {
		case name == "data" && !c.data:
			c.data = true
			return c.list()
		case name == "meta" && !c.meta && c.d.PeekKind() == '{':
			c.meta = true
			return c.around()
		case name == "meta" && !c.meta && c.form == PlainList:
			return c.d.SkipValue()
		case name == "data" || name == "meta":
			return unproven("unexpected or repeated %s", name)
		}
		return c.d.SkipValue()
	})
	if err == nil && !c.data {
		return unproven("no data")
	}
	return err
}

// bare takes a page that is only its records. What the next page is, it cannot
// say: there is none if there was room for more rows on this one.
func (c *cutter) bare() error {
	if err := c.list(); err != nil {
		return err
	}
	limit := c.limit()
	if everything := c.form == PlainList && limit == 0; !everything && len(c.records) >= limit {
		return unproven("a list of %d that does not say whether there are more", len(c.records))
	}
	return nil
}

func (c *cutter) list() error {
	if kind := c.d.PeekKind(); kind != '[' && kind != jsontext.KindInvalid {
		return unproven("expected a list, got %v", kind)
	}
	if _, err := c.d.ReadToken(); err != nil {
		return err
	}
	c.records = make([]json.RawMessage, 0, min(c.limit(), 100))
	for c.d.PeekKind() != ']' {
		if kind := c.d.PeekKind(); kind != '{' && kind != jsontext.KindInvalid {
			return unproven("expected a list of objects, got %v in it", kind)
		}
		record, err := c.value()
		if err != nil {
			return err
		}
		c.records = append(c.records, record)
	}
	_, err := c.d.ReadToken()
	return err
}

// around reads what the page says of the pages around it.
func (c *cutter) around() error {
	return c.members(func(name string) error {
		value, err := c.value()
		if err != nil {
			return err
		}
		var place *json.RawMessage
		switch name {
		case "next_cursor":
			place = &c.cursor
		case "next_items":
			place = &c.items
		case "page":
			place = &c.page
		case "nb_pages":
			place = &c.pages
		default:
			return nil
		}
		if *place != nil {
			return unproven("repeated meta.%s", name)
		}
		*place = value
		return nil
	})
}

// following returns the token of the next page. Of what the answer says only
// parameters are taken, and none that the caller has set.
func (c *cutter) following() (string, error) {
	var next url.Values
	switch c.form {
	case CursorList:
		if !c.data {
			return "", nil // bare
		}
		cursor, err := token("next_cursor", c.cursor)
		if err != nil || cursor == "" {
			return "", err
		}
		next = url.Values{"cursor": {cursor}}
	case LinkList:
		items, err := token("next_items", c.items)
		if err != nil || items == "" {
			return "", err
		}
		place, err := url.Parse(items)
		if err == nil {
			next, err = url.ParseQuery(place.RawQuery)
		}
		for name := range c.query {
			next.Del(name)
		}
		if err != nil || len(next) == 0 {
			return "", unproven("meta.next_items leads nowhere")
		}
	case Offset:
		page, err1 := strconv.Atoi(string(c.page))
		pages, err2 := strconv.Atoi(string(c.pages))
		if err1 != nil || err2 != nil || page < 1 || pages < 0 {
			return "", unproven("no page and nb_pages in meta")
		}
		asked := "page=" + strconv.Itoa(page)
		if c.next != asked && (c.next != "" || page != 1) {
			return "", unproven("page %d instead of the one asked for", page)
		}
		if page >= pages {
			return "", nil
		}
		next = url.Values{"page": {strconv.Itoa(page + 1)}}
	case PlainList:
		for _, more := range []json.RawMessage{c.cursor, c.items} {
			if more != nil && string(more) != "null" {
				return "", unproven("more pages where one was expected")
			}
		}
		return "", nil
	case SingleObject:
		return "", nil
	}
	if next.Encode() == c.next {
		return "", unproven("the page names itself as the next one")
	}
	return next.Encode(), nil
}

// token reads a page token: null is the end, and nothing is no proof of it.
func token(name string, raw json.RawMessage) (string, error) {
	if string(raw) == "null" {
		return "", nil
	}
	text, err := jsontext.AppendUnquote(nil, raw)
	if err != nil || len(text) == 0 {
		return "", unproven("no meta.%s", name)
	}
	return string(text), nil
}
