package sandbox

import (
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// A paramCheck returns why the values of a parameter are invalid; "" if they
// are valid.
type paramCheck func(values []string) string

// singleValue returns the check of a parameter that has one value.
func singleValue(check func(string) string) paramCheck {
	return func(values []string) string {
		if len(values) != 1 {
			return "Not a single value."
		}
		return check(values[0])
	}
}

// multiValue returns the check of a parameter that has up to n values.
func multiValue(n int, check func(string) string) paramCheck {
	return func(values []string) string {
		if len(values) > n {
			return fmt.Sprintf("Longer than %d.", n)
		}
		for _, v := range values {
			if reason := check(v); reason != "" {
				return reason
			}
		}
		return ""
	}
}

func checkNumber(v string) string {
	if n, err := strconv.ParseInt(v, 10, 64); err != nil || n < 1 {
		return "Not a valid integer."
	}
	return ""
}

func checkText(v string) string {
	if v == "" {
		return "Shorter than minimum length 1."
	}
	return ""
}

func checkDatetime(v string) string {
	if _, ok := parseTimestamp(v); !ok {
		return "Not a valid datetime."
	}
	return ""
}

func checkOneOf(allowed ...string) func(string) string {
	return func(v string) string {
		if slices.Contains(allowed, v) {
			return ""
		}
		return "Must be one of: " + strings.Join(allowed, ", ") + "."
	}
}

var (
	numberParam   = singleValue(checkNumber)
	textParam     = singleValue(checkText)
	datetimeParam = singleValue(checkDatetime)
	boolParam     = oneOf("true", "false")
)

func oneOf(allowed ...string) paramCheck { return singleValue(checkOneOf(allowed...)) }

// limitParam returns the check of a page size of up to n.
func limitParam(n int) paramCheck {
	return func(values []string) string {
		if reason := numberParam(values); reason != "" {
			return reason
		}
		if limit, err := strconv.Atoi(values[0]); err != nil || limit > n {
			return fmt.Sprintf("Must be between 1 and %d.", n)
		}
		return ""
	}
}

// limitOf returns the requested page size, which must have been checked.
func limitOf(values url.Values, defaultLimit int) int {
	if !values.Has("limit") {
		return defaultLimit
	}
	n, _ := strconv.Atoi(values.Get("limit")) // checked
	return n
}

// checkParams returns an error for the first parameter that is unknown or
// invalid; nil if there is none.
func checkParams(values url.Values, params map[string]paramCheck) *badRequest {
	for _, name := range sortedNames(values) {
		check, known := params[name]
		if !known {
			return newBadRequest(name, "Unknown field.")
		}
		if reason := check(values[name]); reason != "" {
			return newBadRequest(name, reason)
		}
	}
	return nil
}

func sortedNames(v url.Values) []string {
	var names []string
	for name := range v {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}
