package sandbox

import "time"

// The smaller resources, by the path of their list: users, teams, tags, macros,
// rules, views, custom-fields, integrations, widgets, jobs, and of phone/ the
// voice-calls and voice-call-recordings.

// A nature is what can be done to a smaller resource.
type settingKind struct {
	objectType, eventPrefix string // "" = no events tell
	textField               string // the field that an edit writes
	deactivatedField        string // the field that tells since when it is out of use
}

func settingKindOf(path string) (settingKind, bool) {
	n, ok := map[string]settingKind{
		"users":                       {"User", "user", "bio", "deactivated_datetime"},
		"teams":                       {"Team", "team", "description", ""},
		"tags":                        {"Tag", "tag", "description", ""},
		"macros":                      {"Macro", "macro", "name", "archived_datetime"},
		"rules":                       {"Rule", "rule", "description", "deactivated_datetime"},
		"views":                       {"View", "view", "name", "deactivated_datetime"},
		"custom-fields":               {"CustomField", "custom-field", "label", "deactivated_datetime"},
		"integrations":                {"Integration", "integration", "description", "deactivated_datetime"},
		"widgets":                     {"Widget", "widget", "app_id", "deactivated_datetime"},
		"jobs":                        {"", "", "meta", "ended_datetime"},
		"phone/voice-calls":           {"", "", "status", ""},
		"phone/voice-call-recordings": {"", "", "transcription_status", "deleted_datetime"},
	}[path]
	return n, ok
}

// Add adds one, and returns its id; 0 for calls (AddCall) and recordings.
func (s *Server) Add(path string) (id int64) {
	s.apply(time.Time{}, func(c *change) { id = c.addSetting(path) })
	return id
}

func (c *change) addSetting(path string) int64 {
	n, ok := settingKindOf(path)
	t := c.recordTables[path]
	if !ok || t.base.n > 0 || path == "phone/voice-calls" || path == "phone/voice-call-recordings" {
		return 0
	}
	t.maxID++
	r := t.base.row(int(t.maxID-t.base.first)).with("created_datetime", datetime(c.at)).with("updated_datetime", datetime(c.at))
	if n.deactivatedField != "" {
		r = r.with(n.deactivatedField, "null")
	}
	switch path {
	case "users":
		r = r.with("active", "true")
	case "tags":
		r = r.with("usage", "0")
	case "jobs":
		r = r.with("status", `"running"`).with("scheduled_datetime", "null").with("started_datetime", datetime(c.at)).
			with("failed_datetime", "null").with("cancel_requested_datetime", "null").with("cancelled_datetime", "null")
	}
	putRow(c, t, r.id, r)
	c.addSettingEvent(n, r.id, "-created")
	return r.id
}

// note writes the event of a smaller resource, if it has any.
func (c *change) addSettingEvent(n settingKind, id int64, happened string) {
	if n.eventPrefix != "" {
		c.addEvent(n.objectType, id, n.eventPrefix+happened, "null")
	}
}

// Edit changes one, and moves its updated_datetime if it has one.
func (s *Server) Edit(path string, id int64) bool {
	return s.editSetting(path, id, (*change).editSetting)
}

func (s *Server) editSetting(path string, id int64, f func(c *change, n settingKind, t *table[record], r record)) bool {
	n, ok := settingKindOf(path)
	return ok && editRow(s, func(a *account) *table[record] { return a.recordTables[path] }, id, func(c *change, r record) {
		f(c, n, c.recordTables[path], r)
	})
}

func (c *change) editSetting(n settingKind, t *table[record], r record) {
	text := quote("edited " + number(int64(c.lastSeq)))
	if n.textField == "meta" {
		text = `{"description":` + text + `}`
	}
	putRow(c, t, r.id, r.with(n.textField, text).with("updated_datetime", datetime(c.at)))
	c.addSettingEvent(n, r.id, "-updated")
}

// Retire takes one out of use: users, rules, views, custom fields, integrations
// and widgets are deactivated, macros archived, jobs done, recordings deleted.
// It returns false for those that know no such state.
func (s *Server) Deactivate(path string, id int64) bool {
	n, _ := settingKindOf(path)
	return n.deactivatedField != "" && s.editSetting(path, id, (*change).deactivate)
}

func (c *change) deactivate(n settingKind, t *table[record], r record) {
	r = r.with(n.deactivatedField, datetime(c.at)).with("updated_datetime", datetime(c.at)).with("active", "false")
	switch t {
	case c.jobs:
		r = r.with("status", `"done"`)
	case c.recordings:
		r = r.with("url", "null").with("deleted_by_user_id", idOrNull(c.randomUser(&c.rng)))
	}
	putRow(c, t, r.id, r)
	c.addSettingEvent(n, r.id, pickIf(n.eventPrefix == "rule" || n.eventPrefix == "view" || n.eventPrefix == "integration", "-deactivated", "-updated"))
}

// Remove deletes one. It returns false for jobs, calls and recordings, which
// cannot be.
func (s *Server) Delete(path string, id int64) bool {
	n, _ := settingKindOf(path)
	return n.eventPrefix != "" && s.editSetting(path, id, (*change).deleteSetting)
}

func (c *change) deleteSetting(n settingKind, t *table[record], r record) {
	deleteRow(c, t, r.id)
	c.addSettingEvent(n, r.id, "-deleted")
}

// MergeTags puts one tag in another's place. Tickets keep what they hold.
func (s *Server) MergeTags(from, into int64) bool {
	done := false
	s.editSetting("tags", from, func(c *change, _ settingKind, t *table[record], _ record) {
		if _, ok := t.get(into); ok && from != into {
			deleteRow(c, t, from)
			c.addEvent("Tag", into, "tag-merged", `{"source_tag_id":`+number(from)+`}`)
			c.addEvent("Tag", from, "tag-deleted", "null")
			done = true
		}
	})
	return done
}
