package sandbox

// baseSurvey returns base survey k. A ticket has at most one survey. The newest
// surveys are not sent yet, and many are never answered.
func (a *account) baseSurvey(k int) record {
	rng := newPRNG(a.seed, saltSurvey, int64(k))
	b := &a.surveys.base
	t := a.surveyTicketIndex(k)
	created := b.created(k)
	due, sent, scored := created+3*day, timestamp(0), timestamp(0)
	if k >= b.n*15/16 {
		due = a.epoch + timestamp(1+k%9)*day
	}
	score, text := "null", "null"
	if due < a.epoch {
		sent = due + 5*second
		if rng.oneIn(2) {
			scored = min(sent+timestamp(rng.intn(int(9*day))), a.epoch)
			score = number(int64(1 + rng.intn(5)))
			if rng.oneIn(2) {
				text = string(append(append([]byte{'"'}, rng.prose()...), '"'))
			}
		}
	}
	if rng.oneIn(12) && scored == 0 { // will never be sent
		due, sent = 0, 0
	}
	return newSurvey(b.id(k), a.tickets.base.id(t), a.customerOf(t), created, due, sent, scored, score, text, rng.arbitraryJSON())
}

// newSurvey returns the record of a survey; score, text and meta are raw.
func newSurvey(id, ticket, customer int64, created, due, sent, scored timestamp, score, text, meta string) record {
	return record{id, []field{
		{"id", number(id)},
		{"body_text", text},
		{"created_datetime", datetime(created)},
		{"customer_id", number(customer)},
		{"meta", meta},
		{"score", score},
		{"scored_datetime", datetime(scored)},
		{"sent_datetime", datetime(sent)},
		{"should_send_datetime", datetime(due)},
		{"ticket_id", number(ticket)},
		{"uri", `"/api/satisfaction-surveys/` + number(id) + `/"`},
	}}
}

// surveyTicketIndex returns the index of the ticket of base survey k.
func (a *account) surveyTicketIndex(k int) int {
	return k * a.size.Tickets / a.size.Surveys
}

// surveyOf returns a ticket's survey; false if it has none.
func (a *account) surveyOf(ticket int64) (record, bool) {
	if id, ok := a.addedSurveys[ticket]; ok {
		return a.surveys.get(id)
	}
	t, ok := a.tickets.base.index(ticket)
	if !ok || a.size.Surveys == 0 {
		return record{}, false
	}
	k := (t*a.size.Surveys + a.size.Tickets - 1) / a.size.Tickets
	if k >= a.size.Surveys || a.surveyTicketIndex(k) != t {
		return record{}, false
	}
	return a.surveys.get(a.surveys.base.id(k))
}
