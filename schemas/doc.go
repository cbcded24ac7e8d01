// Package schemas says what a record is. Every stream has one Go type here;
// its doc comments are the descriptions, and its JSON Schema lies beside it,
// generated and embedded (Of).
//
// # How a type becomes a schema
//
//	int64, string      a part of the key: never null
//	*int64, *string …  a column that may be null, as every other column may
//	*time.Time         an instant
//	*Person            an object whose fields are known
//	Object             a free object: whatever keys the API sends
//	[]string           a list of scalars
//	[]Person           a list of objects whose fields are known
//	[]any              a list of anything
//
// Below the top level everything may be null. Columns stand in the order of
// the fields. Objects may always carry more than they declare.
//
// One schema serves both protocols and has to mean the same under the drafts
// 4, 7 and 2020-12, so the dialect is small: types, properties, items, int64
// bounds and the format date-time. What a real value can break is left out:
// no enum, no pattern, no required. A known set of values is named in the
// description, and an open set is one that the API may extend without notice.
//
// # What does not fit
//
// Some fields hold any JSON, by their documentation or by experience: a
// ticket's meta, a customer's data, a prediction. They are declared as free
// objects, which every destination can store. Should one hold another kind of
// JSON value, it becomes null and the loss is reported. The value of a custom
// field may be a string, a number or a boolean: its column is a string and
// holds numbers and booleans as they were spelled. A field below the top level
// whose kind nobody knows is not declared at all, and stays as it was sent.
//
// # How sure a description is
//
// Where a description says nothing about its source, the reference
// documentation and recorded answers of real accounts agree. "Documented."
// means that no recorded answer shows it, "Seen." that no documentation
// mentions it, and "Assumed." that it was concluded from something else.
//
// # How to add a field
//
// Add it to the type, with a comment, and run go generate ./... at the root.
// A new record type is a new struct, which ends with Rest, and a row in the
// table of streams. Columns are public: adding one is always safe, but to
// rename or retype one breaks the tables of everybody who uses it.
package schemas
