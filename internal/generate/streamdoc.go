package main

import (
	"fmt"
	"reflect"
	"source-gorgias/connector/config"
	"source-gorgias/connector/reports"
	"source-gorgias/connector/stream"
	"source-gorgias/connector/streams"
	"strings"
	"time"
)

// A streamDoc describes how a stream is read: the text of docs/streams.md that
// follows from a row of the stream table.
type streamDoc struct {
	mode, atRest string // for the table of all streams
	how, cost    string
	captured     string
	deletions    string
	missing      string
	permission   string
}

// describeMode has the text of each read mode.
var describeMode = map[stream.ReadMode]func(*streamDoc, *section){
	stream.NewestFirst:  (*streamDoc).newestFirst,
	stream.OldestFirst:  (*streamDoc).oldestFirst,
	stream.FullRefresh:  (*streamDoc).fullRefresh,
	stream.SingleObject: (*streamDoc).singleObject,
	stream.PerParent:    (*streamDoc).children,
	stream.Derived:      (*streamDoc).derived,
	stream.DailyReport:  (*streamDoc).dailyReports,
}

// describeStream returns the description of a stream. It is an error if there
// is no text for its read mode, or no setting for its lookback window.
func describeStream(s *section) (*streamDoc, error) {
	describe := describeMode[s.Mode]
	if describe == nil {
		return nil, fmt.Errorf("stream %q: describeMode in streamdoc.go has no text for the read mode %d", s.Name, s.Mode)
	}
	d := &streamDoc{}
	describe(d, s)
	if s.Mode != stream.DailyReport {
		if err := d.lookbackWindow(s); err != nil {
			return nil, err
		}
		d.changeFeed(s)
		d.tombstones(s)
		if s.Limitations != "" {
			d.missing = strings.TrimPrefix(d.missing+"; "+s.Limitations, "; ")
		}
		if d.missing == "" {
			d.missing = "nothing is known to be missing"
		}
		d.missing += "."
	}
	d.needs(s)
	return d, nil
}

// endpoint is the request that reads a stream.
func endpoint(s *section) string { return "`GET /api/" + s.Path + "`" }

func (d *streamDoc) newestFirst(s *section) {
	changed := "created"
	if strings.HasSuffix(s.Cursor, "updated_datetime") {
		changed = "created or changed"
	}
	d.mode, d.atRest = "newest first", "1"
	d.how = endpoint(s) + ", from the newest record down to the watermark of the last sync."
	d.cost = fmt.Sprintf("first sync: 1 request for 100 records %s since `start_date`. Increment: 1 for 100 records %s since the last sync. Each takes 1 more at most.", changed, changed)
	d.captured = fmt.Sprintf("records that were %s, by `%s`.", changed, s.Cursor)
	d.deletions = "no list and no event shows them."
	if s.Unfinished != nil {
		d.atRest += ", and up to 2 for unfinished records"
		d.how += " Records that were unfinished when they were last read are fetched by id until they are finished: two in each sync, and once a day (`window_interval`) up to 50."
	}
}

func (d *streamDoc) oldestFirst(s *section) {
	d.mode, d.atRest = "oldest first", "1"
	d.how = endpoint(s) + ", from the watermark of the last sync upwards; the server filters (`" + s.SinceParam + "`)."
	d.cost = "first sync: 1 request for 100 records created since `start_date`. Increment: 1 for 100 records created since the last sync."
	d.captured = "records that were created, by `" + s.Cursor + "`."
	d.deletions = "no list and no event shows them."
	d.missing = "nothing is known to be missing: records never change"
	if s.SinceParam == "" {
		d.mode, d.atRest = "oldest first, all of it", "1 for 100 records"
		d.how = endpoint(s) + ", the whole list from the oldest record upwards, in every sync: it can be neither filtered nor read from its end. New records are written."
		d.cost = "every sync: 1 request for 100 records of the list."
	}
}

func (d *streamDoc) fullRefresh(s *section) {
	d.mode, d.atRest = "full refresh", "1 for 100 records"
	d.how = endpoint(s) + ", the whole list in every sync."
	d.cost = "every sync: 1 request for 100 records of the list."
	if n := len(s.Partitions); n > 0 {
		var filters []string
		for _, p := range s.Partitions {
			filters = append(filters, "`"+p.Encode()+"`")
		}
		d.mode = fmt.Sprintf("full refresh, %d times", n)
		d.atRest += fmt.Sprintf(", at least %d", n)
		d.how = endpoint(s) + ", the whole list in every sync, once each with " + strings.ReplaceAll(strings.Join(filters, " and "), "``", "no filter") + "."
		d.cost = fmt.Sprintf("every sync: 1 request for 100 records of the list, at least %d.", n)
	}
	d.snapshot()
}

func (d *streamDoc) singleObject(s *section) {
	d.mode, d.atRest = "full refresh, one response", "1"
	d.how = endpoint(s) + ", in every sync."
	d.cost = "every sync: 1 request."
	d.snapshot()
}

func (d *streamDoc) children(s *section) {
	d.mode = "full refresh, one list for each of `" + s.Parent.Name + "`"
	d.atRest = "those of `" + s.Parent.Name + "`, and at least 1 for each"
	d.how = fmt.Sprintf("%s, the whole list of each of [%s](#%s), in every sync.", endpoint(s), s.Parent.Name, s.Parent.Name)
	d.cost = fmt.Sprintf("every sync: 1 request for 100 records of each list, at least 1 for each of `%s`; and the requests of `%s`, which are shared if both are selected.", s.Parent.Name, s.Parent.Name)
	d.snapshot()
}

func (d *streamDoc) derived(s *section) {
	d.mode, d.atRest = "derived from `"+s.Parent.Name+"`", "those of `"+s.Parent.Name+"`"
	d.how = fmt.Sprintf("derived from the records of [%s](#%s) while these are read.", s.Parent.Name, s.Parent.Name)
	d.cost = fmt.Sprintf("no requests beyond those of `%s`, which are shared if both are selected.", s.Parent.Name)
	d.captured = fmt.Sprintf("with each version of a record of `%s` that is read.", s.Parent.Name)
	d.deletions = "no tombstones. A row refers to the record it is derived from, which gets a tombstone."
}

func (d *streamDoc) dailyReports(s *section) {
	days := int(s.LookbackWindow / (24 * time.Hour))
	d.mode, d.atRest = "day by day, one report after the other", "1, and 1 for each report"
	d.how = "`POST /api/" + s.Path + "`, for each of the configured `reports`, from the day on which the last sync ended up to today. Without `reports` there is no such stream. The documented scopes are " + documentedScopes() + "." +
		fmt.Sprintf(" Once a day (`window_interval`) the %d days before the last such re-read (`statistics_window`) are re-read.", days)
	d.cost = "first sync: 4 requests for the first year of each report and 1 for each further one; more, if the rows of a year fill more than a quarter of a page of 10,000. Increment: 1 for each report. If no other stream is selected, 1 more to get the time."
	d.captured = fmt.Sprintf("every day since `start_date`, the present one up to now. A day in which anything has changed within these %d days is written with all its rows.", days)
	d.deletions = "no tombstones. Of a day, those rows are current that have its latest `as_of_datetime`; if it has no rows any more, a row without measures is written."
	d.missing = fmt.Sprintf("changes of a day after these %d days.", days)
}

// documentedScopes lists the subjects of reports and their dimensions.
func documentedScopes() string {
	var all []string
	for _, s := range reports.Scopes() {
		text := "`" + s.Name + "`"
		if len(s.Dimensions) > 0 {
			text += " (" + strings.Join(s.Dimensions, ", ") + ")"
		}
		all = append(all, text)
	}
	return strings.Join(all, ", ")
}

// snapshot describes what a full refresh captures.
func (d *streamDoc) snapshot() {
	d.captured = "all records, as they are at the time of the sync."
	d.deletions = "a deleted record is not in the next sync: use a sync mode that overwrites."
	d.missing = "records that were created and deleted between two syncs"
}

// lookbackWindow describes the re-reads of records that can change while their
// cursor value stays the same.
func (d *streamDoc) lookbackWindow(s *section) error {
	if s.LookbackWindow == 0 {
		return nil
	}
	setting := s.Name + "_window"
	if !hasSetting(setting) {
		return fmt.Errorf("stream %q: it has a lookback window, and there is no setting %q", s.Name, setting)
	}
	days := int(s.LookbackWindow / (24 * time.Hour))
	d.how += fmt.Sprintf(" Once a day (`window_interval`) the scan continues over the %d days before the last such re-read (`%s`), in which records may have changed while `%s` did not.", days, setting, s.Cursor)
	d.cost += fmt.Sprintf(" Once a day: 1 for 100 records of these %d days.", days)
	d.captured += fmt.Sprintf(" Changes within %d days of that, by the daily re-read.", days)
	d.missing = fmt.Sprintf("changes of a record after these %d days", days)
	return nil
}

func hasSetting(name string) bool {
	for _, f := range reflect.VisibleFields(reflect.TypeFor[config.Config]()) {
		if key, _, _ := strings.Cut(f.Tag.Get("json"), ","); key == name {
			return true
		}
	}
	return false
}

// changeFeed describes what the account's events contribute to the stream.
func (d *streamDoc) changeFeed(s *section) {
	changes := streams.ChangesOf(s.Stream)
	if changes == nil {
		return
	}
	if s.Mode == stream.Derived {
		d.captured += " That includes records that are re-fetched because of events."
		return
	}
	d.atRest += ", and 1 for events"
	d.how += " Then the account's events since the last sync are read, and the records they name are re-fetched."
	d.cost += " Events: 1 for 100 of them, shared by all streams. Re-fetches: " + changes.RefetchDoc + "."
	d.captured += " Also the changes that these events announce: " + quoted(changes.EventTypes) + "."
	if d.missing != "" {
		d.missing += ", unless one of the events announces them"
	}
}

// tombstones describes how deletions of the stream's records are captured, if
// they are.
func (d *streamDoc) tombstones(s *section) {
	_, dated := s.column("deleted_datetime")
	switch {
	case s.Deletable && s.Mode == stream.Derived:
		d.deletions = fmt.Sprintf("a tombstone, when a new version of a record of `%s` lacks what an earlier one had. Which ones it had is stored for the most recent records only; of older ones, an event has to name it.", s.Parent.Name)
	case s.Deletable && dated:
		d.deletions = "a tombstone, when an event or a failed re-fetch shows it; `deleted_datetime`, if the record stays."
	case s.Deletable:
		d.deletions = "a tombstone, when an event or a failed re-fetch shows it."
	case s.Incremental() && dated:
		d.deletions = "`deleted_datetime` has the time, as long as changes are captured."
	}
}

// needs describes the permission that credentials need.
func (d *streamDoc) needs(s *section) {
	scope := "the documentation names no scope for OAuth2 apps"
	if s.OAuthScope != "" {
		scope = "an OAuth2 app needs the scope `" + s.OAuthScope + "`"
		if streams.ChangesOf(s.Stream) != nil {
			scope += ", and `" + streams.Events.OAuthScope + "` for the change feed"
		}
	}
	d.permission = scope + ". An API key: an admin's; another user's if that user may see these records."
}
