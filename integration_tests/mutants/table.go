package main

// A mutant is one way to break a rule.
type mutant struct {
	rule, name string
	change     change
	suites     []suite // those that notice; the next one is run if the one before does not
}

var (
	anyTest = []suite{scenarios, every, histories}
	byDays  = []suite{reports}
	byHost  = []suite{lateHost}
	byTime  = []suite{silence}
	byJobs  = []suite{following}
	byText  = []suite{protocols}
	byDates = []suite{dates}
	byUnit  = unit("gorgias")
	byPages = unit("reader")
	byPeak  = []suite{hostile}
	byMerge = []suite{merges}

	byUnresolved = []suite{unresolved}
)

const now = "time.Now()"

// mutants are all mutants, by the package that has the marker.
var mutants = []mutant{
	// gorgias
	{"page-is-complete-json", "a truncated page is the last one", Delete, anyTest},
	{"missing-token-is-invalid", "a page without its token is the last one", False, anyTest},
	{"rate-limited-is-retried", "429 is not retried", Value(2, "false"), anyTest},
	{"server-error-is-retried", "5xx is not retried", Value(2, "false"), anyTest},
	{"server-time-jumps-are-unproven", "any Date is believed", True, byDates},
	{"corrected-server-time-counts", "a corrected clock is never believed", True, byDates},
	{"call-limit-is-bounded", "a bucket holds what a header says", Value(1, "u"), byUnit},
	{"call-limit-is-plausible", "any limit is believed", Value(1, "l"), byUnit},
	{"bucket-holds-no-more-than-its-limit", "a bucket holds more than its limit", Delete, byUnit},
	{"rows-per-page-are-bounded", "a page may have any number of rows", False, byUnit},
	{"page-tokens-are-bounded", "a page token may have any length", False, byUnit},
	{"bodies-are-bounded", "a body may have any length", False, byPeak},
	{"large-bodies-are-read-in-turn", "large bodies are read side by side", Stmt("if true { return func() {}, nil }; $"), byUnit},
	{"content-length-reserves-little", "a Content-Length reserves what it says", Value(1, "make([]byte, 0, max(res.ContentLength, bytes.MinRead))"), byUnit},
	{"retry-after-is-honored", "Retry-After is ignored", Value(1, "0 * ($)"), anyTest},
	{"status-is-proven-by-its-body", "a 4xx of a gateway is believed", False, anyTest},
	{"redirect-names-the-same-kind", "a temporary redirect is a merge", Drop(2), unit("gorgias")},
	{"byte-order-mark-is-skipped", "a byte order mark is no JSON", False, unit("gorgias")},
	{"nan-becomes-null", "NaN stops a list", False, unit("gorgias")},
	{"nan-is-no-end-of-list", "a page token that is NaN is the end of the list", False, unit("gorgias")},
	{"unproven-401-renews-no-token", "a 401 of a gateway spends the refresh token", Drop(3), unit("gorgias")},

	// gorgias, reader, changefeed: answers of others
	{"status-is-proven-by-its-body", "a 4xx of a gateway is believed by the evil server's client", False, evil("^(first_page|child_list|single_object):_4")},
	{"unproven-404-needs-a-witness", "what lasts is a deletion to the evil server's client", False, evil("record:_404")},
	{"unread-events-fail-loudly", "events that cannot be read are passed over", Delete, anyTest},
	{"page-is-complete-json", "the evil server's page is taken as it is", Delete, evil(":_(half|all_but|bytes_after|it_twice)")},
	{"missing-token-is-invalid", "the evil server's page without its token is the last one", False, evil(":_(no_meta|next_cursor|meta_is_null|meta_is_\\[)")},
	{"server-error-is-retried", "the evil server's 5xx is not retried", Value(2, "false"), evil(":_5[0-9][0-9],")},

	// conform
	{"timestamp-without-offset-is-utc", "a timestamp without an offset is invalid", Drop(1), anyTest},
	{"undeclared-fields-are-kept", "undeclared fields are dropped", Value(1, `"unrecognised_fields"`), anyTest},
	{"certain-values-are-converted", "values of another type become null", True, anyTest},
	{"last-of-repeated-names-counts", "a key is the first of several", Stmt("if values[i] == nil { $ }"), unit("conform")},
	{"repeated-columns-are-noticed", "a column is the first of several", Delete, unit("conform")},
	{"timestamp-without-seconds-is-read", "a timestamp without seconds is invalid", Delete, unit("conform")},
	{"key-fits-in-64-bits", "a key may have any number of digits", False, unit("conform")},
	{"free-form-values-are-no-warning", "what may be anything is reported if it is no object", Stmt("p.nullify(n, BadType)"), unit("conform")},
	{"kept-values-hide-what-is-hidden", "a value that does not fit shows what is excluded", Drop(2), unit("conform")},
	{"kept-values-are-masked", "a value that does not fit shows secrets", Stmt("masking := p.masking; p.masking = maskNothing; $; p.masking = masking"), unit("conform")},
	{"listed-reports-replace-the-preset", "a report of the preset is there twice", True, unit("config")},
	{"ids-of-objects-fill-their-columns", "the columns for the ids of objects are null", Delete, unit("conform")},
	{"flat-keys-follow-their-object", "the id of an excluded object is in its column", Stmt("if false { $ }"), unit("conform")},
	{"deep-nesting-becomes-null", "any depth is written", False, unit("conform")},
	{"long-integers-become-null", "integers of any length are written", False, unit("conform")},
	{"large-records-lose-their-largest-columns", "records of any size are written", False, unit("conform")},

	// state
	{"watermark-is-newest-cursor", "the watermark is the end of the scan by the host's clock", Value(1, now), anyTest},
	{"removed-elements-get-tombstones", "what was taken off a record stays", False, anyTest},
	{"rows-that-are-read-are-compared", "rows below the lower bound are not compared", Value(2, "false"), anyTest},
	{"fingerprint-identifies-version", "a record that was emitted once is never emitted again", Drop(2), anyTest},
	{"fingerprint-identifies-version", "unchanged records are emitted again", False, anyTest},

	// reconcile/sketch
	{"decoded-elements-have-the-same-sketch", "the elements found need not agree with the last sum", False, unit("reconcile/sketch")},
	{"locator-has-one-solution", "more elements than the capacity are one of several solutions", False, unit("reconcile/sketch")},
	{"all-roots-are-words", "a polynomial may have fewer roots than its degree", Value(2, "$ || true"), unit("reconcile/sketch")},
	{"ids-of-zero-count", "an element without ids is ignored", Value(1, "0"), unit("reconcile/sketch")},
	{"consecutive-ids-are-scattered", "consecutive ids cancel out", Skip, unit("reconcile/sketch")},
	{"only-equal-capacities-are-merged", "sketches of different capacities are merged", False, unit("reconcile/sketch")},
	{"sketches-cut-short-are-refused", "a sketch may end in the middle of a sum", False, unit("reconcile/sketch")},

	// reader: incremental scans
	{"watermark-stands-still-during-scan", "each page finishes the scan", True, anyTest},
	{"scan-ends-below-lower-bound", "a scan ends at the lower bound itself", Shift(1), anyTest},
	{"scan-ends-below-lower-bound", "a scan is one page", True, anyTest},
	{"records-at-watermark-are-kept", "records equal to the lower bound are left out", Shift(1), anyTest},
	{"server-clock-starts-scan", "the host's clock dates a scan", Value(1, now), anyTest},
	{"restart-forgets-page-token", "a restart keeps the rejected token", Delete, anyTest},
	{"rejected-token-restarts-scan", "a rejected token ends the stream", Value(1, "0 * ($)"), anyTest},
	{"overlap-is-reread", "a scan ends at the watermark", Call(1, "$0"), anyTest},
	{"bursts-are-read-twice-at-most", "a burst is read again by each sync", False, []suite{refetches}},
	{"bursts-are-read-twice-at-most", "a scan that another sync began moves the watermark to its start", Drop(2), []suite{resuming}},
	{"order-is-verified", "a list is taken to be sorted", False, anyTest},
	{"watermark-never-passes-scan-start", "a watermark may lie in the future", Delete, anyTest},
	{"empty-page-continues-scan", "an empty page ends a scan", Value(1, "$ || len(page.Records) == 0"), anyTest},
	{"window-lowers-scan-bound", "the scan does not reach back over the window", Delete, anyTest},
	{"window-lowers-output-bound", "records of the window are left out", Delete, anyTest},
	{"head-is-rescanned-after-resume", "a resumed scan is not followed by another", Drop(2), anyTest},
	{"head-is-rescanned-after-long-scan", "a long scan is not followed by another", False, anyTest},
	{"state-past-end-date-is-kept", "a state past the end date is read on from", False, anyTest},
	{"scan-without-rows-starts-again-before-end", "a scan without rows goes on up to an end date", Drop(2), unit("reader")},
	{"end-date-keeps-event-watermark", "a first scan up to an end date stores no event watermark", Value(1, "$ && p.End.IsZero()"), anyTest},
	{"event-watermark-precedes-first-record", "the event watermark comes with the first records", Delete, anyTest},
	{"failed-stream-is-not-complete", "a failed stream is complete", Stmt("r.send(o, Batch{Kind: Done})"), anyTest},
	{"failed-stream-keeps-state", "a failed stream starts again from now",
		Stmt("kept := o.Bookmark; o.Bookmark = state.Bookmark{Watermark: time.Now(), WindowReadAt: time.Now(), EventWatermark: time.Now()}; r.EmitRecords(o, nil); o.Bookmark = kept; $"), anyTest},
	{"unauthorized-alone-ends-all-streams", "any error ends all streams", Call(1, "$1 != nil"), anyTest},

	{"unfinished-records-are-kept", "unfinished records are forgotten", False, byJobs},
	{"unfinished-records-are-followed", "unfinished records are not followed", Skip, byJobs},
	{"finished-records-are-not-followed", "finished records are followed for ever", Delete, byJobs},

	// reader: pages
	{"rows-without-a-key-are-left-out", "a row without a key is emitted", True, unit("reader")},
	{"left-out-rows-fail-the-stream", "rows are left out in silence", False, unit("reader")},
	{"elements-without-a-key-are-left-out", "an element without a key is emitted", False, unit("reader")},
	{"nan-is-reported", "NaN becomes null in silence", Delete, unit("reader")},
	{"own-fields-count", "an element's field replaces the key of its parent", False, unit("streams")},
	{"custom-field-takes-id-from-name", "a custom field without an id is left out", False, unit("streams")},
	{"null-keys-are-not-written", "a catalog's schema makes a key null", False, unit("singer")},
	{"only-mergeable-records-are-merged", "a redirect of a record that is never merged is a deletion", False, unit("reader")},
	{"unproven-404-has-to-last", "a momentary 404 of another form may be proven", Drop(4), unit("reader")},
	{"unproven-404-needs-a-witness", "a lasting 404 of another form is a deletion", False, unit("reader")},
	{"unproven-404-outlasts-its-witness", "the record is not asked for after its witness", Delete, unit("reader")},
	{"empty-page-continues-list", "an empty page ends a list", Value(1, `map[bool]string{true: $}[len(page.Records) > 0]`), anyTest},
	{"list-is-read-to-its-end", "a list without an order is one page", Value(1, `map[bool]string{true: $}[p.Observe != nil]`), anyTest},
	{"repeated-tokens-are-detected", "a loop of page tokens is not noticed", False, byPages},
	{"record-fetched-by-id-is-verified", "a record fetched by id may be another", Drop(2), unit("reader")},

	// changefeed
	{"change-feed-runs", "events are not read", False, anyTest},
	{"unread-events-fail-loudly", "events that cannot be read are passed over", Delete, anyTest},
	{"deletions-become-tombstones", "deletions are not emitted", True, anyTest},
	{"changed-messages-refetch-their-ticket", "a message does not change its ticket", Stmt("if !e.ofMessage() { $ }"), unit("changefeed")},
	{"tickets-are-refetched", "tickets are not re-fetched", Skip, anyTest},
	{"missing-tickets-are-fetched-by-id", "tickets missing from a response are not fetched by id", Skip, anyTest},
	{"threads-are-refetched", "messages are not re-fetched", False, anyTest},
	{"lists-are-read-for-several-records", "records close together are requested one by one", True, []suite{refetches}},
	{"read-records-are-reread-together", "records that were just read are requested one by one", Value(1, "true"), []suite{refetches}},
	{"surveys-are-refetched", "surveys are not re-fetched by id", Skip, anyTest},
	{"merged-ticket-moves-messages", "messages of a merged ticket keep their old ticket", Delete, anyTest},
	{"removed-tags-get-tombstones", "removed tags stay", Delete, []suite{removed}},
	{"present-tags-get-no-tombstone", "a tag that was added again is deleted", Delete, anyTest},
	{"tag-tombstone-has-date-of-ticket", "the tombstone of a tag is newer than the tag added again", Call(2, "$f($1, $3, $3, $4, $5, $6)"), anyTest},
	{"customers-are-refetched", "customers are not re-fetched", Skip, anyTest},
	{"dated-change-is-not-refetched", "a customer that was read is not re-fetched because of an update", Drop(3), unit("changefeed")},
	{"deleted-messages-are-asked-for", "a clock decides that a deleted message exists", Delete, deletions},
	{"deleted-messages-are-confirmed", "a message that was read in the second of its deletion exists",
		Stmt("if !a.Emissions.Get(id).ReadAt.Before(why.at.Truncate(1e9)) { return nil }; $"), deletions},
	{"deleted-messages-are-followed", "a deleted message is not followed to the ticket it moved to", Delete, anyTest},
	{"vanished-messages-get-tombstones", "deleted messages that are gone stay", Delete, anyTest},
	{"missing-record-is-a-deletion", "a record that is gone is an error", False, anyTest},
	{"scan-counts-as-read-only-after-overlap", "a record read once is up to date forever", Call(1, "!$0.IsZero()"), anyTest},
	{"scan-counts-as-read-only-after-overlap", "a record read within the overlap is up to date", Call(2, "$0"), anyTest},
	{"events-are-reprocessed-over-overlap", "events are processed once", Call(2, "$1"), anyTest},
	{"event-watermark-moves-after-chunk", "the event watermark moves before the events are processed",
		Stmt("o.Bookmark.EventWatermark = state.MaxTime(o.Bookmark.EventWatermark, l.LastServerTime().Add(-l.Overlap)); $"), anyTest},
	{"event-ids-are-kept-over-overlap", "processed events are not remembered", False, anyTest},
	{"unprocessed-events-emit-again", "a known version is not emitted for a new event", Drop(2), anyTest},
	{"clamped-state-reads-all-events", "events before a clamped state are skipped", Value(1, "from"), byDates},
	{"endless-lists-end", "a list without an end is read for ever", False, byPages},
	{"redirect-alone-proves-no-merge", "a redirect to a customer that was read proves a merge", Drop(2), evil("merged_record:_merged_for_ever")},
	{"survivor-proves-merge", "a merge into a record that cannot be read is a deletion", False, byMerge},
	{"endless-merges-end", "merges are not followed", Skip, byMerge},
	{"uncertain-server-time-is-not-stored", "a Date is believed against the host's clock", Value(1, "r.date"), byDates},
	{"chosen-dates-prove-no-future", "a record that was created in the future by someone's choice proves the time", Stmt("by = &c.hint"), deletions},
	{"responses-are-dated-as-they-are-asked-for", "what came while a response was under way dates it", Call(1, "$f(time.Now())"), unit("reader")},
	{"future-records-prove-no-time", "a record dated in the future proves the time", Drop(2), byDates},
	{"future-watermark-is-clamped", "a watermark in the future stays", Delete, unit("state")},
	{"future-window-is-clamped", "a window read in the future stays", Delete, unit("state")},
	{"future-event-watermark-is-clamped", "an event watermark in the future stays", Delete, unit("state")},
	{"server-clock-starts-change-feed", "the host's clock dates the change feed", Value(1, now), anyTest},
	{"shared-events-reach-back", "events that were read from too late on are complete", Delete, []suite{shared}},
	{"message-tickets-are-resolved-by-context", "the tickets of messages are not looked up", False, anyTest},
	{"rejected-type-filter-is-dropped", "events are not read if the API rejects the filter by type", False, anyTest},
	{"older-version-is-not-emitted-last", "what a list showed is emitted after what was fetched since", Stmt("return items"), []suite{histories}},
	{"unavailable-refetch-keeps-stream", "tickets that cannot be fetched by id end the stream", Drop(1), anyTest},
	{"unavailable-refetch-keeps-watermark", "events that cannot be applied count as processed", Drop(1), anyTest},
	{"event-retention-gap-is-reported", "events that the account no longer has are not reported", True, anyTest},
	{"read-messages-show-their-tickets", "the ticket of a message that was read is not known", Delete, []suite{scenarios}},
	{"messages-are-sought-in-changed-tickets", "messages of unknown tickets are not looked for", Skip, []suite{scenarios}},
	{"search-for-messages-is-bounded", "messages of unknown tickets are looked for without end", False, byUnresolved},
	{"deletions-without-ticket-are-not-believed", "a deletion of an unknown ticket's message is passed over", False, unit("changefeed")},
	{"message-of-lost-ticket-is-not-deleted", "a message of a ticket that is gone is deleted", Stmt("$; if into == 0 { ticketGone, err = false, nil }"), []suite{scenarios}},
	{"processed-events-need-no-ticket", "a deletion is reported that was captured", True, []suite{scenarios}},
	{"nameless-merges-are-followed", "a merge that names no other ticket is a deletion", Delete, unit("changefeed")},
	{"warning-belongs-to-the-list", "a warning is one of the first stream of a list", Value(1, "waiting[0]"), byUnresolved},
	{"unresolved-messages-are-reported", "messages that cannot be re-fetched are not reported", False, anyTest},
	{"forbidden-events-are-reported", "forbidden events are not reported", Delete, anyTest},

	// connector
	{"deletes-ignore-emits-no-tombstones", "ignored deletions are emitted", False, anyTest},

	{"heartbeat-covers-full-refreshes", "full refreshes have no heartbeat", Stmt("if i < 0 { return true }; $"), byTime},

	// airbyte, singer
	{"heartbeat-writes-a-state", "a heartbeat that repeats a state writes nothing", Delete, byTime},
	{"heartbeat-repeats-the-state", "the tap writes no state without records", Value(1, "error(nil)"), byTime},
	{"unconfigured-columns-are-not-written", "all columns are written", Call(1, "$f($1, $2, nil)"), byText},
	{"retries-are-logged", "retries are not logged", Delete, byText},
	{"nothing-selected-is-reported", "an empty selection is not reported", False, byText},

	// reports
	{"changed-days-forget-fingerprints-first", "the fingerprint of a changed day stays until its rows are written", Delete, byDays},
	{"emptied-days-get-an-empty-row", "a day that has no rows any more keeps them", False, byDays},
	{"report-watermark-follows-days-read", "days are passed before they are read", Call(2, "$f(time.Now().AddDate(1, 0, 0))"), byDays},
	{"recent-days-are-reread", "days of the window are not read again", Value(1, "false && ($)"), byDays},
	{"recent-days-are-reread", "a late host's clock puts off the window of reports", Call(1, "$f($1, d.now)"), byHost},
	{"no-interval-rereads-in-every-sync", "a server's clock that goes back puts off the window", Drop(1), unit("reader")},
	{"days-beyond-the-window-are-read", "the window of a late host hides today", Call(1, "$f($1, $3)"), byHost},
	{"doubtful-server-time-is-asked-again", "the first Date of a sync is believed", Value(1, "!server.IsZero()"), evil("every_request:_Date_(36_hours|a_year)_back,_once")},
	{"reports-have-a-plausible-present", "a Date in the future dates the rows of reports", Value(1, "server"), evil("every_request:_Date")},
	{"days-beyond-the-present-are-bounded", "days up to any Date are read", Value(1, "dayOf(server, d.Zone)"), evil("every_request:_Date_in_year")},
	{"future-report-watermark-is-clamped", "the watermark of a report may lie in the future", False, unit("state")},
	{"future-report-window-is-clamped", "the window of a report may have been read in the future", False, unit("state")},
	{"server-clock-dates-today", "the host's clock tells which day is today", Value(1, now), byDays},
	{"day-before-period-is-queried", "a period is taken to include its first day", Call(1, "$f($1, $2+1, $3)"), byDays},
	{"report-fingerprints-outlive-window", "fingerprints of the window are dropped", Call(1, "$1"), byDays},
	{"window-counts-only-when-reread", "a window that was not read counts as read", True, byDays},
	{"unchanged-days-are-not-emitted", "unchanged days are emitted again", False, byDays},
	{"report-rows-are-dated-upwards", "newer rows may have an older date", False, byDays},

	// reconcile
	{"earlier-start-date-is-read", "an earlier start date is ignored", Value(1, "false"), unit("reconcile")},
	{"empty-pages-end-no-reconciliation", "an empty page is the end of the list", Value(1, "!p.watches && p.Source.Created == p.Source.Cursor && p.created.Before(p.round.From)"), unit("reconcile")},
	{"equal-slices-are-not-written", "all that is read again is written", True, unit("reconcile")},
	{"feed-knows-what-was-reconciled", "the feed emits what was read before", False, unit("reconcile")},
	{"held-rows-are-bounded", "all rows of a part wait for its end", False, unit("reconcile")},
	{"hurried-rounds-began-earlier", "what a killed reconciliation has not read waits for a whole round", False, unit("reconcile")},
	{"late-reconciliation-is-reported", "what is late is not reported", Value(1, "false"), unit("reconcile")},
	{"missing-records-are-suspects", "what is missing is forgotten", Delete, unit("reconcile")},
	{"next-round-begins-at-once", "a round begins a sync after the one before has ended", True, unit("reconcile")},
	{"parts-end-where-slices-do", "what is not due is read as a part of what is", False, unit("reconcile")},
	{"parts-are-spread-over-time", "all parts are due at once", Value(1, "everything"), unit("reconcile")},
	{"present-records-are-no-suspects", "what is there is asked for", False, unit("reconcile")},
	{"reconciliation-is-bounded", "a sync reads all that is due", Value(1, "true"), unit("reconcile")},
	{"rejected-order-keeps-stream", "a rejected order fails the stream", False, unit("reconcile")},
	{"removed-elements-are-reconciled", "elements that were removed silently stay", False, unit("reconcile")},
	{"window-never-moves-back", "a clock that is behind makes the window be read from before", Value(1, "b.Scan.StartedAt"), unit("state")},
	{"round-keeps-its-place", "the slices below a round and above it are joined", Value(1, "false"), unit("state")},
	{"slices-may-end-in-the-future", "a slice that ends in the future is not compared", Delete, unit("reconcile")},
	{"suspects-that-exist-are-kept", "a record that was hidden for a while is forgotten", Stmt("_ = a.present(o, r.Suspects)"), []suite{hidden}},
	{"owners-of-suspects-are-asked-for", "what was derived from a record that was hidden for a while is forgotten", Delete, []suite{hidden}},
	{"suspects-are-asked-for", "suspects are never asked for", Delete, anyTest},
	{"tombstones-are-not-repeated", "what got a tombstone is a suspect", False, unit("reconcile")},
	{"unsorted-lists-are-not-reconciled", "an unsorted list is compared", False, unit("reconcile")},
	{"window-is-compared", "the lookback window is compared with fingerprints only", False, unit("reconcile")},
	{"held-rows-are-emitted-in-the-end", "rows that were held are lost if the list is unsorted", Delete, unit("reconcile")},
	{"held-rows-are-read-again", "a window that was read in two parts counts as compared", Call(1, "$f($1, true)"), unit("reconcile")},
	{"young-slices-are-joined", "each sync leaves a slice", False, unit("reconcile")},

	// secrets
	{"account-is-masked", "secrets in the record of the account show", Value(1, "($)[:0]"), secrets},
	{"account-settings-are-masked", "secrets in account settings show", Value(1, "($)[:0]"), secrets},
	{"short-secrets-are-not-redacted", "one letter is a secret", Stmt("if len(part) == 0 { return }"), unit("gorgias")},
	{"white-space-is-ignored", "a secret that is broken over lines shows", True, unit("gorgias")},
	{"double-encodings-are-redacted", "a secret that is encoded twice shows", Skip, unit("gorgias")},
	{"hex-is-redacted", "a secret in hexadecimal digits shows", Skip, unit("gorgias")},
	{"base64-is-redacted", "a secret within Base64 shows", Skip, unit("gorgias")},
	{"dotenv-is-own", "a .env that others may write is used", Value(1, "true || ($)"), unit("cli")},
	{"dotenv-keeps-origin", "a .env sends the credentials of a config file elsewhere", Delete, unit("cli")},
	{"saving-is-proved-first", "a refresh token is spent before the file is tried", Stmt("return t, nil"), unit("cli")},
	{"pending-tokens-are-recovered", "tokens that a killed process left are removed", False, unit("cli")},
	{"tokens-of-others-are-used", "tokens that another process has renewed are not used", False, unit("cli")},
	{"odd-lifetimes-are-not-believed", "any expires_in is believed", Call(1, "float64(-1 << 62)"), unit("gorgias")},
	{"nan-is-no-lost-token", "a token response with NaN is none", Delete, unit("gorgias")},
	{"renewal-errors-are-proven", "a gateway's response at the token endpoint is final", Value(1, "$ || true"), unit("gorgias")},
	{"proxies-are-checked", "a proxy variable is not checked", False, unit("gorgias")},
	{"proxies-are-named", "an error of a proxy names the account", True, secrets},
	{"keys-in-disguise-are-reported", "the form of a rejected key is not reported", Delete, secrets},
}
