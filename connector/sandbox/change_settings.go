package sandbox

import "time"

// Changes of the smaller resources. They are named by the path of their list:
// users, teams, tags, macros, rules, views, custom-fields, integrations,
// widgets, jobs, phone/voice-calls and phone/voice-call-recordings.

// A settingKind says how the records of a smaller resource can change.
type settingKind struct {
	objectType, eventPrefix string // of its events; "" = changes add no events
	textField               string // the field that an edit changes
	deactivatedField        string // the field with the time of deactivation; "" = cannot be deactivated
}

// settingKindOf returns the kind of a resource; false if its records do not
// change.
func settingKindOf(path string) (settingKind, bool) {
	kind, ok := map[string]settingKind{
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
	return kind, ok
}

// Add adds a record and returns its id; 0 for calls and recordings, which
// AddCall adds.
func (s *Server) Add(path string) (id int64) {
	s.apply(time.Time{}, func(c *change) { id = c.addSetting(path) })
	return id
}

func (c *change) addSetting(path string) int64 {
	kind, ok := settingKindOf(path)
	t := c.recordTables[path]
	if !ok || t.base.n > 0 || path == "phone/voice-calls" || path == "phone/voice-call-recordings" {
		return 0
	}
	t.maxID++
	r := t.base.row(int(t.maxID-t.base.first)).with("created_datetime", datetime(c.at)).with("updated_datetime", datetime(c.at))
	if kind.deactivatedField != "" {
		r = r.with(kind.deactivatedField, "null")
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
	c.addSettingEvent(kind, r.id, "-created")
	return r.id
}

// addSettingEvent adds an event, if the resource has events.
func (c *change) addSettingEvent(kind settingKind, id int64, suffix string) {
	if kind.eventPrefix != "" {
		c.addEvent(kind.objectType, id, kind.eventPrefix+suffix, "null")
	}
}

// Edit changes a text of a record, and moves its updated_datetime if it has
// one.
func (s *Server) Edit(path string, id int64) bool {
	return s.changeSetting(path, id, (*change).editSetting)
}

// changeSetting makes a change to a record, and returns false if there is none.
func (s *Server) changeSetting(path string, id int64, f func(c *change, kind settingKind, t *table[record], r record)) bool {
	kind, ok := settingKindOf(path)
	return ok && editRow(s, func(a *account) *table[record] { return a.recordTables[path] }, id, func(c *change, r record) {
		f(c, kind, c.recordTables[path], r)
	})
}

func (c *change) editSetting(kind settingKind, t *table[record], r record) {
	text := quote("edited " + number(int64(c.lastSeq)))
	if kind.textField == "meta" {
		text = `{"description":` + text + `}`
	}
	putRow(c, t, r.id, r.with(kind.textField, text).with("updated_datetime", datetime(c.at)))
	c.addSettingEvent(kind, r.id, "-updated")
}

// Deactivate sets the field that says since when a record is not in use: users,
// rules, views, custom fields, integrations and widgets are deactivated, macros
// archived, jobs done and recordings deleted. It returns false for other
// resources.
func (s *Server) Deactivate(path string, id int64) bool {
	kind, _ := settingKindOf(path)
	return kind.deactivatedField != "" && s.changeSetting(path, id, (*change).deactivate)
}

func (c *change) deactivate(kind settingKind, t *table[record], r record) {
	r = r.with(kind.deactivatedField, datetime(c.at)).with("updated_datetime", datetime(c.at)).with("active", "false")
	switch t {
	case c.jobs:
		r = r.with("status", `"done"`)
	case c.recordings:
		r = r.with("url", "null").with("deleted_by_user_id", idOrNull(c.randomUser(&c.rng)))
	}
	putRow(c, t, r.id, r)
	c.addSettingEvent(kind, r.id, pickIf(kind.eventPrefix == "rule" || kind.eventPrefix == "view" || kind.eventPrefix == "integration", "-deactivated", "-updated"))
}

// Delete deletes a record. It returns false for jobs, calls and recordings,
// which cannot be deleted.
func (s *Server) Delete(path string, id int64) bool {
	kind, _ := settingKindOf(path)
	return kind.eventPrefix != "" && s.changeSetting(path, id, (*change).deleteSetting)
}

func (c *change) deleteSetting(kind settingKind, t *table[record], r record) {
	deleteRow(c, t, r.id)
	c.addSettingEvent(kind, r.id, "-deleted")
}

// MergeTags merges one tag into another and deletes it. Tickets do not change.
func (s *Server) MergeTags(from, into int64) bool {
	done := false
	s.changeSetting("tags", from, func(c *change, _ settingKind, t *table[record], _ record) {
		if _, ok := t.get(into); ok && from != into {
			deleteRow(c, t, from)
			if done = true; c.quirks.TagMergesNameSurvivor {
				c.addEvent("Tag", into, "tag-merged", `{"source_tag_id":`+number(from)+`}`)
				c.addEvent("Tag", from, "tag-deleted", "null")
			} else {
				c.addEvent("Tag", from, "tag-merged", "null")
			}
		}
	})
	return done
}
