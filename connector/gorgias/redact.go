package gorgias

import (
	"bytes"
	"html"
	"slices"
	"strconv"
	"strings"
	"sync"
	"unicode/utf16"
	"unicode/utf8"
)

const (
	// MinSecret is the length from which on a secret is redacted, without white
	// space and plus signs: a shorter one would be found in ordinary words.
	MinSecret = 4
	// piece is the length from which on a part of a secret is redacted.
	piece = 12
	// redacted replaces a secret.
	redacted = "****"
)

// A Redactor removes secrets from texts, as they are and encoded: escaped for
// URLs, HTML or JSON, in whole or in part, in hexadecimal digits, in Base64 at any
// offset, and in two of these at once. Upper and lower case, white space and line
// breaks make no difference, and a part of 12 characters counts as the whole. The
// zero value knows no secret. It is safe for concurrent use.
type Redactor struct {
	mu    sync.RWMutex
	parts map[string]bool // of the secrets, normalized
	sizes []int           // of the parts
}

// Add adds secrets. Those of fewer than [MinSecret] characters are ignored.
func (r *Redactor) Add(secrets ...string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, secret := range secrets {
		// A part of the secret as it is can have fewer characters once it is normalized.
		for _, text := range []string{secret, normalize(secret)} {
			for end := min(piece, len(text)); end <= len(text); end++ {
				r.add(normalize(text[max(0, end-piece):end]))
			}
		}
	}
}

// AddWhole adds a text of which parts are no secret: an email address has a
// domain.
func (r *Redactor) AddWhole(text string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.add(normalize(text))
}

// add adds a normalized text.
func (r *Redactor) add(part string) {
	if len(part) < MinSecret { //rule:short-secrets-are-not-redacted
		return
	}
	if r.parts == nil {
		r.parts = map[string]bool{}
	}
	r.parts[part] = true
	if !slices.Contains(r.sizes, len(part)) {
		r.sizes = append(r.sizes, len(part))
	}
}

// Redact returns a text without the secrets.
func (r *Redactor) Redact(text string) string {
	r.mu.RLock()
	defer r.mu.RUnlock()
	if len(r.parts) == 0 {
		return text
	}
	var found []span
	for v := range newView(text).withoutSpace().decodings() {
		found = append(found, r.find(v)...)
	}
	return replace(text, found)
}

// find returns where parts of secrets are in a view.
func (r *Redactor) find(v *view) (found []span) {
	v = v.normalized()
	for _, n := range r.sizes {
		for i := 0; i+n <= len(v.text); i++ {
			if r.parts[string(v.text[i:i+n])] {
				found = append(found, span{v.at[i].from, v.at[i+n-1].to})
			}
		}
	}
	return found
}

// replace replaces spans of a text, which may overlap.
func replace(text string, spans []span) string {
	slices.SortFunc(spans, func(a, b span) int { return a.from - b.from })
	var b strings.Builder
	done := 0
	for i := 0; i < len(spans); {
		from, to := spans[i].from, spans[i].to
		for i++; i < len(spans) && spans[i].from <= to; i++ {
			to = max(to, spans[i].to)
		}
		for from > done && !utf8.RuneStart(text[from]) {
			from--
		}
		for to < len(text) && (!utf8.RuneStart(text[to]) || text[to] == '=') { // the padding of Base64
			to++
		}
		b.WriteString(text[done:max(done, from)])
		b.WriteString(redacted)
		done = to
	}
	b.WriteString(text[done:])
	return b.String()
}

// A span is a part of the text that is redacted.
type span struct{ from, to int }

// A view is a text, or what it is decoded to. Each byte knows the span from which
// it was decoded.
type view struct {
	text []byte
	at   []span
}

func newView(text string) *view {
	v := &view{[]byte(text), make([]span, len(text))}
	for i := range v.at {
		v.at[i] = span{i, i + 1}
	}
	return v
}

// add adds bytes that were decoded from those of another view.
func (v *view) add(decoded string, of *view, from, to int) {
	for i := range len(decoded) {
		v.text = append(v.text, decoded[i])
		v.at = append(v.at, span{of.at[from].from, of.at[to-1].to})
	}
}

func normalize(text string) string { return string(newView(text).normalized().text) }

// normalized returns a view in lower case and without white space: also without
// plus signs, which are white space in a URL.
func (v *view) normalized() *view {
	out := &view{make([]byte, 0, len(v.text)), make([]span, 0, len(v.text))}
	for i, c := range v.text {
		if isSpace(c) || c == '+' {
			continue
		}
		if 'A' <= c && c <= 'Z' {
			c += 'a' - 'A'
		}
		out.text, out.at = append(out.text, c), append(out.at, v.at[i])
	}
	return out
}

func isSpace(c byte) bool { return c <= ' ' || c == 0x7f }

// withoutSpace returns a view without white space, which may break an escape.
func (v *view) withoutSpace() *view {
	out := &view{make([]byte, 0, len(v.text)), make([]span, 0, len(v.text))}
	for i, c := range v.text {
		if !isSpace(c) { //rule:white-space-is-ignored
			out.text, out.at = append(out.text, c), append(out.at, v.at[i])
		}
	}
	return out
}

// decodings yields a view, what it is decoded to by each encoding, and what those
// are decoded to.
func (v *view) decodings() func(yield func(*view) bool) {
	return func(yield func(*view) bool) {
		if !yield(v) {
			return
		}
		for _, once := range v.decode() {
			if !yield(once) {
				return
			}
			for _, twice := range once.decode() { //rule:double-encodings-are-redacted
				if !yield(twice) {
					return
				}
			}
		}
	}
}

// decode returns what a view is decoded to, for each encoding that it has.
func (v *view) decode() (all []*view) {
	for _, e := range []struct {
		mark     byte
		unescape func(text []byte) (decoded string, size int)
	}{
		{'%', unescapeURL},
		{'&', unescapeHTML},
		{'\\', unescapeJSON},
	} {
		if bytes.IndexByte(v.text, e.mark) >= 0 {
			all = append(all, v.unescape(e.mark, e.unescape))
		}
	}
	for skip := range 2 { //rule:hex-is-redacted
		all = append(all, v.unpack(4, skip, &hexDigits))
	}
	for skip := range 4 { //rule:base64-is-redacted
		all = append(all, v.unpack(6, skip, &base64Digits))
	}
	return slices.DeleteFunc(all, func(v *view) bool { return len(v.text) < MinSecret })
}

// unescape decodes the escapes that begin with a mark.
func (v *view) unescape(mark byte, decode func(text []byte) (string, int)) *view {
	out := &view{}
	for i := 0; i < len(v.text); {
		decoded, size := string(v.text[i:i+1]), 1
		if v.text[i] == mark {
			if d, n := decode(v.text[i:]); n > 0 {
				decoded, size = d, n
			}
		}
		out.add(decoded, v, i, i+size)
		i += size
	}
	return out
}

func unescapeURL(text []byte) (string, int) {
	if len(text) < 3 {
		return "", 0
	}
	c, err := strconv.ParseUint(string(text[1:3]), 16, 8)
	if err != nil {
		return "", 0
	}
	return string([]byte{byte(c)}), 3
}

// unescapeHTML decodes a character reference: &amp; &#38; &#x26;
func unescapeHTML(text []byte) (string, int) {
	n := 1
	for n < min(len(text), 34) && (text[n] == '#' || isWord(text[n])) {
		n++
	}
	if n < len(text) && text[n] == ';' {
		n++
	}
	escaped := string(text[:n])
	if decoded := html.UnescapeString(escaped); decoded != escaped {
		return decoded, n
	}
	return "", 0
}

func isWord(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z'
}

// unescapeJSON decodes an escape of JSON, JavaScript or Go.
func unescapeJSON(text []byte) (string, int) {
	if high, ok := codeUnit(text); ok {
		if low, ok := codeUnit(text[6:]); ok && utf16.IsSurrogate(high) {
			return string(utf16.DecodeRune(high, low)), 12
		}
		return string(high), 6
	}
	if len(text) < 2 {
		return "", 0
	}
	head := string(text[:min(len(text), len(`\U0010ffff`))])
	if c, multibyte, rest, err := strconv.UnquoteChar(head, 0); err == nil {
		if !multibyte {
			return string([]byte{byte(c)}), len(head) - len(rest)
		}
		return string(c), len(head) - len(rest)
	}
	return string(text[1:2]), 2
}

// codeUnit decodes \u0041.
func codeUnit(text []byte) (rune, bool) {
	if len(text) < 6 || text[0] != '\\' || text[1] != 'u' {
		return 0, false
	}
	c, err := strconv.ParseUint(string(text[2:6]), 16, 16)
	return rune(c), err == nil
}

// What a character is, if it is no digit.
const (
	gap = -1 // it may stand between digits
	end = -2 // it ends a sequence of digits
)

// unpack decodes sequences of digits of so many bits each, without the first skip
// digits of each sequence: where the first byte begins is not known.
func (v *view) unpack(bits, skip int, digits *[256]int) *view {
	out := &view{}
	var places []int // of the digits from which the next byte is made
	value, left, skipped := 0, 0, 0
	for i, c := range v.text {
		switch d := digits[c]; {
		case d == gap:
		case d == end:
			places, value, left, skipped = nil, 0, 0, 0
			if n := len(out.text); n > 0 && out.text[n-1] != interrupted {
				out.text, out.at = append(out.text, interrupted), append(out.at, v.at[i])
			}
		case skipped < skip:
			skipped++
		default:
			places, value, left = append(places, i), (value<<bits|d)&0xffff, left+bits
			if left < 8 {
				continue
			}
			left -= 8
			out.text, out.at = append(out.text, byte(value>>left)), append(out.at, span{v.at[places[0]].from, v.at[i].to})
			if places = places[:0]; left > 0 { // this digit is also a part of the next byte
				places = append(places, i)
			}
		}
	}
	return out
}

// interrupted stands where a sequence of bytes is interrupted. No text in UTF-8
// contains it.
const interrupted = 0xff

var (
	hexDigits    = digits(" :-", "0123456789abcdef", "0123456789ABCDEF")
	base64Digits = digits(" ", base64Alphabet+"+/", base64Alphabet+"-_") // the second is for URLs
)

const base64Alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"

// digits returns what each character is by some alphabets. White space is a gap.
func digits(gaps string, alphabets ...string) (table [256]int) {
	for c := range table {
		table[c] = end
		if isSpace(byte(c)) || strings.IndexByte(gaps, byte(c)) >= 0 {
			table[c] = gap
		}
	}
	for _, alphabet := range alphabets {
		for i, c := range []byte(alphabet) {
			table[c] = i
		}
	}
	return table
}
