package gorgias

import (
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"html"
	"math/rand/v2"
	"net/url"
	"strings"
	"testing"
	"unicode/utf16"
	"unicode/utf8"
)

// eachByte writes each byte of a text by a format.
func eachByte(format, text string) string {
	var b strings.Builder
	for i := range len(text) {
		fmt.Fprintf(&b, format, text[i])
	}
	return b.String()
}

// eachRune writes each character of a text by a format.
func eachRune(format, text string) string {
	var b strings.Builder
	for _, r := range text {
		fmt.Fprintf(&b, format, r)
	}
	return b.String()
}

// eachUnit writes each UTF-16 code unit of a text by a format.
func eachUnit(format, text string) string {
	var b strings.Builder
	for _, u := range utf16.Encode([]rune(text)) {
		fmt.Fprintf(&b, format, u)
	}
	return b.String()
}

// wrapped breaks a text into lines.
func wrapped(text string) string {
	var b strings.Builder
	for i := range len(text) {
		if i%7 == 6 {
			b.WriteString("\r\n  ")
		}
		b.WriteByte(text[i])
	}
	return b.String()
}

// asciiCase changes the case of the letters between two.
func asciiCase(from, to rune) func(rune) rune {
	return func(r rune) rune {
		if from <= r && r <= to {
			r ^= 'a' ^ 'A'
		}
		return r
	}
}

// inBase64 encodes a text behind n other bytes.
func inBase64(e *base64.Encoding, n int, text string) string {
	return e.EncodeToString([]byte("user:"[:n] + text + " and more"))
}

var textEncodings = map[string]func(text string) string{
	"plain":                 func(s string) string { return s },
	"upper case":            func(s string) string { return strings.Map(asciiCase('a', 'z'), s) },
	"lower case":            func(s string) string { return strings.Map(asciiCase('A', 'Z'), s) },
	"lines":                 wrapped,
	"query":                 url.QueryEscape,
	"path":                  url.PathEscape,
	"percent":               func(s string) string { return eachByte("%%%02X", s) },
	"percent in lower case": func(s string) string { return eachByte("%%%02x", s) },
	"lines of percent":      func(s string) string { return wrapped(eachByte("%%%02X", s)) },
	"hex":                   func(s string) string { return hex.EncodeToString([]byte(s)) },
	"hex in upper case":     func(s string) string { return strings.ToUpper(hex.EncodeToString([]byte(s))) },
	"hex with colons":       func(s string) string { return eachByte("%02x:", s) },
	"hex at an odd digit":   func(s string) string { return "a" + hex.EncodeToString([]byte(s)) },
	"hex escapes":           func(s string) string { return eachByte(`\x%02x`, s) },
	"octal escapes":         func(s string) string { return eachByte(`\%03o`, s) },
	"html":                  html.EscapeString,
	"html decimal":          func(s string) string { return eachRune("&#%d;", s) },
	"html hex":              func(s string) string { return eachRune("&#x%X;", s) },
	"html of zeros":         func(s string) string { return eachRune("&#%07d;", s) },
	"html names":            strings.NewReplacer("+", "&plus;", "/", "&sol;", "é", "&eacute;", "=", "&equals;").Replace,
	"json":                  quoted,
	"json units":            func(s string) string { return eachUnit(`\u%04X`, s) },
	"json in json":          func(s string) string { return quoted(quoted(s)) },
	"go":                    func(s string) string { return fmt.Sprintf("%+q", s) },
	"base64 of percent":     func(s string) string { return base64.StdEncoding.EncodeToString([]byte(url.QueryEscape(s))) },
	"percent of base64":     func(s string) string { return eachByte("%%%02X", base64.StdEncoding.EncodeToString([]byte(s))) },
	"html of json":          func(s string) string { return html.EscapeString(quoted(s)) },
	"base64 of base64": func(s string) string {
		return base64.StdEncoding.EncodeToString([]byte(base64.StdEncoding.EncodeToString([]byte(s))))
	},
	"lines of base64": func(s string) string { return wrapped(base64.StdEncoding.EncodeToString([]byte(s))) },
}

// allEncodings are textEncodings and Base64 of both alphabets, with padding and
// without, at each offset.
func allEncodings() map[string]func(string) string {
	all := map[string]func(string) string{}
	for name, encode := range textEncodings {
		all[name] = encode
	}
	for name, e := range map[string]*base64.Encoding{"std": base64.StdEncoding, "raw std": base64.RawStdEncoding, "url": base64.URLEncoding, "raw url": base64.RawURLEncoding} {
		all["base64 "+name] = func(s string) string { return e.EncodeToString([]byte(s)) }
		for n := range 4 {
			all[fmt.Sprintf("base64 %s at %d", name, n)] = func(s string) string { return inBase64(e, n, s) }
			all[fmt.Sprintf("base64 %s cut at %d", name, n)] = func(s string) string { return inBase64(e, 0, s)[n:] }
		}
	}
	return all
}

// TestRedact encodes random secrets, and parts of them, in every way within
// other text. Nothing of 12 characters is left of them, and the text around them
// is.
func TestRedact(t *testing.T) {
	const letters = "abcXYZ019+/=&%@:.~é\"\\<'_-😀"
	all := allEncodings()
	for seed := range uint64(300) {
		r := rand.New(rand.NewPCG(seed, 1))
		word := func(n int) string {
			var b strings.Builder
			for b.Len() < n {
				b.WriteRune([]rune(letters)[r.IntN(utf8.RuneCountInString(letters))])
			}
			return b.String()
		}
		secret := "k3" + word(r.IntN(40)) + "y0"
		var redactor Redactor
		redactor.Add("another secret", secret, "")
		for name, encode := range all {
			shown := secret
			if runes := []rune(secret); r.IntN(2) == 0 && len(runes) > 16 { // a part
				from := r.IntN(len(runes) - 15)
				shown = string(runes[from : from+16])
			}
			encoded := encode(shown)
			if strings.Contains(name, "cut") && len(shown) < 18 {
				continue // less than 12 characters are left
			}
			got := redactor.Redact("before! {" + encoded + "} (after")
			core := encoded[len(encoded)/4 : len(encoded)*3/4]
			if !strings.HasPrefix(got, "before!") || !strings.HasSuffix(got, "after") || !strings.Contains(got, redacted) || strings.Contains(got, core) {
				t.Errorf("seed %d: %s of %q: %q became %q", seed, name, shown, encoded, got)
			}
		}
	}
}

// TestRedactLeavesText: without a secret a text stays as it is, in any encoding,
// and so it does with secrets that are too short.
func TestRedactLeavesText(t *testing.T) {
	var none, short, long Redactor
	short.Add("", "e", "abc", "é", "a b", "  x  ")
	long.Add("a secret of some length", "correct-horse-battery-staple", "é3f+/x")
	for name, encode := range allEncodings() {
		text := "GET /api/tickets/1: 404 Not Found: " + encode("the letter e, abc and é: a b, x of 2026-01-02T03:04:05Z {}") + " a secret o"
		for _, r := range []*Redactor{&none, &short, &long} {
			if got := r.Redact(text); got != text {
				t.Errorf("%s: %q became %q", name, text, got)
			}
		}
	}
}

func FuzzRedact(f *testing.F) {
	f.Add("a secret+of/mine", "&#x61; secret%2Bof\\u002fmine YSBzZWNyZXQr")
	f.Add("4e4e4e4e", "4e4e4e4e4e%34")
	f.Add("abc"+strings.Repeat("\x19", 9)+"def"+strings.Repeat("\x19", 9), "g")
	f.Fuzz(func(t *testing.T, secret, text string) {
		var r Redactor
		r.Add(secret)
		got := r.Redact(text + secret + text)
		if len(normalize(secret)) >= MinSecret && !strings.Contains(redacted, secret) && strings.Contains(got, secret) {
			t.Errorf("%q in %q", secret, got)
		}
		if utf8.ValidString(text) && utf8.ValidString(secret) && !utf8.ValidString(got) {
			t.Errorf("%q is cut within a character", got)
		}
	})
}

func BenchmarkRedact(b *testing.B) {
	var r Redactor
	r.Add(strings.Repeat("k3y+of/the house", 4), "another secret of the app", "sandbox-key")
	text := "GET /api/tickets/1: 400 Bad Request: " + strings.Repeat("the cursor is invalid & expired, ", 20)
	for b.Loop() {
		r.Redact(text)
	}
	b.SetBytes(int64(len(text)))
}
