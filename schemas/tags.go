package schemas

import "time"

// A Tag is a label that people and rules put on tickets.
type Tag struct {
	// Tag id.
	ID int64 `json:"id"`
	// Looks: empty, or with a `color` such as `#F58D86`.
	Decoration Object `json:"decoration"`
	// What it is for.
	Description *string `json:"description"`
	// What people see. Upper and lower case differ.
	Name *string `json:"name"`
	// Number of tickets that carry it. It changes all the time.
	Usage *int64 `json:"usage"`
	// Path of the tag below the account's address.
	URI *string `json:"uri"`
	// When it was created.
	CreatedDatetime *time.Time `json:"created_datetime"`
	// When it was deleted. Always null so far: deleted tags leave the list.
	DeletedDatetime *time.Time `json:"deleted_datetime"`
	Rest
}
