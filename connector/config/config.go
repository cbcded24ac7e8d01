package config

import (
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"source-gorgias/connector/conform"
	"source-gorgias/connector/reports"
	"source-gorgias/connector/stream"
	"source-gorgias/connector/streams"
)

// Config is what a user configures. Its fields, their comments and their tags
// are the specification that both protocols publish.
type Config struct {
	// The part of your helpdesk's address before .gorgias.com.
	Subdomain string `json:"subdomain" jsonschema:"title=Subdomain,example=acme"`

	// How you let this connector in.
	Credentials Credentials `json:"credentials" jsonschema:"title=Credentials"`

	// A first sync reads what you created or changed from this date on: a date or an instant in UTC. One year ago if you leave it empty.
	StartDate string `json:"start_date,omitempty" jsonschema:"title=Start date,format=date-time,example=2026-01-01T00:00:00Z"`

	// Every sync stops at this date: a date (its whole day counts) or an instant in UTC. Leave it empty to read up to the present.
	EndDate string `json:"end_date,omitempty" jsonschema:"title=End date,format=date-time,example=2026-02-01T00:00:00Z"`

	// How many minutes each sync reaches back before the end of the last one. Gorgias can show you a record some time after the instant it carries; what did not change is not sent again.
	Overlap int `json:"overlap,omitempty" jsonschema:"title=Overlap (minutes),minimum=0,maximum=1440,default=10"`

	// How many days a message may still change after it was written: sent, opened, failed. Messages of the last days are looked at again.
	TicketMessagesWindow int `json:"ticket_messages_window,omitempty" jsonschema:"title=Messages change for (days),minimum=0,maximum=366"`

	// How many days a satisfaction survey may still be sent and answered after it was planned.
	SatisfactionSurveysWindow int `json:"satisfaction_surveys_window,omitempty" jsonschema:"title=Surveys change for (days),minimum=0,maximum=366"`

	// How many days a job may run after it was created.
	JobsWindow int `json:"jobs_window,omitempty" jsonschema:"title=Jobs change for (days),minimum=0,maximum=366"`

	// How many days a call may still change after it was made, and be summarised.
	VoiceCallsWindow int `json:"voice_calls_window,omitempty" jsonschema:"title=Calls change for (days),minimum=0,maximum=366"`

	// How many days a recording may still change after it was made: transcribed, deleted.
	VoiceCallRecordingsWindow int `json:"voice_call_recordings_window,omitempty" jsonschema:"title=Recordings change for (days),minimum=0,maximum=366"`

	// Daily reports of Gorgias's own statistics, for the stream statistics. Without any there is no such stream.
	Reports []ReportConfig `json:"reports,omitempty" jsonschema:"title=Reports"`

	// How many days a day of a report may still change after it is over: tickets are closed and surveys answered later. The last days are looked at again.
	StatisticsWindow int `json:"statistics_window,omitempty" jsonschema:"title=Reports change for (days),minimum=0,maximum=366"`

	// How many hours lie at least between two looks at all that may still change. What your account's events tell of is read at once; 0 looks in every sync.
	WindowInterval int `json:"window_interval,omitempty" jsonschema:"title=Look for changes every (hours),minimum=0,maximum=720,default=24"`

	// What you want to learn of deletions: tombstone writes a record that destinations delete by, ignore writes nothing.
	Deletes string `json:"deletes,omitempty" jsonschema:"title=Deletions,enum=tombstone,enum=ignore,default=tombstone"`

	// Fields that never leave this connector, each written as stream.field, such as ticket_messages.body_text or tickets.customer.email. They are left out of the schema too.
	ExcludeFields []string `json:"exclude_fields,omitempty" jsonschema:"title=Fields to leave out"`

	// Fields in whose place a salted SHA-256 is written, each written as stream.field, such as customers.email. Equal values have equal hashes, so that you can still count and join by them.
	HashFields []string `json:"hash_fields,omitempty" jsonschema:"title=Fields to hash"`

	// A text of your own, of at least 16 characters, that is put before each value that is hashed. Nobody who does not know it can find out by trying whose e-mail address a hash stands for. Another salt makes other hashes.
	HashSalt string `json:"hash_salt,omitempty" jsonschema:"title=Salt of the hashes,minLength=16" jsonschema_extras:"airbyte_secret=true"`

	// Whether the credentials for other services that your account keeps, in the HTTP headers and data of its integrations and in the actions of macros, are masked.
	MaskSecrets bool `json:"mask_secrets,omitempty" jsonschema:"title=Mask secrets of other services,default=true"`

	// How many lists are read side by side. They share your account's allowance of requests, so more of them help only while Gorgias answers slowly.
	Concurrency int `json:"concurrency,omitempty" jsonschema:"title=Concurrency,minimum=1,maximum=10,default=4"`

	// The share of your account's allowance of requests that is left to your other integrations, from 0 to 0.9.
	RateLimitReserve float64 `json:"rate_limit_reserve,omitempty" jsonschema:"title=Allowance left to others,minimum=0,maximum=0.9,default=0.1"`

	// Another origin to send requests to, for a proxy or a test account. Leave it empty for Gorgias itself.
	BaseURL string `json:"base_url,omitempty" jsonschema:"title=Base URL,example=https://gorgias-proxy.example.com"`
}

// Credentials are one of the two ways into an account.
type Credentials struct {
	AuthType string `json:"auth_type"`
	APIKeyCredentials
	OAuthCredentials
}

// APIKeyCredentials are those of a private integration.
type APIKeyCredentials struct {
	// The e-mail address of the Gorgias user the key belongs to. The key may read what this user may; an admin's key reads everything.
	Email string `json:"email" jsonschema:"title=E-mail,example=admin@acme.com"`

	// The API key from Settings, REST API. It is not the password you log in with.
	APIKey string `json:"api_key" jsonschema:"title=API key" jsonschema_extras:"airbyte_secret=true"`
}

// OAuthCredentials are those of an app.
type OAuthCredentials struct {
	// The client ID of your app, from its settings in the Gorgias developer portal.
	ClientID string `json:"client_id" jsonschema:"title=Client ID"`

	// The client secret of your app.
	ClientSecret string `json:"client_secret" jsonschema:"title=Client secret" jsonschema_extras:"airbyte_secret=true"`

	// The refresh token your app was given for this account; for that it must have asked for the scope offline. Access tokens are had for it whenever they are needed.
	RefreshToken string `json:"refresh_token" jsonschema:"title=Refresh token" jsonschema_extras:"airbyte_secret=true"`

	// An access token of your app. It lives for 24 hours, and is replaced before it ends. Leave it empty if you have none.
	AccessToken string `json:"access_token,omitempty" jsonschema:"title=Access token" jsonschema_extras:"airbyte_secret=true"`

	// When the access token ends: an instant in UTC. It is kept up to date for you.
	TokenExpiryDate string `json:"token_expiry_date,omitempty" jsonschema:"title=Access token ends,format=date-time"`
}

// The values of auth_type.
const (
	AuthAPIKey = "api_key"
	AuthOAuth  = "oauth2.0"
)

// Settings are a Config that has been checked and understood.
type Settings struct {
	Subdomain      string
	Origin         string // scheme and host
	Credentials    Credentials
	TokenExpiry        time.Time // the access token; zero: not given
	Start, End     time.Time // zero: not given
	Overlap        time.Duration
	Reports        []reports.Report
	Windows        map[string]time.Duration // by stream name
	WindowInterval time.Duration            // between two looks at the windows
	Tombstones     bool                     // tell of deletions
	PublicOnly     bool                     // only public addresses are connected to, over TLS
	Privacy        *Privacy
	hashSalt           string // of the hashes
	Concurrency    int
	RateLimitReserve        float64
	Warnings       []string // what a person should know of the settings; of their own, only names stand in it
}

// A Error is a mistake in a configuration. It names the field and what
// is expected, and holds no value from it: any field can hold a secret by
// mistake.
type Error struct{ Problems []string }

func (e *Error) Error() string {
	if len(e.Problems) < 2 {
		return strings.Join(e.Problems, "")
	}
	numbered := make([]string, len(e.Problems))
	for i, p := range e.Problems {
		numbered[i] = fmt.Sprintf("(%d) %s", i+1, p)
	}
	return strings.Join(numbered, "; ")
}

//go:embed spec.json
var spec []byte

// Spec returns the JSON Schema of the configuration.
func Spec() []byte { return spec }

// Parse reads a configuration. cloud tells that it came from people who
// are not the host's: they may not choose where requests go. All mistakes are
// reported at once, as a *Error.
func Parse(raw []byte, cloud bool) (*Settings, error) {
	fields, err := decode(raw)
	if err != nil {
		return nil, &Error{[]string{err.Error()}}
	}
	normalizeScalars(fields)
	moved, err := unwrapSling(fields)
	if err != nil {
		return nil, &Error{[]string{err.Error()}}
	}
	coerceTypes(fields)
	spelled := applyAliases(fields, moved)
	strangers := takeUnknown(fields)
	problems := append(validate(fields, spelled, strangers), misspelled(strangers)...)
	if len(problems) > 0 {
		return nil, &Error{problems}
	}
	s := &Settings{PublicOnly: cloud}
	for _, name := range strangers {
		s.Warnings = append(s.Warnings, fmt.Sprintf("the setting %q is not known and was not used%s", name, DidYouMean(last(name), settings())))
	}
	c := Config{Overlap: 10, Concurrency: 4, RateLimitReserve: 0.1, WindowInterval: 24, Deletes: "tombstone", MaskSecrets: true}
	clean, _ := json.Marshal(fields)
	if err := json.Unmarshal(clean, &c); err != nil {
		return nil, &Error{[]string{"the config does not fit its specification"}}
	}
	fail := func(field, format string, args ...any) {
		problems = append(problems, spelled.of(field)+": "+fmt.Sprintf(format, args...))
	}
	label, err := subdomain(c.Subdomain)
	if err != nil {
		fail("subdomain", "%v", err)
	}
	s.Subdomain, s.Origin = label, "https://"+label+".gorgias.com"
	if c.BaseURL != "" {
		if s.Origin, err = origin(c.BaseURL); err != nil {
			fail("base_url", "%v", err)
		} else if cloud {
			fail("base_url", "it cannot be used here; leave it empty")
		}
	}
	for _, d := range []struct {
		name, text string
		at         *time.Time
	}{{"start_date", c.StartDate, &s.Start}, {"end_date", c.EndDate, &s.End}} {
		if d.text == "" {
			continue
		}
		at, ok := conform.ParseTimestamp(d.text)
		if !ok {
			fail(d.name, "expected %s", dates)
			continue
		}
		if d.name == "end_date" && len(d.text) == len("2026-01-31") {
			at = at.AddDate(0, 0, 1).Add(-time.Microsecond)
		}
		*d.at = at
	}
	if text := c.Credentials.TokenExpiryDate; text != "" {
		var ok bool
		if s.TokenExpiry, ok = conform.ParseTimestamp(text); !ok {
			fail("token_expiry_date", "expected an instant such as 2026-01-31T00:00:00Z; leave it empty if it is not known")
		}
	}
	var unproven []string
	s.Privacy, unproven = newPrivacy(&c, fail)
	for _, place := range unproven {
		s.Warnings = append(s.Warnings, place+": no such field is documented; it is concealed if there is one")
	}
	if !s.Start.IsZero() && !s.End.IsZero() && s.End.Before(s.Start) {
		fail("end_date", "it lies before %s", spelled.of("start_date"))
	}
	for name, value := range map[string]string{"email": c.Credentials.Email, "api_key": c.Credentials.APIKey, "client_id": c.Credentials.ClientID,
		"client_secret": c.Credentials.ClientSecret, "refresh_token": c.Credentials.RefreshToken, "access_token": c.Credentials.AccessToken} {
		switch {
		case placeholderPattern.MatchString(value):
			fail(name, "it is a reference that nobody has filled in; expected the value itself")
		case name == "email" && value != "" && !emailPattern.MatchString(value):
			fail(name, "expected an e-mail address such as admin@acme.com")
		case name == "api_key" && emailPattern.MatchString(value):
			fail(name, "it is an e-mail address; expected %s", expectation[name])
		}
	}
	slices.Sort(problems)
	s.Reports = parseReports(c.Reports, fail)
	if len(problems) > 0 {
		return nil, &Error{problems}
	}
	s.Credentials, s.hashSalt = c.Credentials, c.HashSalt
	s.Overlap = time.Duration(c.Overlap) * time.Minute
	s.Concurrency, s.RateLimitReserve = c.Concurrency, c.RateLimitReserve
	s.Windows = windows(fields)
	s.WindowInterval, s.Tombstones = time.Duration(c.WindowInterval)*time.Hour, c.Deletes == "tombstone"
	return s, nil
}

// Streams returns the streams that the settings offer: those of the table, and
// the one of reports only if some are configured.
func (s *Settings) Streams() []*stream.Stream { return streams.Available(len(s.Reports) > 0) }

// Offered is Settings.Streams of a configuration that need not be good, or
// there at all: nobody wants to be asked for credentials by a catalog.
func AvailableStreams(config []byte) []*stream.Stream {
	fields, _ := decode(config)
	moved, _ := unwrapSling(fields)
	coerceTypes(fields)
	applyAliases(fields, moved)
	return streams.Available(fields["reports"] != nil)
}

// windows returns the lookback windows that the configuration sets, by stream
// name. The setting of a stream has its name, with _window behind it.
func windows(fields map[string]any) map[string]time.Duration {
	windows := map[string]time.Duration{}
	for _, s := range streams.All() {
		if days, ok := fields[s.Name+"_window"].(json.Number); ok {
			n, _ := days.Int64() // the specification allows integers alone
			windows[s.Name] = time.Duration(n) * 24 * time.Hour
		}
	}
	return windows
}

// Secrets returns what must never be shown.
func (s *Settings) Secrets() []string {
	var all []string
	c := s.Credentials
	for _, v := range []string{c.APIKey, c.AccessToken, c.RefreshToken, c.ClientSecret, s.hashSalt} {
		if v != "" {
			all = append(all, v)
		}
	}
	return all
}

// What stands in a file for a value that another program puts there.
var placeholderPattern = regexp.MustCompile(`^(\$\{.*\}|\{\{.*\}\}|ref\+[a-z0-9]+://.*)$`)

var emailPattern = regexp.MustCompile(`^[^@\s]+@[^@\s]+$`)

var label = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$`)

// subdomain finds the account's name in what people paste: the name, the
// host, or an address copied from the browser.
func subdomain(text string) (string, error) {
	host := strings.ToLower(strings.TrimSpace(text))
	if i := strings.Index(host, "://"); i >= 0 {
		host = host[i+3:]
	}
	host, _, _ = strings.Cut(host, "/")
	name, isHost := strings.CutSuffix(host, ".gorgias.com")
	if strings.Contains(name, "@") {
		return "", errors.New("expected the part before .gorgias.com, such as acme; this is an e-mail address")
	}
	if !isHost && strings.ContainsAny(name, ".:") {
		return "", errors.New("expected the part before .gorgias.com, such as acme; this names another host")
	}
	if !label.MatchString(name) {
		return "", errors.New("expected the part before .gorgias.com, such as acme: letters, digits and hyphens alone")
	}
	return name, nil
}

// origin checks that text is scheme and host and nothing else.
func origin(text string) (string, error) {
	u, err := url.Parse(strings.TrimSpace(text))
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" || u.User != nil ||
		strings.Trim(u.Path, "/") != "" || u.RawQuery != "" || u.Fragment != "" {
		return "", errors.New("expected scheme and host only, such as https://gorgias-proxy.example.com")
	}
	return u.Scheme + "://" + u.Host, nil
}

// WithAccount returns the configuration with another account in it.
func WithAccount(raw []byte, subdomain, email, key string) ([]byte, error) {
	fields, err := decode(raw)
	if err != nil {
		return nil, &Error{[]string{err.Error()}}
	}
	if _, err := unwrapSling(fields); err != nil {
		return nil, &Error{[]string{err.Error()}}
	}
	for _, name := range append([]string{"base_url", "domain_name", "domain", "username", "email_address", "password"}, credentialFields...) {
		delete(fields, name)
	}
	fields["subdomain"] = subdomain
	fields["credentials"] = map[string]any{"auth_type": AuthAPIKey, "email": email, "api_key": key}
	return json.Marshal(fields)
}

// WithToken returns the configuration as it was given, with another access and
// refresh token in the places where they stand.
func WithToken(raw []byte, access, refresh string, expires time.Time) ([]byte, error) {
	fields, err := decode(raw)
	if err != nil {
		return nil, &Error{[]string{err.Error()}}
	}
	in := fields
	if credentials, ok := fields["credentials"].(map[string]any); ok && len(credentials) > 0 {
		in = credentials
	}
	in["access_token"], in["refresh_token"] = access, refresh
	delete(in, "token_expiry_date")
	if !expires.IsZero() {
		in["token_expiry_date"] = expires.UTC().Format(time.RFC3339)
	}
	return json.Marshal(fields)
}
