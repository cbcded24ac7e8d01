package cli

import (
	"context"
	"os"
)

// lockDirectory returns nil: there is no lock on a directory.
func lockDirectory(context.Context, string) (*os.File, error) { return nil, nil }
