package sandbox

// A survey asks a customer how a ticket went; a ticket has at most one. The
// newest are not sent yet, many are never answered.
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
	if rng.oneIn(12) && scored == 0 { // it will not be sent
		due, sent = 0, 0
	}
	return newSurvey(b.id(k), a.tickets.base.id(t), a.customerOf(t), created, due, sent, scored, score, text, rng.arbitraryJSON())
}

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

// surveyTicket is the index of the ticket that base survey k is about.
func (a *account) surveyTicketIndex(k int) int {
	return k * a.size.Tickets / a.size.Surveys
}

// surveyOf finds a ticket's survey.
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
