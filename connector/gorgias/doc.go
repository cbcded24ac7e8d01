// Package gorgias reads pages of a Gorgias account over HTTP. It knows how to ask,
// how often one may, what a whole page looks like and what an error means; it
// knows no streams and no protocol.
//
// Every request takes the same road (client.go): it waits for the account's
// budget (budget.go), is authorized (auth.go) and sent; its answer is bounded,
// proved and cut into raw records (page.go) or turned into an error (error.go),
// and what may pass is asked again (retry.go). Requests are GETs, to the
// account's own origin, and nothing an answer says can make them anything else.
package gorgias
