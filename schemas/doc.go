// Package schemas defines the records. Every stream has one Go type here. Its
// doc comments are the descriptions, and its JSON Schema is next to it, generated
// and embedded (Of).
//
// # How a type becomes a schema
//
//	int64, string      part of the primary key: never null
//	*int64, *string …  any other column: may be null
//	*time.Time         a timestamp
//	*Person            an object with known fields
//	Object             a free-form object: any keys that the API sends
//	[]string           an array of scalars
//	[]Person           an array of objects with known fields
//	[]any              an array of any values
//
// Below the top level, every value may be null. Columns have the order of the
// fields. Objects may always contain more fields than they declare.
//
// One schema serves both protocols and must mean the same under the drafts 4, 7
// and 2020-12, so the dialect is small: types, properties, items, int64 bounds
// and the format date-time. It has no keyword that a real value could violate:
// no enum, no pattern, no required. The description names a known set of values;
// an open set is one that the API may extend without notice.
//
// # Fields of unknown or mixed types
//
// Some fields contain any JSON, by their documentation or in practice: a ticket's
// meta, a customer's data, a prediction. They are declared as free-form objects,
// which every destination can store. If such a field contains another kind of
// JSON value, the value goes to the column unrecognized_fields, under its path:
// a union of types is text in some destinations and an error in others. The value
// of a custom field may be a string, a number or a boolean: its column is a
// string, and numbers and booleans keep their spelling. A field below the top
// level of unknown type is not declared, and is passed through as it was sent.
//
// # Sources of a description
//
// If a description names no source, the reference documentation and recorded
// responses of real accounts agree. "Documented." means that no recorded response
// contains the field, "Seen." that no documentation mentions it, and "Assumed."
// that it is inferred from something else.
//
// # How to add a field
//
// Add it to the type, with a comment, and run go generate ./... at the root.
// A new record type is a new struct, which ends with Unrecognized, and a row in the
// table of streams. Columns are public: adding one is always safe, but renaming
// or retyping one breaks the tables of every user.
package schemas
