package cli

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"
	"sync"

	"github.com/urfave/cli/v2"

	"source-gorgias/connector"
	"source-gorgias/connector/config"
)

// readConfig reads a configuration from a file, or from a URI in its place.
func readConfig(path string) ([]byte, error) {
	if config.IsURI(path) {
		return config.ParseURI(path)
	}
	return readFile("config", path)
}

// flagFile reads the file that a flag names; nil if the flag is not set.
func flagFile(c *cli.Context, flag string) ([]byte, error) {
	if path := c.String(flag); path != "" {
		return readFile(flag, path)
	}
	return nil, nil
}

// readFile reads an input file. Its errors do not contain the path, because
// users give secrets in its place by mistake.
func readFile(flag, path string) ([]byte, error) {
	raw, err := os.ReadFile(path)
	if err == nil {
		return bytes.TrimPrefix(raw, []byte("\ufeff")), nil
	}
	err = withoutPath(err)
	remedy := ""
	switch info, _ := os.Stat(path); {
	case path == "":
		remedy = "; its name is empty"
	case strings.HasPrefix(strings.TrimSpace(path), "{"):
		return nil, connector.NewInputError("--%s: expected the name of a file, got its content; write the content to a file and give its name", flag)
	case flag == "config" && strings.Contains(path, "://"):
		return nil, connector.NewInputError("--config: expected the name of a file, or a URI that begins with gorgias://")
	case info != nil && info.IsDir():
		remedy = "; expected a file"
	case errors.Is(err, fs.ErrNotExist):
		remedy = "; a name that does not begin with / is relative to the working directory"
	case errors.Is(err, fs.ErrPermission):
		remedy = fmt.Sprintf("; the program runs as user %d, which needs permission to read it", os.Getuid())
	}
	return nil, connector.NewInputError("the %s file cannot be read: %v%s", flag, err, remedy)
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
