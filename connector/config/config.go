package config

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"source-gorgias/connector/reports"
	"source-gorgias/connector/stream"
	"source-gorgias/connector/streams"
)

// Config is the configuration as the user writes it. Its fields, their comments
// and their tags are the specification that both protocols publish. A lookback
// window has its default in the row of its stream.
type Config struct {
	// The part of your helpdesk's address before .gorgias.com. The whole address works too.
	Subdomain string `json:"subdomain" jsonschema:"title=Subdomain,example=acme" jsonschema_extras:"group=authentication"`

	// How the connector authenticates.
	Credentials Credentials `json:"credentials" jsonschema:"title=Credentials" jsonschema_extras:"group=authentication"`

	// The first sync reads the records that were created or updated since this date. Enter a date or a timestamp in UTC. If you leave it empty, the first sync reads the last year.
	StartDate string `json:"start_date,omitempty" jsonschema:"title=Start date,format=date-time,example=2026-01-01T00:00:00Z" jsonschema_extras:"group=range,always_show=true"`

	// Every sync stops at this date. Enter a date, which includes the whole day, or a timestamp in UTC. If you leave it empty, every sync reads up to the present.
	EndDate string `json:"end_date,omitempty" jsonschema:"title=End date,format=date-time,example=2026-02-01T00:00:00Z" jsonschema_extras:"group=range"`

	// Every sync re-reads this many minutes before the end of the last sync, because records can become visible late. Unchanged records are not written again.
	Overlap int `json:"overlap,omitempty" jsonschema:"title=Overlap (minutes),minimum=0,maximum=1440,default=10" jsonschema_extras:"group=advanced"`

	// Messages younger than this many days are re-read. A message can still change after it was created: it is sent, opened or fails.
	TicketMessagesWindow int `json:"ticket_messages_window,omitempty" jsonschema:"title=Messages: lookback window (days),minimum=0,maximum=366" jsonschema_extras:"group=advanced"`

	// Satisfaction surveys younger than this many days are re-read. A survey is often sent and answered days after it was created.
	SatisfactionSurveysWindow int `json:"satisfaction_surveys_window,omitempty" jsonschema:"title=Satisfaction surveys: lookback window (days),minimum=0,maximum=366" jsonschema_extras:"group=advanced"`

	// Jobs younger than this many days are re-read. A job can still run after it was created.
	JobsWindow int `json:"jobs_window,omitempty" jsonschema:"title=Jobs: lookback window (days),minimum=0,maximum=366" jsonschema_extras:"group=advanced"`

	// Voice calls younger than this many days are re-read. A call can still change after it was made, for example when it is summarized.
	VoiceCallsWindow int `json:"voice_calls_window,omitempty" jsonschema:"title=Voice calls: lookback window (days),minimum=0,maximum=366" jsonschema_extras:"group=advanced"`

	// Recordings of voice calls younger than this many days are re-read. A recording can still be transcribed or deleted after it was made.
	VoiceCallRecordingsWindow int `json:"voice_call_recordings_window,omitempty" jsonschema:"title=Voice call recordings: lookback window (days),minimum=0,maximum=366" jsonschema_extras:"group=advanced"`

	// Daily reports of Gorgias's own statistics, for the stream statistics. Without reports, that stream does not exist.
	Reports []ReportConfig `json:"reports,omitempty" jsonschema:"title=Reports" jsonschema_extras:"group=reports"`

	// This many of the last days of each report are re-read. A day can still change after it is over: tickets are closed and surveys are answered later.
	StatisticsWindow int `json:"statistics_window,omitempty" jsonschema:"title=Reports: lookback window (days),minimum=0,maximum=366" jsonschema_extras:"group=reports"`

	// The lookback windows are re-read at most once in this many hours. With 0, every sync re-reads them. Every sync captures the changes that the events of your account show.
	WindowInterval int `json:"window_interval,omitempty" jsonschema:"title=Lookback interval (hours),minimum=0,maximum=720,default=24" jsonschema_extras:"group=advanced"`

	// Within this many days, each list is read once from end to end, a part per sync. This finds the changes and deletions that neither a date nor an event shows. With 0, it is never done.
	ReconcileDays int `json:"reconcile_days,omitempty" jsonschema:"title=Reconciliation (days),minimum=0,maximum=366,default=7" jsonschema_extras:"group=advanced"`

	// Each sync reads all lists from end to end, however long that takes.
	ReconcileNow bool `json:"reconcile_now,omitempty" jsonschema:"title=Reconcile now,default=false" jsonschema_extras:"group=advanced"`

	// How deletions are emitted: tombstone writes a record that destinations use to delete the row; ignore writes nothing.
	Deletes string `json:"deletes,omitempty" jsonschema:"title=Deletions,enum=tombstone,enum=ignore,default=tombstone" jsonschema_extras:"group=advanced"`

	// Fields that the connector removes from the records and from the schema. Write each one as stream.field, such as ticket_messages.body_text or tickets.customer.email.
	ExcludeFields []string `json:"exclude_fields,omitempty" jsonschema:"title=Excluded fields" jsonschema_extras:"group=privacy"`

	// Fields whose values the connector replaces by a salted SHA-256 hash. Write each one as stream.field, such as customers.email. Equal values have equal hashes, so you can still count and join by them.
	HashFields []string `json:"hash_fields,omitempty" jsonschema:"title=Hashed fields" jsonschema_extras:"group=privacy"`

	// A secret string of at least 16 characters, which the connector puts before each value that it hashes. Without knowledge of the salt, values such as email addresses cannot be guessed from their hashes. A different salt gives different hashes.
	HashSalt string `json:"hash_salt,omitempty" jsonschema:"title=Hash salt,minLength=16" jsonschema_extras:"group=privacy,airbyte_secret=true"`

	// Masks the credentials for other services that your account stores in the HTTP headers and data of integrations, in the actions of macros and in its settings, such as those of single sign-on.
	MaskSecrets bool `json:"mask_secrets,omitempty" jsonschema:"title=Mask secrets of other services,default=true" jsonschema_extras:"group=privacy"`

	// The number of lists that are read in parallel. They share the rate limit of your account, so a higher number helps only while Gorgias responds slowly.
	Concurrency int `json:"concurrency,omitempty" jsonschema:"title=Concurrency,minimum=1,maximum=10,default=4" jsonschema_extras:"group=advanced"`

	// The share of your account's rate limit that is left to your other integrations, from 0 to 0.9.
	RateLimitReserve float64 `json:"rate_limit_reserve,omitempty" jsonschema:"title=Rate limit reserve,minimum=0,maximum=0.9,default=0.1" jsonschema_extras:"group=advanced"`

	// The scheme and host to send requests to, for a proxy or a test account. Leave it empty to send them to Gorgias.
	BaseURL string `json:"base_url,omitempty" jsonschema:"title=Base URL,example=https://gorgias-proxy.example.com" jsonschema_extras:"group=advanced"`
}

// Credentials are one of the two ways to authenticate.
type Credentials struct {
	AuthType string `json:"auth_type"`
	APIKeyCredentials
	OAuthCredentials
}

// APIKeyCredentials are those of a private integration.
type APIKeyCredentials struct {
	// The email address of the Gorgias user who owns the API key. The key can read what this user can read. The key of an admin can read everything.
	Email string `json:"email" jsonschema:"title=Email,example=admin@acme.com"`

	// The API key from Settings, REST API. It is not the password you log in with.
	APIKey string `json:"api_key" jsonschema:"title=API key" jsonschema_extras:"airbyte_secret=true"`
}

// OAuthCredentials are those of an app.
type OAuthCredentials struct {
	// The client ID of your app, from its settings in the Gorgias developer portal.
	ClientID string `json:"client_id" jsonschema:"title=Client ID"`

	// The client secret of your app.
	ClientSecret string `json:"client_secret" jsonschema:"title=Client secret" jsonschema_extras:"airbyte_secret=true"`

	// The refresh token that your app received for this account. Gorgias issues one only to an app that requests the scope offline. Access tokens are requested with it as needed.
	RefreshToken string `json:"refresh_token" jsonschema:"title=Refresh token" jsonschema_extras:"airbyte_secret=true"`

	// An access token of your app. It expires after 24 hours and is renewed before that. Leave it empty if you have none.
	AccessToken string `json:"access_token,omitempty" jsonschema:"title=Access token" jsonschema_extras:"airbyte_secret=true"`

	// When the access token expires, as a timestamp in UTC. The connector updates it when it renews the token.
	TokenExpiryDate string `json:"token_expiry_date,omitempty" jsonschema:"title=Access token expiry,format=date-time"`
}

// The values of auth_type.
const (
	AuthAPIKey = "api_key"
	AuthOAuth  = "oauth2.0"
)

//go:embed spec.json
var specJSON []byte

// Spec returns the JSON Schema of the configuration.
func Spec() []byte { return specJSON }

// Settings are a Config that was checked and converted.
type Settings struct {
	Subdomain        string
	Origin           string // scheme and host
	PublicOnly       bool   // connections are restricted to public addresses and TLS
	Credentials      Credentials
	TokenExpiry      time.Time // of the access token; zero: not given
	Start, End       time.Time // zero: not given
	Overlap          time.Duration
	Windows          map[string]time.Duration // the lookback windows that the user sets, by stream name
	WindowInterval   time.Duration
	ReconcileEvery   time.Duration
	ReconcileNow     bool
	Reports          []reports.Report
	Tombstones       bool // deletions are emitted
	Privacy          *Privacy
	Concurrency      int
	RateLimitReserve float64
	Warnings         []string // for the user; they contain names of settings, and no values
	hashSalt         string
}

// An Error has all problems of a configuration.
type Error struct{ Problems []Problem }

// A Problem names a setting and what is expected of it. It contains no value
// from the configuration: any field can contain a secret by mistake.
type Problem struct {
	Setting string // as the user wrote it, such as credentials.email; "" if it is the whole configuration
	Missing bool
	Text    string
}

func (p Problem) String() string {
	if p.Setting == "" {
		return p.Text
	}
	return p.Setting + ": " + p.Text
}

// NewError returns an Error with one problem.
func NewError(setting, format string, args ...any) *Error {
	return &Error{[]Problem{{Setting: setting, Text: fmt.Sprintf(format, args...)}}}
}

func (e *Error) Error() string {
	if len(e.Problems) == 1 {
		return e.Problems[0].String()
	}
	numbered := make([]string, len(e.Problems))
	for i, p := range e.Problems {
		numbered[i] = fmt.Sprintf("(%d) %s", i+1, p)
	}
	return strings.Join(numbered, "; ")
}

// Parse reads a configuration. cloud says that the users who configure the
// connector do not operate its host: they must not choose where requests are
// sent. All problems are reported at once, as an *Error.
func Parse(raw []byte, cloud bool) (*Settings, error) {
	fields, err := decode(raw)
	if err != nil {
		return nil, err
	}
	names, err := normalize(fields)
	if err != nil {
		return nil, err
	}
	unknown := takeUnknown(fields)
	v := validator{names: names, unknown: unknown, problems: misspelledRules(unknown)}
	if v.validate(place{}, spec(), fields); len(v.problems) > 0 {
		return nil, &Error{v.problems}
	}
	p := parser{names: names, Settings: Settings{PublicOnly: cloud, Windows: windows(fields)}}
	for _, name := range unknown {
		p.warn("the setting %q is unknown and was not used%s", name, DidYouMean(lastName(name), settingNames()))
	}
	if err := p.convert(fields); err != nil {
		return nil, err
	}
	p.references(fields)
	p.account()
	p.dates()
	p.credentials()
	p.fieldRules()
	p.reports()
	if len(p.problems) > 0 {
		return nil, &Error{p.problems}
	}
	return &p.Settings, nil
}

// normalize brings the fields of any accepted configuration into the form of
// the specification. It returns the names the user gave them.
func normalize(fields map[string]any) (originalNames, error) {
	normalizeScalars(fields)
	names, err := unwrapSling(fields)
	if err == nil {
		coerceTypes(fields)
		applyAliases(fields, names)
	}
	return names, err
}

// windows returns the lookback windows that the configuration sets. The setting
// of a stream is its name with the suffix _window.
func windows(fields map[string]any) map[string]time.Duration {
	windows := map[string]time.Duration{}
	for _, s := range streams.All() {
		if days, ok := fields[s.Name+"_window"].(json.Number); ok {
			n, _ := days.Int64() // validated to be an integer
			windows[s.Name] = time.Duration(n) * 24 * time.Hour
		}
	}
	return windows
}

// Streams returns the streams that exist under the settings: those of the
// table, and the one of daily reports only if some are configured.
func (s *Settings) Streams() []*stream.Stream { return streams.Available(len(s.Reports) > 0) }

// AvailableStreams is [Settings.Streams] of a configuration that may be invalid
// or missing: a catalog can be discovered before there are credentials.
func AvailableStreams(config []byte) []*stream.Stream {
	fields, _ := decode(config)
	_, _ = normalize(fields)
	list, isList := fields["reports"].([]any)
	return streams.Available(fields["reports"] != nil && !(isList && len(list) == 0))
}

// Secrets returns what must never be shown.
func (s *Settings) Secrets() []string {
	c := s.Credentials
	return slices.DeleteFunc([]string{c.APIKey, c.AccessToken, c.RefreshToken, c.ClientSecret, s.hashSalt},
		func(secret string) bool { return secret == "" })
}
