package schemas

import "time"

// A Tag is a label that users and rules add to tickets.
type Tag struct {
	// Tag id.
	ID int64 `json:"id"`
	// Appearance: empty, or with a `color` such as `#F58D86`.
	Decoration Object `json:"decoration"`
	// Purpose of the tag.
	Description *string `json:"description"`
	// Display name. It is case-sensitive.
	Name *string `json:"name"`
	// Number of tickets with the tag. It changes constantly.
	Usage *int64 `json:"usage"`
	// Path of the tag relative to the account's URL.
	URI *string `json:"uri"`
	// When it was created.
	CreatedDatetime *time.Time `json:"created_datetime"`
	// When it was deleted. Always null so far: the list does not contain deleted tags.
	DeletedDatetime *time.Time `json:"deleted_datetime"`
	Unrecognized
}
