package schemas

import "time"

// A User is somebody who works in the helpdesk, a person or a bot.
type User struct {
	// User id.
	ID int64 `json:"id"`
	// Whether the user is active.
	Active *bool `json:"active"`
	// What the user wrote about themselves.
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
	// Whether a second factor is on.
	Has2FAEnabled *bool `json:"has_2fa_enabled"`
	// Language of the user's screen as an ISO 639-1 code: `en`, `fr`.
	Language *string `json:"language"`
	// Free-form data, such as `profile_picture_url` or `sso`.
	Meta Object `json:"meta"`
	// What the user may do.
	Role *Role `json:"role"`
	// Time zone as an IANA name.
	Timezone *string `json:"timezone"`
	// Id of the app the user stands for; null for people.
	ClientID *string `json:"client_id"`
	// Whole address of the user, unlike the paths of other records.
	URI *string `json:"uri"`
	Rest
}

// A Role is what a user may do.
type Role struct {
	// `admin`, `agent`, `basic-agent`, `lite-agent`, `observer-agent`, `bot` or `internal-agent`. Open set.
	Name *string `json:"name"`
}

// A Team is a group of users that tickets are assigned to. It has no modified
// stamp: a change of members shows only by comparison.
type Team struct {
	// Team id.
	ID int64 `json:"id"`
	// Path of the team below the account's address.
	URI *string `json:"uri"`
	// What people see.
	Name *string `json:"name"`
	// What it is for.
	Description *string `json:"description"`
	// Looks: empty, or with an `emoji`, itself an object or a string.
	Decoration Object `json:"decoration"`
	// Users in the team.
	Members []Member `json:"members"`
	// When it was created.
	CreatedDatetime *time.Time `json:"created_datetime"`
	Rest
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
