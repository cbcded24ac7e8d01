package schemas

// An Object is a JSON object with arbitrary keys.
type Object map[string]any

// Rest ends every record, so that nothing the API sends is lost.
type Rest struct {
	// Fields the API sent that this version does not declare, by their names; null if there were none.
	UnrecognizedFields Object `json:"unrecognized_fields"`
}

// A Person is the short form of a user or customer.
type Person struct {
	// User or customer id.
	ID *int64 `json:"id"`
	// E-mail address; null for customers who have none.
	Email *string `json:"email"`
	// Full name, or what stands for it, such as a phone number.
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
	// What the user wrote about themselves.
	Bio *string `json:"bio"`
}

// An Address is an end of a conversation.
type Address struct {
	// Name that goes with the address.
	Name *string `json:"name"`
	// E-mail address, phone number or the channel's own id.
	Address *string `json:"address"`
}

// A ShortTag is a tag as tickets carry it.
type ShortTag struct {
	// Tag id.
	ID *int64 `json:"id"`
	// What people see.
	Name *string `json:"name"`
	// Looks: empty, or with a `color`.
	Decoration Object `json:"decoration"`
	// Path of the tag. Only in older answers.
	URI *string `json:"uri"`
}

// A ShortTeam is a team as tickets and views carry it.
type ShortTeam struct {
	// Team id.
	ID *int64 `json:"id"`
	// What people see.
	Name *string `json:"name"`
	// Looks: empty, or with an `emoji`, itself an object or a string.
	Decoration Object `json:"decoration"`
}

// A UserID names a user and nothing more.
type UserID struct {
	// User id.
	ID *int64 `json:"id"`
}
