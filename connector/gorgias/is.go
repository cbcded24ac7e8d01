package gorgias

import "errors"

// Is reports whether err is an [*Error] of a kind.
func Is(err error, kind Kind) bool {
	var e *Error
	return errors.As(err, &e) && e.Kind == kind
}

// MergedInto reports whether err says that an object was merged into another
// one, and returns the id of that.
func MergedInto(err error) (merged bool, id int64) {
	var e *Error
	if errors.As(err, &e) && e.Kind == Merged {
		return true, e.MergedInto
	}
	return false, 0
}
