package sandbox

// A survey asks a customer how a ticket went; a ticket has at most one. The
// newest are not sent yet, many are never answered.
func (a *account) baseSurvey(k int) record {
	c := begin(a.seed, ofSurvey, int64(k))
	b := &a.surveys.base
	t := a.surveyTicket(k)
	created := b.created(k)
	due, sent, scored := created+3*day, instant(0), instant(0)
	if k >= b.n*15/16 {
		due = a.epoch + instant(1+k%9)*day
	}
	score, text := "null", "null"
	if due < a.epoch {
		sent = due + 5*second
		if c.one(2) {
			scored = min(sent+instant(c.below(int(9*day))), a.epoch)
			score = num(int64(1 + c.below(5)))
			if c.one(2) {
				text = string(append(append([]byte{'"'}, c.prose()...), '"'))
			}
		}
	}
	if c.one(12) && scored == 0 { // it will not be sent
		due, sent = 0, 0
	}
	return survey(b.id(k), a.tickets.base.id(t), a.customerOf(t), created, due, sent, scored, score, text, c.anything())
}

func survey(id, ticket, customer int64, created, due, sent, scored instant, score, text, meta string) record {
	return record{id, []field{
		{"id", num(id)},
		{"body_text", text},
		{"created_datetime", when(created)},
		{"customer_id", num(customer)},
		{"meta", meta},
		{"score", score},
		{"scored_datetime", when(scored)},
		{"sent_datetime", when(sent)},
		{"should_send_datetime", when(due)},
		{"ticket_id", num(ticket)},
		{"uri", `"/api/satisfaction-surveys/` + num(id) + `/"`},
	}}
}

// surveyTicket is the index of the ticket that base survey k is about.
func (a *account) surveyTicket(k int) int {
	return k * a.size.Tickets / a.size.Surveys
}

// surveyOf finds a ticket's survey.
func (a *account) surveyOf(ticket int64) (record, bool) {
	if id, ok := a.surveyed[ticket]; ok {
		return a.surveys.get(id)
	}
	t, ok := a.tickets.base.find(ticket)
	if !ok || a.size.Surveys == 0 {
		return record{}, false
	}
	k := (t*a.size.Surveys + a.size.Tickets - 1) / a.size.Tickets
	if k >= a.size.Surveys || a.surveyTicket(k) != t {
		return record{}, false
	}
	return a.surveys.get(a.surveys.base.id(k))
}
