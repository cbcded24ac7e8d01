package main

import (
	"fmt"
	"reflect"
	"strings"
	"time"

	"source-gorgias/connector"
)

// A reading is how a stream is read, in words.
type reading struct {
	briefly, atRest string // for a table
	how, costs      string
	captured        string
	deletions       string
	missing         string
	permission      string
}

// read puts a row of the table into words. It is an error if there are none.
func read(s *section) (*reading, error) {
	r := &reading{}
	endpoint := "`GET /api/" + s.Path + "`"
	changed := "created"
	if strings.HasSuffix(s.Cursor, "updated_datetime") {
		changed = "created or changed"
	}
	// What belongs to the ways of reading themselves.
	switch s.Mode {
	case connector.NewestFirst:
		r.briefly, r.atRest = "newest first", "1"
		r.how = endpoint + ", from the newest record down to where the last sync began."
		r.costs = fmt.Sprintf("first sync: 1 request for 100 records %s since `start_date`. Increment: 1 for 100 records %s since the last sync. Each takes 1 more at most.", changed, changed)
		r.captured = fmt.Sprintf("what was %s, by `%s`.", changed, s.Cursor)
		r.deletions = "no list and no event tells of them."
	case connector.OldestFirst:
		r.briefly, r.atRest = "oldest first", "1"
		r.how = endpoint + ", from the end of the last sync upwards; the server filters (`" + s.SinceParam + "`)."
		r.costs = "first sync: 1 request for 100 records created since `start_date`. Increment: 1 for 100 records created since the last sync."
		r.captured = "what was created, by `" + s.Cursor + "`."
		r.deletions = "no list and no event tells of them."
		r.missing = "nothing is known to be missing: records never change"
		if s.SinceParam == "" {
			r.briefly, r.atRest = "oldest first, all of it", "1 for 100 records"
			r.how = endpoint + ", the whole list from the oldest record upwards, in every sync: it can be neither filtered nor read from its end. What is new is written."
			r.costs = "every sync: 1 request for 100 records of the list."
		}
	case connector.FullRefresh:
		r.briefly, r.atRest = "whole", "1 for 100 records"
		r.how = endpoint + ", the whole list in every sync."
		r.costs = "every sync: 1 request for 100 records of the list."
		if n := len(s.Partitions); n > 0 {
			var passes []string
			for _, p := range s.Partitions {
				passes = append(passes, "`"+p.Encode()+"`")
			}
			r.briefly = fmt.Sprintf("whole, %d times", n)
			r.atRest += fmt.Sprintf(", at least %d", n)
			r.how = endpoint + ", the whole list in every sync, once each with " + strings.ReplaceAll(strings.Join(passes, " and "), "``", "no filter") + "."
			r.costs = fmt.Sprintf("every sync: 1 request for 100 records of the list, at least %d.", n)
		}
		whole(r)
	case connector.SingleObject:
		r.briefly, r.atRest = "whole, one answer", "1"
		r.how = endpoint + ", in every sync."
		r.costs = "every sync: 1 request."
		whole(r)
	case connector.PerParent:
		r.briefly = "whole, one list for each of `" + s.Parent + "`"
		r.atRest = "those of `" + s.Parent + "`, and at least 1 for each"
		r.how = fmt.Sprintf("%s, the whole list of each of [%s](#%s), in every sync.", endpoint, s.Parent, s.Parent)
		r.costs = fmt.Sprintf("every sync: 1 request for 100 records of each list, at least 1 for each of `%s`; and the requests of `%s`, which are shared if both are selected.", s.Parent, s.Parent)
		whole(r)
	case connector.Derived:
		r.briefly, r.atRest = "cut from `"+s.Parent+"`", "those of `"+s.Parent+"`"
		r.how = fmt.Sprintf("cut from the records of [%s](#%s) while they are read.", s.Parent, s.Parent)
		r.costs = fmt.Sprintf("nothing beyond the requests of `%s`, which are shared if both are selected.", s.Parent)
		r.captured = fmt.Sprintf("with each version of a record of `%s` that is read.", s.Parent)
		r.deletions = "no tombstones. A row names the record it was cut from, whose deletion is told there."
	case connector.DailyReport:
		days := int(s.LookbackWindow / (24 * time.Hour))
		r.briefly, r.atRest = "day by day, one report after the other", "1, and 1 for each report"
		r.how = "`POST /api/" + s.Path + "`, for each of the configured `reports`, from the day on which the last sync ended up to today. Without `reports` there is no such stream. The documented scopes are " + scopes() + "." +
			fmt.Sprintf(" Once a day (`window_interval`) the days are read again that lay within %d days before the last such look (`reports_window`).", days)
		r.costs = "first sync: 4 requests for the first year of each report and 1 for each further one; more, if the rows of a year fill more than a quarter of a page of 10,000. Increment: 1 for each report. If no other stream is selected, 1 more to learn the time."
		r.captured = fmt.Sprintf("every day since `start_date`, the present one as far as it has got. A day in which anything has changed within these %d days is written whole.", days)
		r.deletions = "no tombstones. Of a day, those rows are the present ones that have its latest `as_of_datetime`; if it has none any more, a row without measures says so."
		r.missing = fmt.Sprintf("what changes in a day after these %d days.", days)
		permit(r, s)
		return r, nil
	default:
		return nil, fmt.Errorf("stream %q: there are no words for the walk %d; reading.go needs them", s.Name, s.Mode)
	}
	if err := revised(r, s); err != nil {
		return nil, err
	}
	heard(r, s)
	_, dated := s.column("deleted_datetime")
	switch {
	case s.Deletable && s.Mode == connector.Derived:
		r.deletions = "a tombstone, when an event tells of one."
	case s.Deletable && dated:
		r.deletions = "a tombstone, when an event or a failed re-read tells of one; `deleted_datetime`, if the record stays."
	case s.Deletable:
		r.deletions = "a tombstone, when an event or a failed re-read tells of one."
	case s.Incremental() && dated:
		r.deletions = "`deleted_datetime` tells of them, as long as changes are captured."
	}
	if s.Limitations != "" {
		r.missing = strings.TrimPrefix(r.missing+"; "+s.Limitations, "; ")
	}
	if r.missing == "" {
		r.missing = "nothing is known to be missing"
	}
	r.missing += "."
	permit(r, s)
	return r, nil
}

// scopes lists the subjects of reports that are documented, with what they can be
// broken down by.
func scopes() string {
	var all []string
	for _, s := range connector.Scopes() {
		text := "`" + s.Name + "`"
		if len(s.Dimensions) > 0 {
			text += " (" + strings.Join(s.Dimensions, ", ") + ")"
		}
		all = append(all, text)
	}
	return strings.Join(all, ", ")
}

// whole says what a list shows that is read anew every time.
func whole(r *reading) {
	r.captured = "all there is, as it is at the time of the sync."
	r.deletions = "what is gone is not in the next sync: use a sync mode that overwrites."
	r.missing = "what came and went between two syncs"
}

// revised says of records that change without being dated anew when they are
// read again.
func revised(r *reading, s *section) error {
	if s.LookbackWindow == 0 {
		return nil
	}
	setting := s.Name + "_window"
	if !has(setting) {
		return fmt.Errorf("stream %q: its records change for some time, and there is no setting %q", s.Name, setting)
	}
	days := int(s.LookbackWindow / (24 * time.Hour))
	r.how += fmt.Sprintf(" Once a day (`window_interval`) it is read on over the %d days before the last such look (`%s`), in which records may have changed without being dated anew.", days, setting)
	r.costs += fmt.Sprintf(" Once a day: 1 for 100 records of these %d days.", days)
	r.captured += fmt.Sprintf(" Changes within %d days of that, by the daily look.", days)
	r.missing = fmt.Sprintf("what happens to a record after these %d days", days)
	return nil
}

// has reports whether there is a setting of that name.
func has(setting string) bool {
	for _, f := range reflect.VisibleFields(reflect.TypeFor[connector.Config]()) {
		if name, _, _ := strings.Cut(f.Tag.Get("json"), ","); name == setting {
			return true
		}
	}
	return false
}

// heard says what the events tell of the stream.
func heard(r *reading, s *section) {
	kinds := s.Heeds()
	if kinds == nil {
		return
	}
	if s.Mode == connector.Derived {
		r.captured += " That includes what is read again because of events."
		return
	}
	r.atRest += ", and 1 for events"
	r.how += " Then the account's events since the last sync are read, and what they name is read again."
	r.costs += " Events: 1 for 100 of them, shared by all streams. What they name: " + s.Retells() + "."
	r.captured += " Besides, what these events tell: " + quoted(kinds) + "."
	if r.missing != "" {
		r.missing += ", unless one of the events tells"
	}
}

// permit says what credentials need.
func permit(r *reading, s *section) {
	scope := "the documentation names no scope for OAuth2 apps"
	if s.OAuthScope != "" {
		scope = "an OAuth2 app needs the scope `" + s.OAuthScope + "`"
		if s.Heeds() != nil {
			scope += ", and `" + connector.Find("events").OAuthScope + "` for what only events tell"
		}
	}
	r.permission = scope + ". An API key: an admin's; another user's if that user may see these records."
}
