package sandbox

// Changes of messages and of satisfaction surveys.

func messageTable(a *account) *table[message] { return a.messages }

// EditMessage changes a message's text.
func (s *Server) EditMessage(id int64) bool {
	return editRow(s, messageTable, id, (*change).editMessage)
}

func (c *change) editMessage(m message) { c.setText(m, "Edited: "+string(c.rng.prose())) }

// SetMessageText gives a message a text, plain and without quotes. The same
// text twice makes the same record.
func (s *Server) SetMessageText(id int64, text string) bool {
	return editRow(s, messageTable, id, func(c *change, m message) { c.setText(m, text) })
}

func (c *change) setText(m message, text string) {
	m.body = text
	m.intentRejected = true
	putRow(c, c.messages, m.id, m)
	c.addMessageEvent(m, "ticket-message-updated")
}

// FailMessage makes the sending of a message fail.
func (s *Server) FailMessage(id int64) bool {
	return editRow(s, messageTable, id, (*change).failMessage)
}

func (c *change) failMessage(m message) {
	m.failed = c.at
	putRow(c, c.messages, m.id, m)
	c.addMessageEvent(m, "ticket-message-failed")
}

// OpenMessage marks a message as opened by its recipient, without an event.
func (s *Server) OpenMessage(id int64) bool {
	return editRow(s, messageTable, id, (*change).openMessage)
}

func (c *change) openMessage(m message) {
	m.opened = c.at
	putRow(c, c.messages, m.id, m)
}

// DeleteMessage deletes a message. It stays, with a deleted_datetime, unless
// Quirks.DeletedMessagesVanish is set. Its ticket has a message less and no
// excerpt, without a new updated_datetime.
func (s *Server) DeleteMessage(id int64) bool {
	return editRow(s, messageTable, id, (*change).deleteMessage)
}

// DeleteMessageSilently deletes a message without an event and a trace, as is
// recorded for deletions through the API.
func (s *Server) DeleteMessageSilently(id int64) bool {
	return editRow(s, messageTable, id, silently((*change).deleteMessage))
}

func (c *change) deleteMessage(m message) {
	c.maybeSilent()
	again := m.deleted != 0
	if m.deleted = c.at; c.silent || c.quirks.DeletedMessagesVanish {
		deleteRow(c, c.messages, m.id)
	} else {
		putRow(c, c.messages, m.id, m)
	}
	if t, ok := c.tickets.get(m.ticket); ok && !again {
		t.messages--
		t.excerptLost = true
		putRow(c, c.tickets, t.id, t)
	}
	c.addMessageEvent(m, "ticket-message-deleted")
}

// ScheduleSurvey adds a survey for a ticket, to be sent in a day, without an
// event. It returns the survey's id; 0 if there is no such ticket or it has a
// survey.
func (s *Server) ScheduleSurvey(ticketID int64) (id int64) {
	editRow(s, ticketTable, ticketID, func(c *change, t ticket) { id = c.scheduleSurvey(t) })
	return id
}

func (c *change) scheduleSurvey(t ticket) int64 {
	if _, ok := c.surveyOf(t.id); ok {
		return 0
	}
	id := newID(c, c.surveys)
	c.addedSurveys[t.id] = id
	putRow(c, c.surveys, id, newSurvey(id, t.id, t.customer, c.at, c.at+day, 0, 0, "null", "null", "null"))
	return id
}

func surveyTable(a *account) *table[record] { return a.surveys }

// SendSurvey marks a survey as sent.
func (s *Server) SendSurvey(id int64) bool { return editRow(s, surveyTable, id, (*change).sendSurvey) }

func (c *change) sendSurvey(r record) {
	putRow(c, c.surveys, r.id, r.with("sent_datetime", datetime(c.at)))
	c.addEvent("SatisfactionSurvey", r.id, "satisfaction-survey-sent", "null")
}

// AnswerSurvey gives a survey a score of 1 to 5 and a text.
func (s *Server) AnswerSurvey(id int64, score int) bool {
	return editRow(s, surveyTable, id, func(c *change, r record) { c.answerSurvey(r, score) })
}

// AnswerSurveySilently gives a survey a score and a text without an event, as a
// change through the API probably does.
func (s *Server) AnswerSurveySilently(id int64, score int) bool {
	return editRow(s, surveyTable, id, silently(func(c *change, r record) { c.answerSurvey(r, score) }))
}

// SetSurveyScore changes the score of a survey and nothing else. The same score
// twice makes the same record.
func (s *Server) SetSurveyScore(id int64, score int) bool {
	return editRow(s, surveyTable, id, func(c *change, r record) {
		putRow(c, c.surveys, r.id, r.with("score", number(int64(score))))
		c.addEvent("SatisfactionSurvey", r.id, "satisfaction-survey-responded", `{"score":`+number(int64(score))+`}`)
	})
}

func (c *change) answerSurvey(r record, score int) {
	c.maybeSilent()
	text := `"` + string(c.rng.prose()) + `"`
	r = r.with("score", number(int64(score))).with("scored_datetime", datetime(c.at)).with("body_text", text)
	putRow(c, c.surveys, r.id, r)
	c.addEvent("SatisfactionSurvey", r.id, "satisfaction-survey-responded", `{"score":`+number(int64(score))+`,"body_text":`+text+`}`)
}
