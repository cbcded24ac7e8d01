// Package connector plans and runs a sync of a Gorgias account. This page is the
// tour of the engine: where things are, what its words mean, three walks through
// the code, and how to add a stream.
//
// # Packages
//
// Imports run downward only; a test holds that.
//
//	cli         flags, files, standard streams, terminal
//	airbyte     writes the Airbyte protocol from the batches of a Run
//	singer      writes the Singer protocol from the same batches
//	sandbox     a small, strict Gorgias in memory; shares no code with the engine
//	verify      compares rows of a table with the account
//	connector   Plan and Run, forecast, permissions, summary, classification of errors
//	probe       asks an account which assumptions about the API are so
//	config      settings: their tags and comments are the spec of both protocols
//	streams     the table: one row per stream, one file per subject
//	changefeed  events → re-fetched records and tombstones; one file per list
//	reconcile   lists read again: slices, what changed, what vanished
//	reports     daily statistics
//	reader      pages, incremental scans, full refreshes, child lists; outputs
//	state       Bookmark and its JSON, fingerprints, event ids, import of states
//	reconcile/sketch  the difference between two sets of ids, from a few bytes of each
//	stream      what a stream is; Record: raw bytes, key, cursor, fingerprint
//	conform     one record in, one conformed record out; knows no HTTP, no protocol
//	gorgias     the HTTP client: rate limit, retries, pages, errors; knows no stream
//
// # Words
//
//	sync             one read over all selected streams
//	list, page       an endpoint that returns records; one response of it
//	page token       requests the next page (the API calls it cursor; we do not)
//	scan             reading a list from start to end, possibly across several syncs
//	cursor           the column that orders a stream; its value is the cursor value
//	watermark        the cursor value up to which everything has been read
//	scan position    where an unfinished scan stands
//	overlap          minutes before the watermark that every sync re-reads
//	lookback window  days in which a record may change without a new cursor value
//	fingerprint      a short hash of one version of a record, kept in the state
//	dedupe           skip a record whose fingerprint is in the state
//	output           a stream that is made from a list during a sync
//	batch            the records of one page and the bookmark that is valid once they are
//	                 written: a checkpoint
//	event, chunk     an entry of the account's event log; events processed together
//	emission         what this sync has read of a record, and whether it emitted it
//	tombstone        the record of a deletion
//	reconciliation   reading a list again, to find what neither a date nor an event shows
//	round, part      one such reading from end to end; what one sync reads of it
//	slice            a summary of records that were created one after the other
//	suspect          a record that is missing in its list, until it was asked for
//
// # A page's body
//
// [gorgias.Client.List] waits for the rate limit, sends the request and proves
// the response: parsePage cuts it into raw records in one pass. Run.FetchPage in
// package reader makes a [stream.Record] of each, with its key, cursor value and
// fingerprint; the engine keeps it as bytes. The scan moves its position over the
// page (observe) and decides whether the next page is needed, which the Pager then
// requests at once. It emits to each output what is new to it (emitPage, dedupe),
// with the bookmark that is valid then. [Plan.Run] yields the batch; the writer conforms each record while it
// copies it into its buffer, appends the state, and writes both in one call.
//
// # An event
//
// Outputs of lists whose row has Changes wait for the change feed, unless there is
// an end date. Feed.Execute reads the
// events since the earliest EventWatermark, along with the stream of events if
// that is selected. consume buffers them; processChunk hands each list its own.
// A pure plan (planTickets, planMessages, …) decides what they require. Records
// that this sync has read since, later than the overlap, are taken from its emissions; the others are
// re-fetched, and those that are gone get tombstones. Then the bookmark stores
// how far the events are processed, and the ids of those that the next sync will
// see again: an event whose id is not there makes its record be emitted even if
// the fingerprint is known, since a sync that was killed may have emitted
// another version.
//
// # A state
//
// [state.Parse] reads the bookmark of a stream, of this program or of another
// connector. groupByList puts streams at the same position of a list together;
// scan.resume continues from there, if the positions belong to one scan (canJoin). While a scan is under way, the watermark
// stands still and the bookmark holds the scan position; FinishScan moves the
// watermark, never past the server time at which the scan started. A bookmark is
// valid from the moment its batch has been written: every batch is a safe place
// to stop.
//
// # To add a stream
//
//  1. Write its record type in package schemas.
//  2. Add its row in package streams; a new file's rows are listed in subjects.
//  3. Give the sandbox a route for it.
//  4. Add a sample response to integration_tests/testdata/samples, and its row in
//     the two tests of samples.
//  5. Run go generate ./... and go test ./...: the conformance tests loop over
//     the table and know the new stream.
package connector
