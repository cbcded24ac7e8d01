package conform_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/big"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf16"
	"unicode/utf8"

	"source-gorgias/connector/conform"

	"github.com/go-json-experiment/json/jsontext"
)

// The reference does what a Schema does in the plainest way: it decodes a record
// to a tree, applies one rule after the other to the whole tree, and encodes it.
// It shares no code with the package and reads the schema again at every step.

// A tree is a JSON value. Scalars keep their spelling; names are decoded.
type tree struct {
	kind     jsontext.Kind
	spelling string
	names    []string
	children []*tree
}

func nullTree() *tree { return &tree{kind: 'n', spelling: "null"} }

// parse reads one JSON value. Names may repeat and UTF-8 may be invalid.
func parse(raw []byte) (*tree, error) {
	d := jsontext.NewDecoder(bytes.NewReader(raw), jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))
	t, err := parseNext(d)
	if err != nil {
		return nil, err
	}
	if _, err := d.ReadToken(); err != io.EOF {
		return nil, errors.New("more than one value")
	}
	return t, nil
}

func parseNext(d *jsontext.Decoder) (*tree, error) {
	t := &tree{kind: d.PeekKind()}
	if t.kind != '{' && t.kind != '[' {
		v, err := d.ReadValue()
		t.spelling = string(v)
		return t, err
	}
	if _, err := d.ReadToken(); err != nil {
		return nil, err
	}
	for d.PeekKind() != '}' && d.PeekKind() != ']' {
		if t.kind == '{' {
			name, err := d.ReadValue()
			if err != nil {
				return nil, err
			}
			t.names = append(t.names, content(repairSpelling(string(name))))
		}
		kid, err := parseNext(d)
		if err != nil {
			return nil, err
		}
		t.children = append(t.children, kid)
	}
	_, err := d.ReadToken()
	return t, err
}

func (t *tree) get(name string) *tree {
	if t != nil && t.kind == '{' {
		if i := slices.Index(t.names, name); i >= 0 {
			return t.children[i]
		}
	}
	return nil
}

func (t *tree) add(name string, kid *tree) {
	t.names, t.children = append(t.names, name), append(t.children, kid)
}

func (t *tree) remove(i int) {
	if t.kind == '{' {
		t.names = slices.Delete(t.names, i, i+1)
	}
	t.children = slices.Delete(t.children, i, i+1)
}

func (t *tree) encode() string {
	switch t.kind {
	case '{':
		var parts []string
		for i, kid := range t.children {
			parts = append(parts, quote(t.names[i])+":"+kid.encode())
		}
		return "{" + strings.Join(parts, ",") + "}"
	case '[':
		var parts []string
		for _, kid := range t.children {
			parts = append(parts, kid.encode())
		}
		return "[" + strings.Join(parts, ",") + "]"
	}
	return t.spelling
}

// quote returns a JSON string in its shortest form, with line breaks escaped.
func quote(s string) string {
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(s); err != nil {
		panic(err)
	}
	return strings.ReplaceAll(strings.TrimSuffix(b.String(), "\n"), "\u0085", `\u0085`)
}

// content returns the content of a repaired JSON string.
func content(spelling string) (text string) {
	if err := json.Unmarshal([]byte(spelling), &text); err != nil {
		panic(err)
	}
	return text
}

// repairSpelling splits a JSON string into spellings of one UTF-16 unit or one
// rune each, replaces what is not allowed, and joins them again.
func repairSpelling(raw string) string {
	type unit struct {
		r        rune
		spelling string
	}
	var units []unit
	for s := raw[1 : len(raw)-1]; s != ""; {
		r, n := utf8.DecodeRuneInString(s)
		u := unit{r, s[:n]}
		switch {
		case strings.HasPrefix(s, `\u`):
			v, err := strconv.ParseUint(s[2:6], 16, 16)
			if err != nil {
				panic(err)
			}
			n, u = 6, unit{rune(v), s[:6]}
		case r == '\\':
			n, u = 2, unit{'x', s[:2]}
		case r == utf8.RuneError:
			u.spelling = "\uFFFD" // also for a stray byte
		}
		units = append(units, u)
		s = s[n:]
	}
	var b strings.Builder
	b.WriteByte('"')
	for i := 0; i < len(units); i++ {
		u := units[i]
		switch {
		case u.r == 0:
		case utf16.IsSurrogate(u.r):
			if i+1 < len(units) && utf16.DecodeRune(u.r, units[i+1].r) != utf8.RuneError {
				b.WriteString(u.spelling + units[i+1].spelling)
				i++
			} else {
				b.WriteString("\uFFFD")
			}
		case u.spelling == "\u0085":
			b.WriteString(`\u0085`)
		case u.spelling == "\u2028":
			b.WriteString(`\u2028`)
		case u.spelling == "\u2029":
			b.WriteString(`\u2029`)
		default:
			b.WriteString(u.spelling)
		}
	}
	b.WriteByte('"')
	return b.String()
}

// A reference is the state of one run.
type reference struct {
	keep   func(path []string) bool
	nulled []conform.Nulled
	keeps  bool // there is a column for what does not fit
	path   []string
	kept   *tree
}

// run conforms raw.
func (r *reference) run(schema, raw []byte) (string, []conform.Nulled, error) {
	root, err := parse(schema)
	if err != nil {
		return "", nil, err
	}
	t, err := parse(raw)
	if err != nil {
		return "", nil, err
	}
	if t.kind != '{' {
		return "", nil, errors.New("not an object")
	}
	repairStrings(t)
	dropRepeated(t)
	r.keeps, r.kept = r.hasUnrecognizedColumn(root), &tree{kind: '{'}
	if r.keeps {
		moveUndeclared(root, t)
	}
	r.dropDeselected(root, t, []string{})
	dropUndeclared(root, t)
	r.conformMembers(root, t, "", "")
	for i, name := range t.names {
		r.boundDigits(t.children[i], name)
	}
	for i, path := range r.kept.names {
		r.boundDigits(r.kept.children[i], columnOf.FindString(path))
	}
	r.addKept(t)
	boundDepth(t, 1)
	r.limit(root, t)
	r.addAbsent(root, t)
	return t.encode(), r.nulled, nil
}

func repairStrings(t *tree) {
	if t.kind == '"' {
		t.spelling = repairSpelling(t.spelling)
	}
	for _, kid := range t.children {
		repairStrings(kid)
	}
}

func dropRepeated(t *tree) {
	if t.kind == '{' {
		for i := len(t.names) - 1; i >= 0; i-- {
			if slices.Contains(t.names[i+1:], t.names[i]) {
				t.remove(i)
			}
		}
	}
	for _, kid := range t.children {
		dropRepeated(kid)
	}
}

// hasUnrecognizedColumn reports whether there is a column for undeclared fields.
func (r *reference) hasUnrecognizedColumn(root *tree) bool {
	c := root.get("properties").get(conform.Unrecognized)
	return c != nil && allows(c, "object") && c.get("properties") == nil && !closed(c) && r.keep([]string{conform.Unrecognized})
}

// moveUndeclared moves the undeclared fields below Unrecognized.
func moveUndeclared(root, t *tree) {
	unrecognized := &tree{kind: '{'}
	for i := 0; i < len(t.names); {
		if name := t.names[i]; name == conform.Unrecognized || root.get("properties").get(name) == nil {
			unrecognized.add(name, t.children[i])
			t.remove(i)
		} else {
			i++
		}
	}
	if len(unrecognized.children) > 0 {
		t.add(conform.Unrecognized, unrecognized)
	}
}

// dropDeselected removes deselected members at every depth outside arrays, and
// their undeclared siblings below the top level.
func (r *reference) dropDeselected(schema, t *tree, path []string) {
	props := schema.get("properties")
	if t.kind != '{' || props == nil {
		return
	}
	var deselected []string
	for _, name := range props.names {
		if !r.keep(append(slices.Clone(path), name)) {
			deselected = append(deselected, name)
		}
	}
	for i := len(t.names) - 1; i >= 0; i-- {
		name := t.names[i]
		declared := props.get(name)
		switch {
		case slices.Contains(deselected, name):
			t.remove(i)
		case declared == nil && len(deselected) > 0 && len(path) > 0:
			t.remove(i)
		case declared != nil:
			r.dropDeselected(declared, t.children[i], append(slices.Clone(path), name))
		}
	}
}

// dropUndeclared removes the undeclared fields of the record itself.
func dropUndeclared(root, t *tree) {
	for i := len(t.names) - 1; i >= 0; i-- {
		if root.get("properties").get(t.names[i]) == nil {
			t.remove(i)
		}
	}
}

func typesOf(schema *tree) (types []string) {
	switch t := schema.get("type"); {
	case t == nil:
	case t.kind == '"':
		types = append(types, content(t.spelling))
	default:
		for _, kid := range t.children {
			types = append(types, content(kid.spelling))
		}
	}
	return types
}

func allows(schema *tree, name string) bool {
	types := typesOf(schema)
	return len(types) == 0 || slices.Contains(types, name)
}

func closed(schema *tree) bool {
	a := schema.get("additionalProperties")
	return a != nil && a.spelling == "false"
}

func isTimestamp(schema *tree) bool {
	f := schema.get("format")
	return f != nil && f.spelling == `"date-time"` && allows(schema, "string")
}

func (r *reference) conformMembers(schema, t *tree, column, field string) {
	outer := r.path
	for i, name := range t.names {
		below, top := field+"."+name, column
		r.path = append(slices.Clone(outer), "."+name)
		if column == "" {
			below, top = name, name
			r.path = []string{name}
		}
		if s := schema.get("properties").get(name); s != nil {
			t.children[i] = r.conform(s, t.children[i], top, below)
		}
	}
	r.path = outer
}

// boundDepth nullifies what is nested too deep, without a report.
func boundDepth(t *tree, depth int) {
	if (t.kind == '{' || t.kind == '[') && depth > conform.MaxDepth {
		*t = *nullTree()
	}
	for _, kid := range t.children {
		boundDepth(kid, depth+1)
	}
}

// boundDigits nullifies integers that are too long.
func (r *reference) boundDigits(t *tree, column string) {
	if t.kind == '0' && isTooLong(t.spelling) {
		*t = *nullTree()
		r.nullify(column, column, conform.TooLarge)
	}
	for _, kid := range t.children {
		r.boundDigits(kid, column)
	}
}

func isTooLong(num string) bool {
	return len(strings.Trim(num, "-")) > 4300 && !strings.ContainsAny(num, ".eE")
}

// columnOf matches the column of a path.
var columnOf = regexp.MustCompile(`^[^.\[]*`)

// unordered returns what the reference shows of nulled values: no order, only
// the column of a value that is too large, and nothing of what is too deep.
func unordered(nulled []conform.Nulled) (all []conform.Nulled) {
	for _, n := range nulled {
		if n.Reason == conform.TooLarge {
			n.Field = n.Column
		}
		if n.Reason != conform.TooDeep {
			all = append(all, n)
		}
	}
	slices.SortFunc(all, func(a, b conform.Nulled) int { return strings.Compare(fmt.Sprint(a), fmt.Sprint(b)) })
	return slices.Compact(all)
}

// keepUnfit keeps a value that does not fit its schema, if members of it cannot
// be hidden. It reports whether that is all that needs to be done.
func (r *reference) keepUnfit(schema, t *tree, field string) bool {
	if !r.keeps || r.hides(schema, strings.Split(field, ".")) {
		return false
	}
	r.kept.add(strings.Join(r.path, ""), t)
	return allows(schema, "object") && schema.get("properties") == nil && !isTimestamp(schema)
}

// hides reports whether members of a schema are deselected.
func (r *reference) hides(schema *tree, path []string) bool {
	if strings.Contains(path[len(path)-1], "[]") {
		return false
	}
	if props := schema.get("properties"); props != nil {
		for i, name := range props.names {
			below := append(slices.Clone(path), name)
			if !r.keep(below) || r.hides(props.children[i], below) {
				return true
			}
		}
	}
	return false
}

// addKept adds what does not fit to the column for it.
func (r *reference) addKept(t *tree) {
	if len(r.kept.names) == 0 {
		return
	}
	column := t.get(conform.Unrecognized)
	if column == nil {
		column = &tree{kind: '{'}
		t.add(conform.Unrecognized, column)
	}
	for i, name := range r.kept.names {
		for column.get(name) != nil {
			name += "_"
		}
		column.add(name, r.kept.children[i])
	}
}

func (r *reference) conform(schema, t *tree, column, field string) *tree {
	switch t.kind {
	case 'n':
		return t
	case '{':
		if allows(schema, "object") {
			if closed(schema) {
				for i := len(t.names) - 1; i >= 0; i-- {
					if schema.get("properties").get(t.names[i]) == nil {
						t.remove(i)
					}
				}
			}
			r.conformMembers(schema, t, column, field)
			return t
		}
	case '[':
		if allows(schema, "array") {
			if items := schema.get("items"); items != nil {
				outer := r.path
				for i := range t.children {
					r.path = append(slices.Clone(outer), fmt.Sprintf("[%d]", i))
					t.children[i] = r.conform(items, t.children[i], column, field+"[]")
				}
				r.path = outer
			}
			return t
		}
	case '"':
		text := content(t.spelling)
		if isTimestamp(schema) {
			if at, ok := plainTimestamp(text); ok {
				return &tree{kind: '"', spelling: quote(at.Format("2006-01-02T15:04:05.000000Z"))}
			}
			if with := convert(schema, text); with != nil {
				return with
			}
			break
		}
		if allows(schema, "string") {
			return t
		}
		if with := convert(schema, text); with != nil {
			return with
		}
	case 't', 'f':
		if allows(schema, "boolean") {
			return t
		}
		if with := convert(schema, t.spelling); with != nil {
			return with
		}
	case '0':
		if allows(schema, "number") || allows(schema, "integer") && inBounds(schema, t.spelling) && !strings.ContainsAny(t.spelling, ".eE") {
			return t
		}
		if with := convert(schema, t.spelling); with != nil {
			return with
		}
	}
	reason := conform.BadType
	if isTimestamp(schema) {
		reason = conform.BadTimestamp
	}
	if freeForm := r.keepUnfit(schema, t, field); !freeForm {
		r.nullify(column, field, reason)
	}
	return nullTree()
}

func (r *reference) nullify(column, field string, reason conform.Reason) {
	if c := (conform.Nulled{Column: column, Field: field, Reason: reason}); !slices.Contains(r.nulled, c) {
		r.nulled = append(r.nulled, c)
	}
}

var numberGrammar = regexp.MustCompile(`^-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?$`)

// convert returns a scalar as the first type that it certainly stands for.
func convert(schema *tree, text string) *tree {
	for _, name := range typesOf(schema) {
		switch {
		case name == "string" && !isTimestamp(schema):
			return &tree{kind: '"', spelling: quote(text)}
		case name == "boolean" && (text == "true" || text == "false"):
			return &tree{kind: jsontext.Kind(text[0]), spelling: text}
		case name == "number" && numberGrammar.MatchString(text) && !isTooLong(text):
			return &tree{kind: '0', spelling: text}
		case name == "integer" && numberGrammar.MatchString(text):
			if i, ok := wholeNumber(text); ok && inBounds(schema, i) {
				return &tree{kind: '0', spelling: i}
			}
		}
	}
	return nil
}

// wholeNumber computes the value exactly, unless it is extremely large or small.
func wholeNumber(num string) (string, bool) {
	mantissa, exponent, _ := strings.Cut(strings.ToLower(num), "e")
	if strings.Trim(mantissa, "-0.") == "" {
		return "0", true
	}
	if e, err := strconv.Atoi(exponent); exponent != "" && (err != nil || e > 9999 || e < -9999) {
		return "", false
	}
	v, ok := new(big.Rat).SetString(num)
	if !ok || !v.IsInt() || len(strings.Trim(v.Num().String(), "-")) > 64 {
		return "", false
	}
	return v.Num().String(), true
}

func inBounds(schema *tree, num string) bool {
	low, high := schema.get("minimum"), schema.get("maximum")
	if low == nil || high == nil {
		return true
	}
	v, ok := new(big.Int).SetString(num, 10)
	if !ok {
		return false
	}
	limit := func(t *tree) *big.Int {
		f, _, err := big.ParseFloat(t.spelling, 10, 200, big.ToZero)
		if err != nil {
			panic(err)
		}
		i, _ := f.Int(nil)
		return i
	}
	return v.IsInt64() && v.Cmp(limit(low)) >= 0 && v.Cmp(limit(high)) <= 0
}

var timestampGrammar = regexp.MustCompile(`^\d{4}-\d\d-\d\d([Tt ]\d\d:\d\d(:\d\d(\.\d+)?)?([Zz]|[+-]([01]\d|2[0-3])(:?[0-5]\d)?)?)?$`)

// plainTimestamp tries one layout after the other.
func plainTimestamp(s string) (time.Time, bool) {
	if !timestampGrammar.MatchString(s) {
		return time.Time{}, false
	}
	s = strings.NewReplacer("t", "T", " ", "T", "z", "Z").Replace(s)
	for _, layout := range []string{"2006-01-02", "2006-01-02T15:04", "2006-01-02T15:04Z07:00", "2006-01-02T15:04Z0700", "2006-01-02T15:04Z07", "2006-01-02T15:04:05", "2006-01-02T15:04:05Z07:00", "2006-01-02T15:04:05Z0700", "2006-01-02T15:04:05Z07"} {
		if at, err := time.Parse(layout, s); err == nil {
			at = at.UTC()
			return at, at.Year() >= 1 && at.Year() <= 9999
		}
	}
	return time.Time{}, false
}

// limit nullifies columns that are too large.
func (r *reference) limit(root, t *tree) {
	for i, name := range t.names {
		if len(t.children[i].encode()) > conform.MaxField && allows(root.get("properties").get(name), "null") {
			t.children[i] = nullTree()
			r.nulled = slices.DeleteFunc(r.nulled, func(c conform.Nulled) bool { return c.Column == name })
			r.nullify(name, name, conform.TooLarge)
		}
	}
}

// addAbsent adds null for the columns that the record lacks. The column for
// undeclared fields is in its place among them.
func (r *reference) addAbsent(root, t *tree) {
	props := root.get("properties")
	if props == nil {
		return
	}
	unrecognized := nullTree()
	if i := slices.Index(t.names, conform.Unrecognized); i >= 0 && r.hasUnrecognizedColumn(root) {
		unrecognized = t.children[i]
		t.remove(i)
	}
	for _, name := range props.names {
		switch {
		case slices.Contains(t.names, name) || !r.keep([]string{name}):
		case name == conform.Unrecognized:
			t.add(name, unrecognized)
		default:
			t.add(name, nullTree())
		}
	}
}
