package reader

import (
	"time"

	"source-gorgias/connector/stream"
)

// Emissions are what a sync has read of a list, by record id.
type Emissions struct {
	byID  map[int64]Emission
	bytes int // of the records that are kept
}

// An Emission records when this sync last read a record and which version that
// was.
type Emission struct {
	// ReadAt is the server time of the response.
	ReadAt time.Time
	// Held is set if the destination of every output holds some version: this sync
	// or an earlier one emitted it.
	Held bool
	// Emitted is set if every output emitted this version. If not, and Held is
	// set, the destination holds it unless a sync that was killed emitted another
	// version since.
	Emitted bool
	// Cursor is the record's cursor value; zero if it has none.
	Cursor time.Time
	// Owner is the id of the record that it belongs to; 0 if there is none.
	Owner int64
	// Record is what was read; nil if it was not kept.
	Record *stream.Record

	version stream.Fingerprint
}

// maxKeptBytes bounds the records that a list keeps for its change feed. Those
// beyond are requested again if an event names them.
const maxKeptBytes = 16 << 20

// NewEmissions returns an empty record of emissions.
func NewEmissions() *Emissions { return &Emissions{byID: map[int64]Emission{}} }

// Get returns the emission of a record; zero if this sync has not read it.
func (e *Emissions) Get(id int64) Emission { return e.byID[id] }

// Record notes that a record was read.
func (e *Emissions) Record(rec stream.Record, em Emission) {
	e.Delete(rec.ID())
	em.Cursor, em.Owner, em.version = rec.Cursor, rec.Owner, rec.Fingerprint(time.Time{})
	if e.bytes+len(rec.Raw) <= maxKeptBytes {
		e.bytes += len(rec.Raw)
		em.Record = &rec
	}
	e.byID[rec.ID()] = em
}

// Delete forgets a record: what was emitted of it before does not count.
func (e *Emissions) Delete(id int64) {
	if rec := e.byID[id].Record; rec != nil {
		e.bytes -= len(rec.Raw)
	}
	delete(e.byID, id)
}

// IsLatest reports whether a record is the version that this sync has read last.
func (e *Emissions) IsLatest(rec stream.Record) bool {
	return e.byID[rec.ID()].version.Version == rec.Fingerprint(time.Time{}).Version
}

// HasEmitted reports whether this sync has emitted this version of a record.
func (e *Emissions) HasEmitted(rec stream.Record) bool {
	em, ok := e.byID[rec.ID()]
	return ok && em.Emitted && em.version.Version == rec.Fingerprint(time.Time{}).Version
}
