package schemas

import "time"

// A User is an agent of the helpdesk, a person or a bot.
type User struct {
	// User id.
	ID int64 `json:"id"`
	// Whether the user is active.
	Active *bool `json:"active"`
	// Text of the user about themselves.
	Bio *string `json:"bio"`
	// Country as an ISO 3166-1 alpha-2 code.
	Country *string `json:"country"`
	// When the user was created.
	CreatedDatetime *time.Time `json:"created_datetime"`
	// When the user last changed.
	UpdatedDatetime *time.Time `json:"updated_datetime"`
	// When the user was deactivated; null while active.
	DeactivatedDatetime *time.Time `json:"deactivated_datetime"`
	// E-mail address; a technical one for bots.
	Email *string `json:"email"`
	// Id in another system.
	ExternalID *string `json:"external_id"`
	// First name.
	Firstname *string `json:"firstname"`
	// Last name.
	Lastname *string `json:"lastname"`
	// Full name.
	Name *string `json:"name"`
	// Whether the user logs in with a password.
	HasPassword *bool `json:"has_password"`
	// Whether two-factor authentication is enabled.
	Has2FAEnabled *bool `json:"has_2fa_enabled"`
	// Language of the user interface as an ISO 639-1 code: `en`, `fr`.
	Language *string `json:"language"`
	// Free-form data, such as `profile_picture_url` or `sso`.
	Meta Object `json:"meta"`
	// Role, which determines the permissions of the user.
	Role *Role `json:"role"`
	// Time zone as an IANA name.
	Timezone *string `json:"timezone"`
	// Id of the app that the user represents; null for persons.
	ClientID *string `json:"client_id"`
	// Full URL of the user, unlike the paths of other records.
	URI *string `json:"uri"`
	Unrecognized
}

// A Role determines the permissions of a user.
type Role struct {
	// `admin`, `agent`, `basic-agent`, `lite-agent`, `observer-agent`, `bot` or `internal-agent`. Open set.
	Name *string `json:"name"`
}

// A Team is a group of users to which tickets are assigned. It has no
// updated_datetime: only a comparison shows a change of members.
type Team struct {
	// Team id.
	ID int64 `json:"id"`
	// Path of the team relative to the account's URL.
	URI *string `json:"uri"`
	// Display name.
	Name *string `json:"name"`
	// Purpose of the team.
	Description *string `json:"description"`
	// Appearance: empty, or with an `emoji`, itself an object or a string.
	Decoration Object `json:"decoration"`
	// Users of the team.
	Members []Member `json:"members"`
	// When it was created.
	CreatedDatetime *time.Time `json:"created_datetime"`
	Unrecognized
}

// A Member is a user in a team.
type Member struct {
	// User id.
	ID *int64 `json:"id"`
	// Full name.
	Name *string `json:"name"`
	// E-mail address.
	Email *string `json:"email"`
	// Free-form data about the user.
	Meta Object `json:"meta"`
}
