// Package connector is the hall of the house: what there is to read, how it is
// read, and how far it has been read.
//
// # The tour
//
//	streams.go   the table: one row per stream
//	stream.go    what a row means, and the mistakes one can make in it
//	sync.go      Plan and Run: streams side by side, one batch after the other
//	walk.go      the walks over lists: newest first, oldest first, whole, below a parent
//	daily.go     reports, read by the day; report.go says what a report is
//	feed.go      what the lists cannot show: the account's events since the last time
//	retell.go    what they say: what is read again, and the tombstones of what is gone
//	forecast.go  what the next sync will ask for
//	bookmark.go  how far a stream has got, its JSON, and the states of other connectors
//	prints.go    what was written last, in fingerprints: what has not changed is not written again
//	record.go    reading a field of a record; cutting records out of records
//	tally.go     what a sync has come to, for people
//	config.go    what a user configures; its tags and comments are the specification
//	dialect.go   other ways to write the same
//	uri.go       the same as one address
//	misfit.go    what does not fit, and what is said of it
//	nearest.go   what somebody meant who misspelled a name
//	privacy.go   what of the records is not to be shown
//	probe.go     what these credentials may read
//	failure.go   errors in the words of the person who must act on them
//
// The rooms around it:
//
//	gorgias  HTTP in: client, allowance, retries, pages, errors. Knows no stream.
//	conform  one record in, one conformed record out. Knows no HTTP.
//	airbyte  the pen of the Airbyte protocol. Ranges over the batches of a Run.
//	singer   the pen of the Singer protocol, its catalog, its logs. The same.
//	sandbox  a small, strict Gorgias that lives in memory.
//	cli      flags, files and standard streams.
//
// # A record on its way
//
// The client proves a page and cuts it into raw records. The walk reads each
// record's key and cursor, drops what was written before, and hands the rest
// on in a Batch together with the Bookmark that holds once the batch is
// written. When the lists have been read, the feed hears the account's events
// since the last time, reads again what they name, and hands that on in the same
// way, with tombstones for what is gone. The pen conforms each record to its
// schema while it copies it into its buffer, and writes batch and bookmark in one
// call. No record is decoded into maps or structs on the way.
//
// # To add a stream
//
//  1. Write its record type in package schemas.
//  2. Add its row to the table in streams.go.
//  3. Give the sandbox a route for it.
//  4. Give it a place in the picture, in internal/generate/picture.go.
//  5. Run go generate ./... and go test ./...: the conformance tests loop over
//     the table and know the new stream.
package connector
