package schemas

import "time"

// A View is a saved list of tickets or customers.
type View struct {
	// View id.
	ID int64 `json:"id"`
	// `system` or `user`.
	Category *string `json:"category"`
	// When it was created.
	CreatedDatetime *time.Time `json:"created_datetime"`
	// When it was deactivated; null while it is in use.
	DeactivatedDatetime *time.Time `json:"deactivated_datetime"`
	// Appearance: null, or with an `emoji`.
	Decoration Object `json:"decoration"`
	// Columns that it shows, such as `details`, `tags` or `updated`. Open set.
	Fields []string `json:"fields"`
	// Condition for its rows, in a language like JavaScript; empty for all rows.
	Filters *string `json:"filters"`
	// The filters as an ESTree syntax tree. It can be tens of kilobytes.
	FiltersAST Object `json:"filters_ast"`
	// Display name.
	Name *string `json:"name"`
	// Field by which it is sorted.
	OrderBy *string `json:"order_by"`
	// `asc` or `desc`.
	OrderDir *string `json:"order_dir"`
	// Text that it searches for; null if none.
	Search *string `json:"search"`
	// Id of the section that contains it; null if none.
	SectionID *int64 `json:"section_id"`
	// Teams that the view is shared with.
	SharedWithTeams []ShortTeam `json:"shared_with_teams"`
	// Users that the view is shared with.
	SharedWithUsers []Viewer `json:"shared_with_users"`
	// Name in URLs.
	Slug *string `json:"slug"`
	// Kind of rows: `ticket-list` or `customer-list`.
	Type *string `json:"type"`
	// Path of the view relative to the account's URL.
	URI *string `json:"uri"`
	// Visibility: `public`, `shared` or `private`.
	Visibility *string `json:"visibility"`
	Unrecognized
}

// A Viewer is a user that a view is shared with.
type Viewer struct {
	// User id.
	ID *int64 `json:"id"`
	// Full name.
	Name *string `json:"name"`
	// Free-form data about the user.
	Meta Object `json:"meta"`
}

// A ViewItem is a row of a view: a ticket or, in a customer list, a customer.
// Columns that only the other kind has are null.
type ViewItem struct {
	// Id of the view, added by the connector.
	ViewID int64 `json:"view_id"`
	TicketRow
	// Customers only: whether the customer is active.
	Active *bool `json:"active"`
	// Customers only: main e-mail address.
	Email *string `json:"email"`
	// Customers only: full name, or a substitute such as a phone number.
	Name *string `json:"name"`
	// Customers only: first name; empty when unknown.
	Firstname *string `json:"firstname"`
	// Customers only: last name; empty when unknown.
	Lastname *string `json:"lastname"`
	// Customers only: time zone as an IANA name.
	Timezone *string `json:"timezone"`
	// Customers only: free-form data, set through the API.
	Data Object `json:"data"`
	// Customers only: note of the users about the customer.
	Note *string `json:"note"`
	// Customers only: addresses that the customer writes from.
	Channels []CustomerChannel `json:"channels"`
	Unrecognized
}
