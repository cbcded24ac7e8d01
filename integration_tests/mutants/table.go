package main

// A mutant is one way to break a rule.
type mutant struct {
	rule, name string
	change     change
	suites     []suite // those that notice; the next one is run if the one before does not
}

var (
	anyTest = []suite{scenarios, every, histories}
	byDays  = outside("TestDailyReports|TestReportCrashRecovery|TestServerClockGoesBack|TestReportsWithWrongDates")
	byHost  = outside("TestReportsOnALateHost")
	byTime  = outside("TestNoSilence")
	byJobs  = outside("TestJobsAreFollowed|TestFollowingIsBounded")
	byText  = outside("TestRetriesAreLogged|TestConfiguredColumns|TestTapSelection|TestTapNothingSelected")
	byDates = outside("TestAnyDates|TestDateAheadOnce|TestFutureState|TestDateCorrected")
	byCount = outside("TestRequestCountOf(Refetches|Burst)")
	byPace  = outside("TestPace|TestManyProcesses")
	byPeak  = []suite{hostile}
	byMerge = outside("TestEndlessMerges")
	byUnit  = unit("gorgias")
	byPages = unit("reader")
	byRows  = outside("TestVerify(Command|Input|Equal|LateList|DatedChange|Histories)")

	// What is deleted during a sync, and after one with dates that were ahead.
	byDeletions = outside("TestDeletedDuringSync|TestDateAheadOnce")

	byInputs = outside("TestScript")
	byWrong  = outside("TestWrongInputs")

	byHidden     = outside("TestHiddenRecord")
	byUnresolved = outside("TestUnresolvedMessages")
)

const now = "time.Now()"

// mutants are all mutants, by the package that has the marker.
var mutants = []mutant{
	// gorgias
	{"page-is-complete-json", "a truncated page is the last one", Delete, anyTest},
	{"missing-token-is-invalid", "a page without its token is the last one", False, anyTest},
	{"rate-limited-is-retried", "429 is not retried", Value(2, "false"), anyTest},
	{"server-error-is-retried", "5xx is not retried", Value(2, "false"), anyTest},
	{"server-time-jumps-are-unproven", "any Date is believed", True, outside("TestDateCorrected")},
	{"corrected-server-time-counts", "a corrected clock is never believed", True, outside("TestDateCorrected")},
	{"call-limit-is-bounded", "a bucket holds what a header says", Value(1, "u"), byUnit},
	{"call-limit-is-plausible", "any limit is believed", Value(1, "l"), byUnit},
	{"bucket-holds-no-more-than-its-limit", "a bucket holds more than its limit", Delete, byUnit},
	{"first-requests-are-sent-alone", "all processes send several requests at once", False, byPace},
	{"others-are-left-room", "the room that is left does not depend on what others send", Value(1, "max(1, l.reserve*limit)"), byPace},
	{"children-are-read-side-by-side", "the lists below records are one chain of requests", Value(1, "(chan struct{})(nil)"), byPace},
	{"events-are-read-beside-the-lists", "a first scan of the events waits for the lists", Value(1, "false"), byPace},
	{"no-list-waits-for-itself", "the list of events waits for a response that nothing requests", Drop(2), outside("TestEventsAlone")},
	{"long-lists-are-read-first", "long lists are read in the order of the catalog", Delete, outside("TestLongListsFirst")},
	{"rows-per-page-are-bounded", "a page may have any number of rows", False, byUnit},
	{"page-tokens-are-bounded", "a page token may have any length", False, byUnit},
	{"bodies-are-bounded", "a body may have any length", False, byPeak},
	{"large-bodies-are-read-in-turn", "large bodies are read side by side", Stmt("if true { return func() {}, nil }; $"), byUnit},
	{"content-length-reserves-little", "a Content-Length reserves what it says", Value(1, "make([]byte, 0, max(res.ContentLength, bytes.MinRead))"), byUnit},
	{"retry-after-is-honored", "Retry-After is ignored", Value(1, "0 * ($)"), anyTest},
	{"status-is-proven-by-its-body", "a 4xx of a gateway is believed", False, anyTest},
	{"redirect-names-the-same-kind", "a temporary redirect is a merge", Drop(2), byUnit},
	{"byte-order-mark-is-skipped", "a byte order mark is no JSON", False, byUnit},
	{"nan-becomes-null", "NaN stops a list", False, byUnit},
	{"nan-is-no-end-of-list", "a page token that is NaN is the end of the list", False, byUnit},
	{"unproven-401-renews-no-token", "a 401 of a gateway spends the refresh token", Drop(3), byUnit},

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
	{"finished-records-are-not-kept", "a page is kept by the names of its undeclared fields", Delete, unit("conform")},
	{"kept-values-are-masked", "a value that does not fit shows secrets", Stmt("masking := p.masking; p.masking = maskNothing; $; p.masking = masking"), unit("conform")},
	{"listed-reports-replace-the-preset", "a report of the preset is there twice", True, unit("config")},
	{"ids-of-objects-fill-their-columns", "the columns for the ids of objects are null", Delete, unit("conform")},
	{"flat-keys-follow-their-object", "the id of an excluded object is in its column", Stmt("if false { $ }"), unit("conform")},
	{"deep-nesting-becomes-null", "any depth is written", False, unit("conform")},
	{"long-integers-become-null", "integers of any length are written", False, unit("conform")},
	{"large-records-lose-their-largest-columns", "records of any size are written", False, unit("conform")},

	// state
	{"watermark-is-newest-cursor", "the watermark is the end of the scan by the host's clock", Value(1, now), anyTest},
	{"removed-elements-get-tombstones", "what was taken off a record stays", False, scenario("values of recent customers are set and taken off")},
	{"rows-that-are-read-are-compared", "rows below the lower bound are not compared", Value(2, "false"), scenario("a record is read before its change is visible, and its event long after")},
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

	// verify
	{"half-tables-are-refused", "half a table is a table", False, byRows},
	{"no-rows-are-no-table", "an empty table is compared", False, byRows},
	{"unknown-columns-are-named", "unknown columns are passed over", Delete, byRows},
	{"rows-without-a-key-are-counted", "rows without a key are passed over", Delete, byRows},
	{"tombstones-are-not-there", "a tombstone is a row", Delete, byRows},
	{"rows-that-are-there-twice-are-found", "a row may be there twice", False, byRows},
	{"timestamps-may-lose-their-fraction", "a timestamp needs all its digits", False, unit("verify")},
	{"lists-that-cannot-be-sampled-are-read-whole", "a list without events is sampled", Delete, byRows},
	{"late-events-are-waited-for", "late events are not waited for", Delete, byRows},
	{"differences-with-events-are-pending", "what an event explains is a fault", Delete, byRows},
	{"dates-show-changes-since", "what its dates explain is a fault", False, byRows},
	{"lists-may-be-late", "a list is believed that shows changes late", True, byRows},
	{"rows-of-deleted-tickets-may-stay", "messages of deleted tickets are faults", Delete, byRows},
	{"counters-are-not-compared", "usage of tags is compared, which changes with each ticket", False, outside("TestVerifyCounters")},
	{"tags-have-totals", "rows are not compared with the usage of tags", Delete, outside("TestVerifyTagUsage")},
	{"totals-of-the-account-are-compared", "there are no control totals", Value(1, "error(nil)"), outside("TestVerifyControl")},
	{"bound-of-a-sample", "the bound is too low", Value(1, "$ / 3"), byRows},
	{"differences-have-an-exit-code", "differences are no failure", Stmt("return nil"), byRows},
	{"what-was-not-compared-is-not-equal", "what cannot be compared is different", Stmt("return exitCode{exitDifferent, err}"), byRows},

	// reader: incremental scans
	{"watermark-stands-still-during-scan", "each page finishes the scan", True, anyTest},
	{"scan-ends-below-lower-bound", "a scan ends at the lower bound itself", Shift(1), scenario("equal timestamps across page boundaries")},
	{"scan-ends-below-lower-bound", "a scan is one page", True, anyTest},
	{"records-at-watermark-are-kept", "records equal to the lower bound are left out", Shift(1), scenario("equal timestamps across page boundaries")},
	{"server-clock-starts-scan", "the host's clock dates a scan", Value(1, now), scenario("the host's clock is a day ahead")},
	{"restart-forgets-page-token", "a restart keeps the rejected token", Delete, []suite{every, histories}},
	{"rejected-token-restarts-scan", "a rejected token ends the stream", Value(1, "0 * ($)"), anyTest},
	{"overlap-is-reread", "a scan ends at the watermark", Call(1, "$0"), anyTest},
	{"bursts-are-read-twice-at-most", "a burst is read again by each sync", False, byCount},
	{"bursts-are-read-twice-at-most", "what is dated like the newest record lies below the watermark", Drop(2), []suite{every}},
	{"order-is-verified", "a list is taken to be sorted", False, anyTest},
	{"watermark-never-passes-scan-start", "a watermark may lie in the future", Delete, anyTest},
	{"empty-page-continues-scan", "an empty page ends a scan", Value(1, "$ || len(page.Records) == 0"), scenario("page tokens that repeat")},
	{"window-lowers-scan-bound", "the scan does not reach back over the window", Delete, scenario("a change is reverted after a killed sync emitted it")},
	{"window-lowers-output-bound", "records of the window are left out", Delete, scenario("recent messages are edited, fail, are opened, are deleted")},
	{"head-is-rescanned-after-resume", "a resumed scan is not followed by another", Drop(2), []suite{every, histories}},
	{"head-is-rescanned-after-long-scan", "a long scan is not followed by another", False, scenario("a ticket is updated during a long scan")},
	{"state-past-end-date-is-kept", "a state past the end date is read on from", False, historiesFrom(2)},
	{"scan-without-rows-starts-again-before-end", "a scan without rows goes on up to an end date", Drop(2), byPages},
	{"end-date-keeps-event-watermark", "a first scan up to an end date stores no event watermark", Value(1, "$ && p.End.IsZero()"), historiesFrom(181)},
	{"event-watermark-precedes-first-record", "the event watermark comes with the first records", Delete, historiesFrom(547)},
	{"failed-stream-is-not-complete", "a failed stream is complete", Stmt("r.send(o, Batch{Kind: Done})"), anyTest},
	{"failed-stream-keeps-state", "a failed stream starts again from now",
		Stmt("kept := o.Bookmark; o.Bookmark = state.Bookmark{Watermark: time.Now(), WindowReadAt: time.Now(), EventWatermark: time.Now()}; r.EmitRecords(o, nil); o.Bookmark = kept; $"), scenario("403 for one stream")},
	{"unauthorized-alone-ends-all-streams", "any error ends all streams", Call(1, "$1 != nil"), anyTest},

	{"unfinished-records-are-kept", "unfinished records are forgotten", False, byJobs},
	{"unfinished-records-are-followed", "unfinished records are not followed", Skip, byJobs},
	{"finished-records-are-not-followed", "finished records are followed for ever", Delete, byJobs},

	// reader: pages
	{"fields-with-elements-are-derived", "records of derived streams are passed over", Value(1, `s.Nested[i] != ""`), unit("streams")},
	{"rows-without-a-key-are-left-out", "a row without a key is emitted", True, byPages},
	{"left-out-rows-fail-the-stream", "rows are left out in silence", False, byPages},
	{"elements-without-a-key-are-left-out", "an element without a key is emitted", False, byPages},
	{"nan-is-reported", "NaN becomes null in silence", Delete, byPages},
	{"own-fields-count", "an element's field replaces the key of its parent", False, unit("streams")},
	{"custom-field-takes-id-from-name", "a custom field without an id is left out", False, unit("streams")},
	{"null-keys-are-not-written", "a catalog's schema makes a key null", False, unit("singer")},
	{"only-mergeable-records-are-merged", "a redirect of a record that is never merged is a deletion", False, byPages},
	{"unproven-404-has-to-last", "a momentary 404 of another form may be proven", Drop(4), byPages},
	{"unproven-404-needs-a-witness", "a lasting 404 of another form is a deletion", False, byPages},
	{"unproven-404-outlasts-its-witness", "the record is not asked for after its witness", Delete, byPages},
	{"empty-page-continues-list", "an empty page ends a list", Value(1, `map[bool]string{true: $}[len(page.Records) > 0]`), anyTest},
	{"list-is-read-to-its-end", "a list without an order is one page", Value(1, `map[bool]string{true: $}[p.Observe != nil]`), anyTest},
	{"repeated-tokens-are-detected", "a loop of page tokens is not noticed", False, byPages},
	{"record-fetched-by-id-is-verified", "a record fetched by id may be another", Drop(2), byPages},

	// changefeed
	{"change-feed-runs", "events are not read", False, anyTest},
	{"unread-events-fail-loudly", "events that cannot be read are passed over", Delete, anyTest},
	{"deletions-become-tombstones", "deletions are not emitted", True, anyTest},
	{"changed-messages-refetch-their-ticket", "a message does not change its ticket", Stmt("if !e.ofMessage() { $ }"), unit("changefeed")},
	{"tickets-are-refetched", "tickets are not re-fetched", Skip, anyTest},
	{"missing-tickets-are-fetched-by-id", "tickets missing from a response are not fetched by id", Skip, anyTest},
	{"threads-are-refetched", "messages are not re-fetched", False, anyTest},
	{"lists-are-read-for-several-records", "records close together are requested one by one", True, byCount},
	{"read-records-are-reread-together", "records that were just read are requested one by one", Value(1, "true"), byCount},
	{"surveys-are-refetched", "surveys are not re-fetched by id", Skip, anyTest},
	{"merged-ticket-moves-messages", "messages of a merged ticket keep their old ticket", Delete, anyTest},
	{"removed-tags-get-tombstones", "removed tags stay", Delete, outside("TestRemovedTagOfOldTicket")},
	{"present-tags-get-no-tombstone", "a tag that was added again is deleted", Delete, scenario("a tag is added again while its removal is processed")},
	{"tag-tombstone-has-date-of-ticket", "the tombstone of a tag is newer than the tag added again", Call(2, "$f($1, $3, $3, $4, $5, $6)"), historiesFrom(6)},
	{"customers-are-refetched", "customers are not re-fetched", Skip, anyTest},
	{"dated-change-is-not-refetched", "a customer that was read is not re-fetched because of an update", Drop(3), unit("changefeed")},
	{"deleted-messages-are-asked-for", "a clock decides that a deleted message exists", Delete, byDeletions},
	{"deleted-messages-are-confirmed", "a message that was read in the second of its deletion exists",
		Stmt("if !a.Emissions.Get(id).ReadAt.Before(why.at.Truncate(1e9)) { return nil }; $"), byDeletions},
	{"deleted-messages-are-followed", "a deleted message is not followed to the ticket it moved to", Delete, scenario("a deleted message moves with its ticket")},
	{"vanished-messages-get-tombstones", "deleted messages that are gone stay", Delete, anyTest},
	{"missing-record-is-a-deletion", "a record that is gone is an error", False, anyTest},
	{"scan-counts-as-read-only-after-overlap", "a record read once is up to date forever", Call(1, "!$0.IsZero()"), scenario("a record is read before its change is visible, and its event long after")},
	{"scan-counts-as-read-only-after-overlap", "a record read within the overlap is up to date", Call(2, "$0"), scenario("a record is read before its change is visible, and its event long after")},
	{"events-are-reprocessed-over-overlap", "events are processed once", Call(2, "$1"), anyTest},
	{"event-watermark-moves-after-chunk", "the event watermark moves before the events are processed",
		Stmt("o.Bookmark.EventWatermark = state.MaxTime(o.Bookmark.EventWatermark, l.LastServerTime().Add(-l.Overlap)); $"), anyTest},
	{"event-ids-are-kept-over-overlap", "processed events are not remembered", False, anyTest},
	{"unprocessed-events-emit-again", "a known version is not emitted for a new event", Drop(2), scenario("a change is reverted after a killed sync emitted it")},
	{"clamped-state-reads-all-events", "events before a clamped state are skipped", Value(1, "from"), outside("TestFutureState")},
	{"endless-lists-end", "a list without an end is read for ever", False, byPages},
	{"redirect-alone-proves-no-merge", "a redirect to a customer that was read proves a merge", Drop(2), evil("merged_record:_merged_for_ever")},
	{"survivor-proves-merge", "a merge into a record that cannot be read is a deletion", False, byMerge},
	{"endless-merges-end", "merges are not followed", Skip, byMerge},
	{"uncertain-server-time-is-not-stored", "a Date is believed against the host's clock", Value(1, "r.date"), byDates},
	{"chosen-dates-prove-no-future", "a record that was created in the future by someone's choice proves the time", Stmt("by = &c.hint"), byDeletions},
	{"responses-are-dated-as-they-are-asked-for", "what came while a response was under way dates it", Call(1, "$f(time.Now())"), byPages},
	{"future-records-prove-no-time", "a record dated in the future proves the time", Drop(2), byDates},
	{"future-watermark-is-clamped", "a watermark in the future stays", Delete, unit("state")},
	{"future-window-is-clamped", "a window read in the future stays", Delete, unit("state")},
	{"future-event-watermark-is-clamped", "an event watermark in the future stays", Delete, unit("state")},
	{"server-clock-starts-change-feed", "the host's clock dates the change feed", Value(1, now), scenario("the host's clock is a day ahead")},
	{"shared-events-reach-back", "events that were read from too late on are complete", Delete, outside("TestSharedEvents")},
	{"message-tickets-are-resolved-by-context", "the tickets of messages are not looked up", False, anyTest},
	{"rejected-type-filter-is-dropped", "events are not read if the API rejects the filter by type", False, anyTest},
	{"older-version-is-not-emitted-last", "what a list showed is emitted after what was fetched since", Stmt("return items"), historiesFrom(310)},
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
	{"deletes-ignore-emits-no-tombstones", "ignored deletions are emitted", False, scenario("deletions are ignored")},

	{"heartbeat-covers-full-refreshes", "full refreshes have no heartbeat", Stmt("if i < 0 { return true }; $"), byTime},

	// airbyte, singer
	{"heartbeat-writes-a-state", "a heartbeat that repeats a state writes nothing", Delete, byTime},
	{"heartbeat-repeats-the-state", "the tap writes no state without records", Value(1, "error(nil)"), byTime},
	{"unconfigured-columns-are-not-written", "all columns are written", Call(1, "$f($1, $2, nil)"), byText},
	{"retries-are-logged", "retries are not logged", Delete, byText},
	{"nothing-selected-is-reported", "an empty selection is not reported", False, outside("TestTapNothingSelected")},

	// reports
	{"changed-days-forget-fingerprints-first", "the fingerprint of a changed day stays until its rows are written", Delete, byDays},
	{"emptied-days-get-an-empty-row", "a day that has no rows any more keeps them", False, byDays},
	{"report-watermark-follows-days-read", "days are passed before they are read", Call(2, "$f(time.Now().AddDate(1, 0, 0))"), outside("TestReportsResume")},
	{"recent-days-are-reread", "days of the window are not read again", Value(1, "false && ($)"), byDays},
	{"recent-days-are-reread", "a late host's clock puts off the window of reports", Call(1, "$f($1, d.now)"), byHost},
	{"no-interval-rereads-in-every-sync", "a server's clock that goes back puts off the window", Drop(1), byPages},
	{"days-beyond-the-window-are-read", "the window of a late host hides today", Call(1, "$f($1, $3)"), byHost},
	{"doubtful-server-time-is-asked-again", "the first Date of a sync is believed", Value(1, "!server.IsZero()"), outside("TestReportsAfterAWrongDate")},
	{"reports-have-a-plausible-present", "a Date in the future dates the rows of reports", Value(1, "server"), evil("every_request:_Date")},
	{"days-beyond-the-present-are-bounded", "days up to any Date are read", Value(1, "dayOf(server, d.Zone)"), evil("every_request:_Date_in_year")},
	{"future-report-watermark-is-clamped", "the watermark of a report may lie in the future", False, unit("state")},
	{"future-report-window-is-clamped", "the window of a report may have been read in the future", False, unit("state")},
	{"server-clock-dates-today", "the host's clock tells which day is today", Value(1, now), byDays},
	{"day-before-period-is-queried", "a period is taken to include its first day", Call(1, "$f($1, $2+1, $3)"), outside("TestPeriodStartIsRead")},
	{"filters-make-another-report", "reports that differ in their filters are the same", Delete, outside("TestFilteredReports")},
	{"required-filters-are-demanded", "a scope that needs a filter is read without one", False, unit("config")},
	{"report-fingerprints-outlive-window", "fingerprints of the window are dropped", Call(1, "$1"), byDays},
	{"window-counts-only-when-reread", "a window that was not read counts as read", True, byDays},
	{"unchanged-days-are-not-emitted", "unchanged days are emitted again", False, byDays},
	{"report-rows-are-dated-upwards", "newer rows may have an older date", False, outside("TestFutureReportState")},

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
	{"suspects-that-exist-are-kept", "a record that was hidden for a while is forgotten", Stmt("_ = a.present(o, r.Suspects)"), byHidden},
	{"owners-of-suspects-are-asked-for", "what was derived from a record that was hidden for a while is forgotten", Delete, byHidden},
	{"suspects-are-asked-for", "suspects are never asked for", Delete, anyTest},
	{"tombstones-are-not-repeated", "what got a tombstone is a suspect", False, unit("reconcile")},
	{"unsorted-lists-are-not-reconciled", "an unsorted list is compared", False, unit("reconcile")},
	{"window-is-compared", "the lookback window is compared with fingerprints only", False, unit("reconcile")},
	{"held-rows-are-emitted-in-the-end", "rows that were held are lost if the list is unsorted", Delete, unit("reconcile")},
	{"held-rows-are-read-again", "a window that was read in two parts counts as compared", Call(1, "$f($1, true)"), unit("reconcile")},
	{"young-slices-are-joined", "each sync leaves a slice", False, unit("reconcile")},

	// probe
	{"probe-only-gets", "a probe writes, and asks for ever", False, unit("probe")},
	{"probe-is-bounded", "requests of a probe do not count", Delete, unit("probe")},
	{"probe-tells-newest-first", "an order that is ignored is another one", False, unit("probe")},
	{"probe-tells-new-from-changed", "events of changed messages that name no ticket are some", False, unit("probe")},
	{"probe-tells-redirects", "404 of a merged object is a redirect", True, unit("probe")},
	{"probe-tells-unmoved-dates", "a date before its change is hidden", False, unit("probe")},
	{"probe-tells-silent-deletions", "messages that vanished are passed over", False, unit("probe")},
	{"probe-tells-orders", "a list out of order is in order", False, unit("probe")},
	{"probe-tells-rejected-filters", "a rejected filter is an error", False, unit("probe")},

	// secrets
	{"account-is-masked", "secrets in the record of the account show", Value(1, "($)[:0]"), secrets},
	{"account-settings-are-masked", "secrets in account settings show", Value(1, "($)[:0]"), secrets},
	{"short-secrets-are-not-redacted", "one letter is a secret", Stmt("if len(part) == 0 { return }"), byUnit},
	{"white-space-is-ignored", "a secret that is broken over lines shows", True, byUnit},
	{"double-encodings-are-redacted", "a secret that is encoded twice shows", Skip, byUnit},
	{"hex-is-redacted", "a secret in hexadecimal digits shows", Skip, byUnit},
	{"base64-is-redacted", "a secret within Base64 shows", Skip, byUnit},
	{"references-are-resolved", "references remain", Stmt("return v"), unit("config")},
	{"the-cloud-has-no-variables", "users of a shared deployment read its variables", Stmt("return config.Resolve(raw, os.LookupEnv)"), byInputs},
	{"only-file-names-are-shown", "an error shows whatever was given for a file", Stmt("return true"), byInputs},
	{"only-a-file-can-be-missing", "a state in a directory that does not exist is a first run", Delete, byInputs},
	{"the-last-state-counts", "the states in the output of a run are not used", Delete, unit("state")},
	{"check-fails-on-a-terminal", "check succeeds on a terminal, whatever cannot be read", Stmt("return nil"), unit("cli")},
	{"a-host-that-fails-ends-the-plan", "plan asks a host that fails for each list", Stmt("return gorgias.Is(err, gorgias.Unauthorized)"), byWrong},
	{"dotenv-is-own", "a .env that others may write is used", Value(1, "true || ($)"), unit("cli")},
	{"dotenv-keeps-origin", "a .env sends the credentials of a config file elsewhere", Delete, unit("cli")},
	{"saving-is-proved-first", "a refresh token is spent before the file is tried", Stmt("return t, nil"), unit("cli")},
	{"pending-tokens-are-recovered", "tokens that a killed process left are removed", False, unit("cli")},
	{"tokens-of-others-are-used", "tokens that another process has renewed are not used", False, unit("cli")},
	{"odd-lifetimes-are-not-believed", "any expires_in is believed", Call(1, "float64(-1 << 62)"), byUnit},
	{"nan-is-no-lost-token", "a token response with NaN is none", Delete, byUnit},
	{"renewal-errors-are-proven", "a gateway's response at the token endpoint is final", Value(1, "$ || true"), byUnit},
	{"proxies-are-checked", "a proxy variable is not checked", False, byUnit},
	{"proxies-are-named", "an error of a proxy names the account", True, secrets},
	{"keys-in-disguise-are-reported", "the form of a rejected key is not reported", Delete, secrets},
}
