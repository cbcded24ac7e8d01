package schemas

import "time"

// Account is the helpdesk account itself, a single record.
type Account struct {
	// Subdomain of the account, the first part of its URL.
	Domain string `json:"domain"`
	// When the account was created.
	CreatedDatetime *time.Time `json:"created_datetime"`
	// When the account was deactivated; null while it is active.
	DeactivatedDatetime *time.Time `json:"deactivated_datetime"`
	// Subscription of the account.
	CurrentSubscription *Subscription `json:"current_subscription"`
	// Free-form data about the account, such as `company_domain`.
	Meta Object `json:"meta"`
	// Settings of the account, the same as in the stream account_settings.
	Settings []Setting `json:"settings"`
	// State of the account.
	Status *AccountStatus `json:"status"`
	Unrecognized
}

// A Subscription is the plan that an account pays for.
type Subscription struct {
	// Name of the plan, if any.
	Plan *string `json:"plan"`
	// State of the subscription, such as `active`. Open set.
	Status *string `json:"status"`
	// When the subscription began.
	StartDatetime *time.Time `json:"start_datetime"`
	// When the trial began.
	TrialStartDatetime *time.Time `json:"trial_start_datetime"`
	// When the trial ends or ended.
	TrialEndDatetime *time.Time `json:"trial_end_datetime"`
}

// An AccountStatus is the state of an account.
type AccountStatus struct {
	// `active` or another value. Open set.
	Status *string `json:"status"`
}

// A Setting is one setting within the record of the account.
type Setting struct {
	// Setting id.
	ID *int64 `json:"id"`
	// Kind of setting, such as `business-hours`. Open set.
	Type *string `json:"type"`
	// Value of the setting; the keys depend on the type.
	Data Object `json:"data"`
}

// An AccountSetting is one setting of the account, such as its business hours.
type AccountSetting struct {
	// Setting id.
	ID int64 `json:"id"`
	// Kind of setting: `satisfaction-surveys`, `business-hours`, `ticket-assignment`, `views-ordering`, `access`, `views-visibility`, `auto-merge`, `auto-split`, `default-integration` and others. Open set.
	Type *string `json:"type"`
	// Name of the setting. Assumed: some newer settings may have one.
	Name *string `json:"name"`
	// Value of the setting; the keys depend on the type.
	Data Object `json:"data"`
	Unrecognized
}
