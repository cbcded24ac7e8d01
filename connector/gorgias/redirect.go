package gorgias

import (
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"strings"
)

// errTrailingSlash is a redirect to the same path with or without a trailing slash.
var errTrailingSlash = errors.New("redirected to the same path with or without a trailing slash")

// redirectError returns what a redirect means: errTrailingSlash or an [*Error].
// Only a 301 to another object of the same kind says that an object
// was merged; the API sends it without a body.
func redirectError(res *http.Response, from *url.URL) error {
	location := res.Header.Get("Location")
	to, err := from.Parse(location)
	if location == "" || err != nil {
		return unproven(res.StatusCode, "redirected without a valid Location")
	}
	if hostOf(to) != hostOf(from) { // a gateway may know another scheme; ours is kept
		return unproven(res.StatusCode, "redirected to another host, "+to.Host)
	}
	if to.Path != from.Path && strings.TrimSuffix(to.Path, "/") == strings.TrimSuffix(from.Path, "/") {
		return errTrailingSlash
	}
	if id, ok := mergedInto(from.Path, to.Path); ok && res.StatusCode == http.StatusMovedPermanently { //rule:redirect-names-the-same-kind
		return &Error{Status: res.StatusCode, Kind: Merged, MergedInto: id, Message: "merged into " + strconv.FormatInt(id, 10)}
	}
	return unproven(res.StatusCode, "redirected to another path")
}

// hostOf returns the host of a URL, without its scheme's default port.
func hostOf(u *url.URL) string {
	host := strings.ToLower(u.Host)
	switch u.Scheme {
	case "https":
		host = strings.TrimSuffix(host, ":443")
	case "http":
		host = strings.TrimSuffix(host, ":80")
	}
	return host
}

// mergedInto returns the id in one path where the other path has another id. What
// follows the id may be missing: /api/customers/1/custom-fields redirects to
// /api/customers/2/custom-fields or /api/customers/2.
func mergedInto(from, to string) (id int64, ok bool) {
	a, b := strings.Split(strings.Trim(from, "/"), "/"), strings.Split(strings.Trim(to, "/"), "/")
	for i := range min(len(a), len(b)) {
		if a[i] == b[i] {
			continue
		}
		_, err1 := strconv.ParseInt(a[i], 10, 64)
		id, err2 := strconv.ParseInt(b[i], 10, 64)
		tail := strings.Join(b[i+1:], "/")
		return id, err1 == nil && err2 == nil && id > 0 && (tail == "" || tail == strings.Join(a[i+1:], "/"))
	}
	return 0, false
}
