package sandbox

import (
	"strconv"
	"strings"
)

// What a shop configures: few records, all stored in memory.

// The first ids of each resource.
const (
	firstUser        int64 = 518000011
	firstCustomer    int64 = 519000201
	firstTicket      int64 = 82000101
	firstMessage     int64 = 218000301
	firstEvent       int64 = 9900000201
	firstSurvey      int64 = 7700101
	firstCall        int64 = 660001
	firstCallEvent   int64 = 880001
	firstRecording   int64 = 770001
	firstTeam        int64 = 4400
	firstTag         int64 = 910001
	firstMacro       int64 = 374001
	firstRule        int64 = 120001
	firstView        int64 = 1177001
	firstField       int64 = 319001
	firstIntegration int64 = 55010
	firstJob         int64 = 1551001
	firstWidget      int64 = 3301
)

// setupTime returns when the i-th record was created: in the first days of the
// account, some of them at the same time.
func (a *account) setupTime(rng *prng, i int) timestamp {
	at := a.epoch - 300*day + timestamp(i/4)*hour
	if rng.oneIn(3) {
		return at
	}
	return at + timestamp(i%4)*minute + timestamp(rng.intn(int(minute)))
}

// laterTime returns a random time after from.
func (a *account) laterTime(rng *prng, from timestamp) timestamp {
	return from + timestamp(rng.intn(int(min(200*day, max(a.epoch-from, 1)))))
}

func (a *account) user(i int) record {
	id := firstUser + int64(i)
	rng := newPRNG(a.seed, saltUser, id)
	p := a.personOf(id)
	role := pick(&rng, []string{"agent", "agent", "lite-agent", "observer-agent", "basic-agent"})
	switch i {
	case 0:
		role = "admin"
	case 1:
		role = "bot"
	}
	created := a.setupTime(&rng, i)
	updated := a.laterTime(&rng, created)
	deactivated, bot := i%6 == 5, role == "bot"
	return record{p.id, []field{
		{"id", number(p.id)},
		{"active", boolean(!deactivated)},
		{"bio", pick(&rng, []string{"null", `""`, `"Returns lead"`, `"☕\n🧗"`})},
		{"created_datetime", datetime(created)},
		{"country", pick(&rng, []string{"null", `"CA"`, `"DE"`})},
		{"deactivated_datetime", datetime(pickIf(deactivated, updated, 0))},
		{"email", p.email},
		{"external_id", pickIf(rng.oneIn(4), `"emp-17"`, "null")},
		{"firstname", p.first},
		{"lastname", p.last},
		{"name", p.name},
		{"has_password", boolean(!bot)},
		{"has_2fa_enabled", boolean(!bot && rng.oneIn(2))},
		{"language", pick(&rng, []string{"null", `"en"`, `"fr"`})},
		{"meta", p.meta},
		{"role", `{"name":` + quote(role) + `}`},
		{"timezone", pick(&rng, []string{"null", `"America/Toronto"`})},
		{"updated_datetime", datetime(updated)},
		{"client_id", pickIf(i%9 == 4, `"app-60b9"`, "null")},
		{"uri", quote("https://" + a.subdomain + ".gorgias.com/api/users/" + number(p.id) + "/")},
	}}
}

var teamNames = []string{"Returns", "Night shift", "VIP", "Wholesale", "Équipe Québec", "Tier \\\"2\\\""}

// teamNameAndDecoration returns the members that a team and its copies have,
// raw.
func (a *account) teamNameAndDecoration(id int64) (name, decoration string) {
	i := int(id - firstTeam)
	name = `"` + teamNames[i%len(teamNames)] + numberSuffix(i/len(teamNames)) + `"`
	decoration = []string{
		`{"emoji":{"id":"package","name":"Package","colons":":package:","native":"📦","skin":null,"unified":"1f4e6"}}`,
		`{}`, `{"emoji":"🌙"}`, `{"emoji":null}`,
	}[i%4]
	return name, decoration
}

// numberSuffix returns what makes the names of the n-th repetition unique.
func numberSuffix(n int) string {
	if n == 0 {
		return ""
	}
	return " " + strconv.Itoa(n+1)
}

// teamReference returns the copy of a team in other objects, raw.
func (a *account) teamReference(id int64) string {
	if id == 0 {
		return "null"
	}
	name, decoration := a.teamNameAndDecoration(id)
	return `{"id":` + number(id) + `,"name":` + name + `,"decoration":` + decoration + `}`
}

func (a *account) team(i int) record {
	id := firstTeam + int64(i)
	rng := newPRNG(a.seed, saltSetting, id)
	var members []string
	for k := range min(rng.intn(6), a.size.Users) {
		p := a.personOf(firstUser + int64((i+k)%a.size.Users))
		members = append(members, `{"id":`+number(p.id)+`,"name":`+p.name+`,"email":`+p.email+`,"meta":`+p.meta+`}`)
	}
	name, decoration := a.teamNameAndDecoration(id)
	return record{id, []field{
		{"id", number(id)},
		{"uri", `"/api/teams/` + number(id) + `/"`},
		{"name", name},
		{"description", pickIf(i%3 == 1, `"Covers 22:00-06:00"`, "null")},
		{"decoration", decoration},
		{"members", jsonArray(members)},
		{"created_datetime", datetime(a.setupTime(&rng, i))},
	}}
}

var politeTagNames = []string{"refund", "vip", "wholesale", "late", "return", "exchange", "gift", "urgent", "press", "B2B"}

var tagNames = []string{"refund", "vip", "VIP", "wholesale", "late 🚚", "return/label", "naïve", "a,b", " spaced ", "\\u0000nul", "\\\"quoted\\\"", "half \\ud83d", "null", "0"}

// tagNameAndDecoration returns the members that a tag and its copies have when
// the tag is created, raw.
func (a *account) tagNameAndDecoration(id int64) (name, decoration string) {
	rng := newPRNG(a.seed, saltTag, id)
	i := int(id - firstTag)
	names := tagNames
	if a.seed.polite {
		names = politeTagNames
	}
	name = `"` + names[i%len(names)] + numberSuffix(i/len(names)) + `"`
	decoration = pick(&rng, []string{`{"color":"#F58D86"}`, `{"color":"#00aa77"}`, `{}`, `{"color":null}`, "null"})
	return name, decoration
}

func (a *account) tag(i int) record {
	rng := newPRNG(a.seed, saltTag, int64(-1-i))
	usage := 0
	if n := a.size.Tags; n > 0 {
		usage = 2 * a.size.Tickets / n / (1 + rng.intn(4))
	}
	id := firstTag + int64(i)
	name, decoration := a.tagNameAndDecoration(id)
	return record{id, []field{
		{"id", number(id)},
		{"decoration", decoration},
		{"description", pickIf(id%4 == 0, `"Refund related"`, "null")},
		{"name", name},
		{"usage", number(int64(usage))},
		{"uri", `"/api/tags/` + number(id) + `/"`},
		{"created_datetime", datetime(a.setupTime(&rng, i))},
		{"deleted_datetime", "null"},
	}}
}

func (a *account) macro(i int) record {
	id := firstMacro + int64(i)
	rng := newPRNG(a.seed, saltSetting, id)
	created := a.setupTime(&rng, i)
	updated := pickIf(rng.oneIn(2), 0, a.laterTime(&rng, created))
	archived := pickIf(i%5 == 4, a.laterTime(&rng, created), 0)
	actions := []string{
		`{"arguments":{"status":"closed"},"name":"setStatus","title":"Set status","type":"user"}`,
		`{"arguments":{"tags":"refund"},"name":"addTags","title":"Add tags","type":"user","description":"adds a tag"}`,
		`{"arguments":{"body_html":"<div>Hi {{ticket.customer.firstname}}</div>","body_text":"Hi {{ticket.customer.firstname}} 👋"},"name":"setResponseText","title":"Add response text","type":"user"}`,
		`{"arguments":{"snooze_timedelta":"1d","depth":{"a":{"b":{"c":[1.0,2e0,null]}}}},"name":"snoozeTicket","title":"Snooze","type":"system"}`,
	}
	return record{id, []field{
		{"id", number(id)},
		{"external_id", pickIf(rng.oneIn(5), `"m-1"`, "null")},
		{"name", string(append(rng.expand([]byte{'"'}, pick(&rng, []string{"Refund status", "Close politely", "Sizes of %", "", "Late #"})), '"'))},
		{"intent", pickIf(rng.oneIn(3), quote(pick(&rng, intents)), "null")},
		{"language", pick(&rng, []string{`"en"`, `"fr"`, "null"})},
		{"usage", number(int64(rng.intn(200)))},
		{"actions", jsonArray(actions[:rng.intn(len(actions)+1)])},
		{"created_datetime", datetime(created)},
		{"updated_datetime", datetime(updated)},
		{"archived_datetime", datetime(archived)},
		{"uri", `"/api/macros/` + number(id) + `/"`},
	}}
}

const emptyProgram = `{"type":"Program","sourceType":"script","body":[],"loc":{"start":{"line":0,"column":0},"end":{"line":0,"column":0}}}`

// syntaxTree returns the syntax tree of a rule or a filter, raw. It is large, as
// in Gorgias.
func syntaxTree(lines int) string {
	body := make([]string, lines)
	for i := range body {
		body[i] = `{"type":"ExpressionStatement","expression":{"type":"CallExpression","callee":{"type":"Identifier","name":"Action"},"arguments":[{"type":"Literal","value":"addTags","raw":"'addTags'"},{"type":"Literal","value":1.0,"raw":"1.0"}]},"loc":{"start":{"line":` + strconv.Itoa(i) + `,"column":0}}}`
	}
	return strings.Replace(emptyProgram, `"body":[]`, `"body":`+jsonArray(body), 1)
}

func (a *account) rule(i int) record {
	id := firstRule + int64(i)
	rng := newPRNG(a.seed, saltSetting, id)
	created := a.setupTime(&rng, i)
	updated := a.laterTime(&rng, created)
	lines := rng.intn(30)
	return record{id, []field{
		{"id", number(id)},
		{"code", quote(strings.Repeat("if (eq(ticket.status, 'open')) {\n  Action('addTags', { tags: \"vip\" })\n}\n", lines/3))},
		{"code_ast", syntaxTree(lines)},
		{"created_datetime", datetime(created)},
		{"deactivated_datetime", datetime(pickIf(rng.oneIn(4), updated, 0))},
		{"description", pick(&rng, []string{"null", `""`, `"Tag open tickets"`})},
		{"event_types", `"ticket-created,ticket-updated"`},
		{"settings", pickIf(rng.oneIn(3), `{"slug":"auto-close-spam","thresholds":[0.5,1e-3]}`, "null")},
		{"name", `"Rule \"` + number(id%1000) + `\""`},
		{"priority", number(int64(rng.intn(100)))},
		{"type", pickIf(rng.oneIn(6), `"managed"`, `"user"`)},
		{"updated_datetime", datetime(updated)},
		{"uri", `"/api/rules/` + number(id) + `/"`},
	}}
}

// customField returns the i-th custom field. Every third is one of customers.
// Its values follow from i (see randomFieldValue).
func (a *account) customField(i int) record {
	id := firstField + int64(i)
	rng := newPRNG(a.seed, saltField, id)
	created := a.setupTime(&rng, i)
	definition := []string{
		`{"data_type":"text","input_settings":{"input_type":"dropdown","choices":["Refund::Status","Refund::Request","Shipping::Delay","Other::Other"],"default":null}}`,
		`{"data_type":"number","input_settings":{"input_type":"input_number","min":0,"max":999,"placeholder":"0"}}`,
		`{"data_type":"boolean","input_settings":{"input_type":"dropdown","choices":[true,false],"default":false}}`,
		`{"data_type":"text","input_settings":{"input_type":"input","placeholder":null}}`,
	}[i%4]
	label := []string{"Contact reason", "Units affected", "Newsletter", "Loyalty tier"}[i%4] + numberSuffix(i/4)
	fields := []field{
		{"id", number(id)},
		{"external_id", pickIf(rng.oneIn(3), `"zd-4471"`, "null")},
		{"object_type", pickIf(i%3 == 2, `"Customer"`, `"Ticket"`)},
		{"label", quote(label)},
		{"description", pickIf(rng.oneIn(2), `"Why the customer wrote"`, "null")},
		{"priority", number(int64(i / 2))},
		{"required", boolean(rng.oneIn(4))},
	}
	if !rng.oneIn(4) {
		fields = append(fields, field{"requirement_type", pick(&rng, []string{`"visible"`, `"required"`, `"conditional"`})})
	}
	return record{id, append(fields, []field{
		{"managed_type", pickIf(i == 0, `"contact_reason"`, "null")},
		{"definition", definition},
		{"created_datetime", datetime(created)},
		{"updated_datetime", datetime(pickIf(rng.oneIn(3), 0, a.laterTime(&rng, created)))},
		{"deactivated_datetime", datetime(pickIf(i%5 == 3, a.laterTime(&rng, created), 0))},
	}...)}
}

// randomFieldValue returns a value of the i-th custom field, raw.
func randomFieldValue(rng *prng, i int) string {
	switch i % 4 {
	case 0:
		return pick(rng, []string{`"Refund::Status"`, `"Refund::Request"`, `"Shipping::Delay"`, `"Other::Other"`})
	case 1:
		return pick(rng, []string{"2", "0", "1.0", "1e2", "2.50"})
	case 2:
		return pick(rng, []string{"true", "false"})
	}
	if rng.polite {
		return pick(rng, []string{`"gold"`, `"silver"`, `"bronze"`, "null"})
	}
	return pick(rng, []string{`"gold"`, `""`, `"sil\u0000ver"`, `"line\nbreak 🥉"`, "null"})
}

func (a *account) integration(i int) record {
	id := firstIntegration + int64(i)
	rng := newPRNG(a.seed, saltSetting, id)
	created := a.setupTime(&rng, i)
	kind := []string{"email", "http", "shopify", "phone", "gorgias_chat", "app"}[i%6]
	http, meta := "null", "null"
	switch kind {
	case "http":
		http = `{"id":` + number(800+int64(i)) + `,"method":"GET","url":"https://erp.` + a.subdomain + `.example/orders?email={{ticket.customer.email}}","headers":{"X-Env":"prod"},"form":null,"request_content_type":"application/json","response_content_type":"application/json","execution_order":0,"triggers":{"ticket-created":true,"ticket-updated":false}}`
	case "email":
		meta = `{"address":"support@` + a.subdomain + `.example","preferred":true,"verified":true}`
	case "shopify":
		meta = `{"shop":` + rng.bigObject() + `,"webhooks":[{"id":` + number(1<<60+1) + `}]}`
	case "app":
		meta = rng.arbitraryJSON()
	}
	fields := []field{
		{"id", number(id)},
		{"created_datetime", datetime(created)},
		{"deactivated_datetime", datetime(pickIf(rng.oneIn(5), a.laterTime(&rng, created), 0))},
		{"decoration", pick(&rng, []string{"null", "{}", `{"introduction_text":"Hi 👋"}`})},
		{"description", pick(&rng, []string{"null", `"Order lookups"`})},
		{"http", http},
		{"locked_datetime", "null"},
		{"meta", meta},
		{"name", quote("Shop " + kind + numberSuffix(i/6))},
		{"type", quote(kind)},
		{"updated_datetime", datetime(a.laterTime(&rng, created))},
		{"user", `{"id":` + number(firstUser) + `}`},
		{"uri", `"/api/integrations/` + number(id) + `/"`},
		{"application_id", pickIf(kind == "app", `"60b9f144096cf92533e0a14d"`, "null")},
		{"managed", boolean(false)},
		{"business_hours_id", pickIf(rng.oneIn(4), "31", "null")},
	}
	if rng.oneIn(4) {
		fields = append(fields, field{"deleted_datetime", "null"})
	}
	return record{id, fields}
}

var jobTypes = []string{"exportTicket", "updateTicket", "applyMacro", "importMacro", "exportMacro", "deleteTicket"}

func (a *account) job(i int) record {
	id := firstJob + int64(i)
	rng := newPRNG(a.seed, saltSetting, id)
	created := a.epoch - 290*day + timestamp(i)*(289*day/timestamp(max(a.size.Jobs, 1)))
	if i/8%3 == 1 {
		created = a.epoch - 290*day + timestamp(i/8*8)*(289*day/timestamp(max(a.size.Jobs, 1))) // eight at the same time
	}
	status := pick(&rng, []string{"done", "done", "canceled", "errored", "scheduled", "running"})
	info := pick(&rng, []string{"{}", `{"progress_count":123}`, `{"progress_count":"12"}`, `{"progress_count":1.0,"total":1e3}`})
	params := pick(&rng, []string{"{}", `{"ticket_ids":[` + number(firstTicket) + `],"updates":{"status":"closed"}}`})
	var scheduled, started, ended, failed, cancelRequested, cancelled timestamp
	switch status {
	case "scheduled":
		scheduled = created + 30*day
	case "running":
		started = created + second
	default:
		started, ended = created+second, created+minute
		if status == "errored" {
			failed = ended
		}
		if status == "canceled" {
			cancelRequested, cancelled = ended-second, ended
		}
	}
	return record{id, []field{
		{"id", number(id)},
		{"cancel_requested_datetime", datetime(cancelRequested)},
		{"cancelled_datetime", datetime(cancelled)},
		{"created_datetime", datetime(created)},
		{"ended_datetime", datetime(ended)},
		{"failed_datetime", datetime(failed)},
		{"info", info},
		{"locked_datetime", datetime(pickIf(status == "running", started, 0))},
		{"meta", pick(&rng, []string{"null", `{"description":"close old tickets"}`})},
		{"params", params},
		{"scheduled_datetime", datetime(scheduled)},
		{"started_datetime", datetime(started)},
		{"status", quote(status)},
		{"type", quote(pick(&rng, jobTypes))},
		{"user_id", number(firstUser)},
		{"uri", `"/api/jobs/` + number(id) + `/"`},
	}}
}

func (a *account) widget(i int) record {
	id := firstWidget + int64(i)
	rng := newPRNG(a.seed, saltSetting, id)
	created := a.setupTime(&rng, i)
	template := `{"type":"wrapper","widgets":[]}`
	if i%2 == 0 {
		template = `{"type":"wrapper","widgets":[{"path":"account_info","title":"Account info","type":"card","meta":{"limit":"12"},"widgets":[{"path":"account_id","title":"Account ID","type":"text","order":0}]}]}`
	}
	return record{id, []field{
		{"id", number(id)},
		{"app_id", pickIf(rng.oneIn(2), `"60b9f144096cf92533e0a14d"`, "null")},
		{"context", pick(&rng, []string{`"ticket"`, `"customer"`})},
		{"created_datetime", datetime(created)},
		{"deactivated_datetime", datetime(pickIf(rng.oneIn(4), a.laterTime(&rng, created), 0))},
		{"integration_id", pickIf(rng.oneIn(2), number(firstIntegration), "null")},
		{"order", number(int64(i))},
		{"template", template},
		{"type", pick(&rng, []string{`"http"`, `"shopify"`, `"customer_external_data"`})},
		{"updated_datetime", datetime(a.laterTime(&rng, created))},
		{"uri", `"/api/widgets/` + number(id) + `/"`},
	}}
}

// accountSettings returns the settings of one kind, raw; "" = of all kinds.
func accountSettings(kind string) []string {
	var found []string
	for i, s := range [][2]string{
		{"business-hours", `{"timezone":"America/Toronto","business_hours":[{"days":"1,2,3,4,5","from_time":"09:00","to_time":"17:00"}]}`},
		{"satisfaction-surveys", `{"send_survey_for_email":true,"send_survey_for_chat":false,"survey_interval":24}`},
		{"ticket-assignment", `{"assignment_channels":["email","chat"],"auto_assign_to_teams":true,"unassign_on_reply":false,"max_user_chat_ticket":5}`},
		{"views-visibility", `{"hidden_views":[]}`},
		{"auto-merge", `{"tickets":{"enabled":true,"merging_window_days":5.0}}`},
		{"default-integration", `{"email":` + number(firstIntegration) + `}`},
	} {
		if kind == "" || kind == s[0] {
			found = append(found, `{"id":`+number(int64(9001+i))+`,"type":"`+s[0]+`","data":`+s[1]+`}`)
		}
	}
	return found
}

func (a *account) writeAccount(j *jsonWriter) {
	created := a.epoch - 301*day
	j.open("", '{')
	j.time("created_datetime", created)
	j.raw("current_subscription", `{"plan":null,"start_datetime":`+datetime(created+7*day)+`,"status":"active","trial_start_datetime":`+datetime(created)+`,"trial_end_datetime":`+datetime(created+7*day)+`}`)
	j.raw("deactivated_datetime", "")
	j.raw("domain", quote(a.subdomain))
	j.raw("meta", `{"analytics_group_id":"acme-1","company_domain":`+quote(a.subdomain+".example")+`}`)
	j.raw("settings", jsonArray(accountSettings("")))
	j.raw("status", `{"status":"active"}`)
	j.close('}')
}
