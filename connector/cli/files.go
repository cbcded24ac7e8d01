package cli

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"regexp"
	"strings"
	"sync"

	"source-gorgias/connector"
	"source-gorgias/connector/config"
)

// readConfig reads a configuration from a file, or from a URI in its place, and
// returns it as JSON, with the values of variables in place of references.
func (a *app) readConfig(path string) ([]byte, error) {
	raw, err := []byte(nil), error(nil)
	if config.IsURI(path) {
		raw, err = config.ParseURI(path)
	} else {
		raw, err = a.readFile("config", path)
	}
	if err != nil {
		return nil, err
	}
	return resolve(raw)
}

// resolve replaces references to variables in a configuration, unless the users
// who write it do not operate the host.
func resolve(raw []byte) ([]byte, error) {
	if inCloud() {
		return config.Resolve(raw, nil) //rule:the-cloud-has-no-variables
	}
	return config.Resolve(raw, os.LookupEnv)
}

// inCloud reports whether the users who configure the connector do not operate
// its host.
func inCloud() bool { return strings.EqualFold(os.Getenv("DEPLOYMENT_MODE"), "cloud") }

// readFile reads an input file, or standard input if the path is "-".
func (a *app) readFile(flag, path string) ([]byte, error) {
	raw, err := []byte(nil), error(nil)
	if path == "-" {
		raw, err = a.readStdin(flag)
	} else if raw, err = os.ReadFile(path); err != nil {
		err = fileError(flag, path, err)
	}
	return bytes.TrimPrefix(raw, []byte("\ufeff")), err
}

// readStdin reads standard input for a flag. It can be read once.
func (a *app) readStdin(flag string) (raw []byte, err error) {
	if a.stdinFor == "the "+flag {
		return a.stdinText, nil
	}
	if a.stdinFor != "" {
		return nil, usageErrorf("--%s: standard input has %s already; give the name of a file", flag, a.stdinFor)
	}
	a.stdinFor = "the " + flag
	raw, err = io.ReadAll(a.stdin)
	a.stdinText = raw
	if err != nil {
		return nil, connector.NewInputError("the %s cannot be read from standard input: %v", flag, err)
	}
	return raw, nil
}

// fileName matches paths that can be shown. Users give secrets in place of a path
// by mistake, but those do not end so.
var fileName = regexp.MustCompile(`^[^{}<>"'\s]{1,200}\.(json|jsonl|ndjson|yaml|yml|txt|env)$`)

// isFileName reports whether a path can be shown.
func isFileName(path string) bool {
	return fileName.MatchString(path) && !strings.Contains(path, "://") //rule:only-file-names-are-shown
}

// fileError describes the error of an input file.
func fileError(flag, path string, err error) error {
	err = withoutPath(err)
	remedy, named, done := "", "", "read"
	if flag == "summary" {
		done = "written"
	}
	if isFileName(path) {
		named = " " + path
	}
	switch info, _ := os.Stat(path); {
	case path == "":
		remedy = "; its name is empty"
	case strings.HasPrefix(strings.TrimSpace(path), "{"):
		return connector.NewInputError("--%s: expected the name of a file, got its content; write the content to a file and give its name, or give - and write it to standard input", flag)
	case flag == "config" && strings.Contains(path, "://"):
		return connector.NewInputError("--config: expected the name of a file, or a URI that begins with gorgias://")
	case info != nil && info.IsDir():
		remedy = "; expected a file"
	case errors.Is(err, fs.ErrNotExist):
		remedy = "; a name that does not begin with / is relative to the working directory"
	case errors.Is(err, fs.ErrPermission):
		remedy = fmt.Sprintf("; the program runs as user %d, which needs permission for it", os.Getuid())
	}
	return connector.NewInputError("the %s file%s cannot be %s: %v%s", flag, named, done, err, remedy)
}

// withoutPath returns the error of a file without the path.
func withoutPath(err error) error {
	var at *fs.PathError
	if errors.As(err, &at) {
		return at.Err
	}
	return err
}

// A lockedWriter is an output that is safe for concurrent writes.
type lockedWriter struct {
	mu  sync.Mutex
	out io.Writer
}

func (w *lockedWriter) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.out.Write(p)
}
