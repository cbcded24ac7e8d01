package sandbox

import "time"

// The smaller resources, by the path of their list: users, teams, tags, macros,
// rules, views, custom-fields, integrations, widgets, jobs, and of phone/ the
// voice-calls and voice-call-recordings.

// A nature is what can be done to a smaller resource.
type nature struct {
	objectType, event string // "" = no events tell
	text              string // the field that an edit writes
	retired           string // the field that tells since when it is out of use
}

func natureOf(path string) (nature, bool) {
	n, ok := map[string]nature{
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
	s.change(time.Time{}, func(c *change) { id = c.add(path) })
	return id
}

func (c *change) add(path string) int64 {
	n, ok := natureOf(path)
	t := c.records[path]
	if !ok || t.base.n > 0 || path == "phone/voice-calls" || path == "phone/voice-call-recordings" {
		return 0
	}
	t.top++
	r := t.base.row(int(t.top-t.base.first)).with("created_datetime", when(c.at)).with("updated_datetime", when(c.at))
	if n.retired != "" {
		r = r.with(n.retired, "null")
	}
	switch path {
	case "users":
		r = r.with("active", "true")
	case "tags":
		r = r.with("usage", "0")
	case "jobs":
		r = r.with("status", `"running"`).with("scheduled_datetime", "null").with("started_datetime", when(c.at)).
			with("failed_datetime", "null").with("cancel_requested_datetime", "null").with("cancelled_datetime", "null")
	}
	put(c, t, r.id, r)
	c.note(n, r.id, "-created")
	return r.id
}

// note writes the event of a smaller resource, if it has any.
func (c *change) note(n nature, id int64, happened string) {
	if n.event != "" {
		c.event(n.objectType, id, n.event+happened, "null")
	}
}

// Edit changes one, and moves its updated_datetime if it has one.
func (s *Server) Edit(path string, id int64) bool { return s.rework(path, id, (*change).editRecord) }

func (s *Server) rework(path string, id int64, f func(c *change, n nature, t *table[record], r record)) bool {
	n, ok := natureOf(path)
	return ok && edit(s, func(a *account) *table[record] { return a.records[path] }, id, func(c *change, r record) {
		f(c, n, c.records[path], r)
	})
}

func (c *change) editRecord(n nature, t *table[record], r record) {
	text := quote("edited " + num(int64(c.seq)))
	if n.text == "meta" {
		text = `{"description":` + text + `}`
	}
	put(c, t, r.id, r.with(n.text, text).with("updated_datetime", when(c.at)))
	c.note(n, r.id, "-updated")
}

// Retire takes one out of use: users, rules, views, custom fields, integrations
// and widgets are deactivated, macros archived, jobs done, recordings deleted.
// It returns false for those that know no such state.
func (s *Server) Deactivate(path string, id int64) bool {
	n, _ := natureOf(path)
	return n.retired != "" && s.rework(path, id, (*change).retire)
}

func (c *change) retire(n nature, t *table[record], r record) {
	r = r.with(n.retired, when(c.at)).with("updated_datetime", when(c.at)).with("active", "false")
	switch t {
	case c.jobs:
		r = r.with("status", `"done"`)
	case c.recordings:
		r = r.with("url", "null").with("deleted_by_user_id", ref(c.userAt(&c.luck)))
	}
	put(c, t, r.id, r)
	c.note(n, r.id, pickIf(n.event == "rule" || n.event == "view" || n.event == "integration", "-deactivated", "-updated"))
}

// Remove deletes one. It returns false for jobs, calls and recordings, which
// cannot be.
func (s *Server) Delete(path string, id int64) bool {
	n, _ := natureOf(path)
	return n.event != "" && s.rework(path, id, (*change).remove)
}

func (c *change) remove(n nature, t *table[record], r record) {
	drop(c, t, r.id)
	c.note(n, r.id, "-deleted")
}

// MergeTags puts one tag in another's place. Tickets keep what they hold.
func (s *Server) MergeTags(from, into int64) bool {
	done := false
	s.rework("tags", from, func(c *change, _ nature, t *table[record], _ record) {
		if _, ok := t.get(into); ok && from != into {
			drop(c, t, from)
			c.event("Tag", into, "tag-merged", `{"source_tag_id":`+num(from)+`}`)
			c.event("Tag", from, "tag-deleted", "null")
			done = true
		}
	})
	return done
}
