package schemas

// An Object is a JSON object with any keys.
type Object map[string]any

// Unrecognized is the last part of every record, so that nothing the API sends is
// lost.
type Unrecognized struct {
	// Fields that the API sent and this version does not declare, by name, and values that fit no declared type, by their path, such as `tags[0].name`; null if there are none.
	UnrecognizedFields Object `json:"unrecognized_fields"`
}

// A Person is the short form of a user or customer.
type Person struct {
	// User or customer id.
	ID *int64 `json:"id"`
	// E-mail address; null for customers without one.
	Email *string `json:"email"`
	// Full name, or a substitute such as a phone number.
	Name *string `json:"name"`
	// First name; empty when unknown.
	Firstname *string `json:"firstname"`
	// Last name; empty when unknown.
	Lastname *string `json:"lastname"`
	// Free-form data about the person.
	Meta Object `json:"meta"`
}

// An Assignee is the short form of the user a ticket is assigned to.
type Assignee struct {
	Person
	// Text of the user about themselves.
	Bio *string `json:"bio"`
}

// An Address is a sender or recipient of a message.
type Address struct {
	// Name of the sender or recipient.
	Name *string `json:"name"`
	// E-mail address, phone number or an id of the channel's own.
	Address *string `json:"address"`
}

// A ShortTag is the short form of a tag in a ticket.
type ShortTag struct {
	// Tag id.
	ID *int64 `json:"id"`
	// Display name.
	Name *string `json:"name"`
	// Appearance: empty, or with a `color`.
	Decoration Object `json:"decoration"`
	// Path of the tag. Only in older responses.
	URI *string `json:"uri"`
}

// A ShortTeam is the short form of a team in a ticket or view.
type ShortTeam struct {
	// Team id.
	ID *int64 `json:"id"`
	// Display name.
	Name *string `json:"name"`
	// Appearance: empty, or with an `emoji`, itself an object or a string.
	Decoration Object `json:"decoration"`
}

// A UserID is a reference to a user.
type UserID struct {
	// User id.
	ID *int64 `json:"id"`
}
