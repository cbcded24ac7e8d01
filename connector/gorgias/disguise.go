package gorgias

import (
	"encoding/base64"
	"net/http"
	"regexp"
	"strings"
	"unicode"
)

var (
	quotedPattern   = regexp.MustCompile("^(\".*\"|'.*'|`.*`|“.*”|‘.*’|«.*»)$")
	variablePattern = regexp.MustCompile(`^(\$\w+|\$\{.*\}|\$\(.*\)|%\w+%|\{\{.*\}\}|\{\w+\})$`)
	markedPattern   = regexp.MustCompile(`^(<.*>|\[.*\])$`)
	hiddenPattern   = regexp.MustCompile(`[*•●∙·…]{3}|^[xX.*•●]{3,}$`)
	schemePattern   = regexp.MustCompile(`(?i)^(authorization:|basic|bearer|token)\s`)
)

// disguise says in what form a credential seems to be given instead of itself;
// "" if it looks like one. It contains nothing of the value.
func disguise(name, value string) string {
	shape := ""
	switch trimmed := strings.TrimFunc(value, isInvisible); {
	case schemePattern.MatchString(trimmed):
		shape = "begins with the name of a scheme, such as Basic or Bearer: leave that out"
	case quotedPattern.MatchString(trimmed):
		shape = "is in quotation marks: leave them out"
	case variablePattern.MatchString(trimmed):
		shape = "looks like the name of a variable that was not replaced by its value"
	case markedPattern.MatchString(trimmed):
		shape = "looks like a placeholder in brackets: put the value there"
	case hiddenPattern.MatchString(trimmed):
		shape = "looks like one whose characters are concealed: copy the value itself"
	case isPair(trimmed), isPair(fromBase64(trimmed)):
		shape = "seems to contain an email address and the key: give the key alone, not encoded"
	case strings.ContainsFunc(value, isInvisible):
		shape = "contains white space or invisible characters: copy it without them"
	default:
		return ""
	}
	return "The " + name + " " + shape
}

func isInvisible(r rune) bool {
	return unicode.IsSpace(r) || unicode.IsControl(r) || unicode.In(r, unicode.Cf, unicode.Zl, unicode.Zp) || r == '\u3164' || r == '\u2800'
}

// isPair reports whether a text is an email address and something behind a colon.
func isPair(text string) bool {
	user, key, ok := strings.Cut(text, ":")
	return ok && key != "" && strings.Contains(user, "@") && !strings.ContainsFunc(user, isInvisible)
}

// fromBase64 decodes a text of either alphabet, with padding or without.
func fromBase64(text string) string {
	text = strings.NewReplacer("-", "+", "_", "/").Replace(strings.TrimRight(text, "="))
	decoded, _ := base64.RawStdEncoding.DecodeString(text)
	return string(decoded)
}

// disguised is disguise of what a request was authorized with.
func disguised(r *http.Request) string {
	if _, key, ok := r.BasicAuth(); ok {
		return disguise("API key", key)
	}
	token, _ := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	return disguise("access token", token)
}
