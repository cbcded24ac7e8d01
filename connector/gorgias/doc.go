// Package gorgias is the HTTP client of the Gorgias API. It reads pages of an
// account: it knows requests, credentials, the rate limit, the JSON around the
// records of a page, and errors. It knows neither streams nor protocols.
//
// Every request takes the same path:
//
//   - [Client.List] or [Client.Query] builds the URL (client.go) and repeats the
//     request after transient failures (retry.go).
//   - The [RateLimiter] delays it until it fits into the account's rate limit
//     (ratelimit.go).
//   - It is authorized, with an API key (auth.go) or with an access token that is
//     renewed when needed (oauth.go), and sent (client.go; public.go restricts to
//     which addresses).
//   - The response is bounded, validated and split into raw records (page.go), or
//     becomes an [Error] (error.go). A redirect is followed only to the same path
//     with or without its trailing slash (redirect.go).
//
// Requests go to the account's own origin, and only read. Nothing in a response
// can change that: only query parameters are taken from it.
package gorgias
