package sandbox

// What happens to messages, and to the surveys that ask how it went.

func messagesOf(a *account) *table[message] { return a.messages }

// EditMessage changes a message's text.
func (s *Server) EditMessage(id int64) bool {
	return edit(s, messagesOf, id, (*change).rewrite)
}

func (c *change) rewrite(m message) {
	m.body = "Edited: " + string(c.luck.prose())
	m.rejected = true
	put(c, c.messages, m.id, m)
	c.tell(m, "ticket-message-updated")
}

// FailMessage has the sending of a message fail.
func (s *Server) FailMessage(id int64) bool { return edit(s, messagesOf, id, (*change).bounce) }

func (c *change) bounce(m message) {
	m.failed = c.at
	put(c, c.messages, m.id, m)
	c.tell(m, "ticket-message-failed")
}

// ReadMessage has a message opened by whom it was sent to. No event tells.
func (s *Server) OpenMessage(id int64) bool { return edit(s, messagesOf, id, (*change).read) }

func (c *change) read(m message) {
	m.read = c.at
	put(c, c.messages, m.id, m)
}

// DeleteMessage deletes a message: it stays, with a deleted_datetime, unless
// Quirks.DeletedMessagesVanish.
func (s *Server) DeleteMessage(id int64) bool { return edit(s, messagesOf, id, (*change).strike) }

func (c *change) strike(m message) {
	if m.deleted = c.at; c.doubts.DeletedMessagesVanish {
		drop(c, c.messages, m.id)
	} else {
		put(c, c.messages, m.id, m)
	}
	c.tell(m, "ticket-message-deleted")
}

// AskSurvey plans a survey for a ticket and returns the survey's id; 0 if
// there is no such ticket or it has one. No event tells before it is sent.
func (s *Server) ScheduleSurvey(ticketID int64) (id int64) {
	edit(s, tickets, ticketID, func(c *change, t ticket) { id = c.ask(t) })
	return id
}

func (c *change) ask(t ticket) int64 {
	if _, ok := c.surveyOf(t.id); ok {
		return 0
	}
	id := newID(c, c.surveys)
	c.surveyed[t.id] = id
	put(c, c.surveys, id, survey(id, t.id, t.customer, c.at, c.at+day, 0, 0, "null", "null", "null"))
	return id
}

func surveysOf(a *account) *table[record] { return a.surveys }

// SendSurvey sends a survey.
func (s *Server) SendSurvey(id int64) bool { return edit(s, surveysOf, id, (*change).sendSurvey) }

func (c *change) sendSurvey(r record) {
	put(c, c.surveys, r.id, r.with("sent_datetime", when(c.at)))
	c.event("SatisfactionSurvey", r.id, "satisfaction-survey-sent", "null")
}

// AnswerSurvey has the customer give a score of 1 to 5.
func (s *Server) AnswerSurvey(id int64, score int) bool {
	return edit(s, surveysOf, id, func(c *change, r record) { c.answerSurvey(r, score) })
}

func (c *change) answerSurvey(r record, score int) {
	text := `"` + string(c.luck.prose()) + `"`
	r = r.with("score", num(int64(score))).with("scored_datetime", when(c.at)).with("body_text", text)
	put(c, c.surveys, r.id, r)
	c.event("SatisfactionSurvey", r.id, "satisfaction-survey-responded", `{"score":`+num(int64(score))+`,"body_text":`+text+`}`)
}
