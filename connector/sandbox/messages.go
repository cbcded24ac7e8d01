package sandbox

import "slices"

// A message holds what can change of a message. The rest follows from the id
// (see writeMessage).
type message struct {
	id, ticket, author int64 // author: a user or a customer; 0 = none

	created, processed, sent, failed, deleted, opened timestamp

	agent, note, imported bool

	body           string // the inside of a JSON string; "" = null
	intentRejected bool   // a user rejected the intent
}

func (m message) sortKey(string) sortKey { return sortKey{n: int64(m.created), id: m.id} }

// baseMessage returns base message i.
func (a *account) baseMessage(i int) message {
	b := &a.messages.base
	t := a.ticketIndexOf(i)
	m := message{
		id:      b.id(i),
		ticket:  a.tickets.base.id(t),
		created: b.created(i),
		agent:   a.sentByAgent(i),
	}
	rng := newPRNG(a.seed, saltMessage, int64(-1-i))
	m.processed = m.created + 250*1000
	m.sent = m.created
	if m.agent {
		m.author = a.randomUser(&rng)
		m.note = rng.oneIn(4)
		if rng.oneIn(40) {
			m.sent, m.failed = 0, m.created+2*second
		} else if rng.oneIn(3) {
			m.opened = m.created + timestamp(rng.intn(int(3*hour)))
		}
		if rng.oneIn(60) && !a.quirks.DeletedMessagesVanish {
			m.deleted = m.created + hour
		}
	} else {
		m.author = a.customerOf(t)
	}
	if rng.oneIn(9) {
		m.processed = 0
	}
	m.imported = rng.oneIn(20)
	if !rng.oneIn(25) {
		m.body = string(rng.prose())
	}
	return m
}

// threadCandidates returns the ids of the messages that are or were in a
// ticket's thread.
func (a *account) threadCandidates(ticket int64) []int64 {
	var ids []int64
	if i, ok := a.tickets.base.index(ticket); ok {
		for _, m := range a.threadIndices(i) {
			ids = append(ids, a.messages.base.id(m))
		}
	}
	return append(ids, a.addedMessages[ticket]...)
}

// threadMessages returns the ids of the messages in a ticket's thread, oldest
// first.
func (a *account) threadMessages(id int64) []int64 {
	ids := slices.DeleteFunc(a.threadCandidates(id), func(m int64) bool {
		got, ok := a.messages.get(m)
		return !ok || got.ticket != id
	})
	slices.SortFunc(ids, func(x, y int64) int {
		mx, _ := a.messages.get(x)
		my, _ := a.messages.get(y)
		return mx.sortKey("").compare(my.sortKey(""))
	})
	return slices.Compact(ids)
}

// intents are some of the API's intents.
var intents = []string{"refund/status", "refund/request", "shipping/status", "order/damaged", "other/thanks", "product/question"}

// writeMessage writes a message.
func (a *account) writeMessage(j *jsonWriter, m *message, v variant) {
	rng := newPRNG(a.seed, saltMessageDetails, m.id)
	channel, via := a.channelOf(m.ticket)
	if m.note {
		channel, via = "internal-note", "helpdesk"
	}
	email := channel == "email"
	j.open("", '{')
	j.int("id", m.id)
	j.text("uri", "/api/tickets/", m.ticket, "/messages/", m.id, "/")
	if email {
		j.text("message_id", "<", m.id, ".", int64(rng.intn(1e9)), "@mail.example.net>")
	} else {
		j.raw("message_id", "")
	}
	j.int("ticket_id", m.ticket)
	j.raw("external_id", pickIf(rng.oneIn(15), `"ext-`+number(m.id)+`"`, "null"))
	j.bool("public", !m.note)
	j.text("channel", channel)
	j.text("via", via)
	a.writeSource(j, m, &rng, channel)
	a.writePerson(j, "sender", m.author)
	j.raw("auth_customer_identity", pickIf(rng.oneIn(30), `{"service":{"id":"svc-1","name":"shop"},"identifier":"u`+number(m.author)+`"}`, "null"))
	j.ref("integration_id", pickIf(m.note || a.size.Integrations < 1, 0, firstIntegration))
	m.writeIntents(j, &rng)
	j.ref("rule_id", pickIf(m.agent && rng.oneIn(12) && a.size.Rules > 0, firstRule, 0))
	j.bool("from_agent", m.agent)
	if m.agent || !email {
		j.raw("receiver", "")
	} else {
		a.writePerson(j, "receiver", pickIf(a.size.Users > 1, firstUser+1, 0))
	}
	j.raw("subject", pickIf(email, rng.subject(), "null"))
	m.writeBodies(j, &rng)
	if v != inTicket {
		a.writeHeaders(j, m, email)
	}
	attachments := newPRNG(a.seed, saltAttachments, m.id) // independent of what can change
	m.writeAttachments(j, &attachments)
	j.raw("actions", pickIf(m.agent && rng.oneIn(6), `[{"name":"addTags","title":"Add tags","type":"user","arguments":{"tags":"refund"},"status":"success"}]`, "null"))
	if v != inTicket {
		j.raw("macros", pickIf(m.agent && rng.oneIn(6) && a.size.Macros > 0, `[{"id":`+number(firstMacro)+`}]`, "[]"))
	}
	j.raw("meta", a.messageMeta(&rng))
	j.time("created_datetime", m.created)
	j.time("processed_datetime", m.processed)
	j.time("sent_datetime", pickIf(v == inList, m.sent, 0)) // null in all other variants
	j.time("failed_datetime", m.failed)
	if v != inTicket {
		j.time("deleted_datetime", m.deleted)
	}
	j.time("opened_datetime", m.opened)
	j.raw("last_sending_error", pickIf(m.failed != 0, `{"error":"mailbox unavailable"}`, "null"))
	j.bool("is_retriable", m.failed == 0)
	j.raw("imported", pickIf(m.imported, "true", pick(&rng, []string{"null", "null", "false"})))
	if channel == "instagram-direct-message" {
		m.writeReplies(j, &rng)
	}
	j.close('}')
}

func (a *account) messageMeta(rng *prng) string {
	if !rng.oneIn(5) {
		return "null"
	}
	return `{"current_page":"https://` + a.subdomain + `.example/returns?step=1&lang=en","is_quick_reply":false,"campaign":` + rng.arbitraryJSON() + `}`
}

func (m *message) writeIntents(j *jsonWriter, rng *prng) {
	j.open("intents", '[')
	if !m.agent && rng.oneIn(2) {
		j.open("", '{')
		j.text("name", pick(rng, intents))
		j.raw("rejected", pickIf(m.intentRejected, "true", pick(rng, []string{"null", "false"})))
		j.bool("is_user_feedback", m.intentRejected)
		j.close('}')
	}
	j.close(']')
}

func (a *account) writeHeaders(j *jsonWriter, m *message, email bool) {
	if !email {
		j.raw("headers", "")
		return
	}
	j.open("headers", '{')
	j.text("To", "support@", a.subdomain, ".example")
	j.text("Message-Id", "<", m.id, "@mail.example.net>")
	j.raw("Received", `"from mx1.example.net\n by mx2.example.net; Thu, 1 Jan 2026 00:00:00 +0000"`)
	j.raw("X-Spam-Score", `"-1.0"`)
	j.close('}')
}

func (m *message) writeReplies(j *jsonWriter, rng *prng) {
	j.raw("replied_to", "null")
	if rng.oneIn(2) {
		j.raw("replied_by", `{"integration_id":`+number(firstIntegration)+`,"message_id":`+number(m.id)+`,"created_datetime":`+datetime(m.created)+`,"body_text":"👍"}`)
	}
}

// writeSource writes the sender and the recipients, as far as the channel has
// them.
func (a *account) writeSource(j *jsonWriter, m *message, rng *prng, channel string) {
	switch {
	case channel == "api" && rng.oneIn(3):
		j.raw("source", "")
		return
	case channel == "phone":
		j.raw("source", `{"type":"phone"}`)
		return
	}
	shop := `{"name":"Support","address":"support@` + a.subdomain + `.example"}`
	customer := `{"name":"","address":"p` + number(m.author%1e7) + `@example.net"}`
	from, to := customer, shop
	if m.agent {
		from, to = shop, customer
	}
	j.open("source", '{')
	j.text("type", channel)
	j.raw("to", pickIf(m.note, "[]", "["+to+"]"))
	if channel == "email" {
		j.raw("cc", pick(rng, []string{"[]", "null", "[" + shop + "," + customer + "]"}))
		j.raw("bcc", pick(rng, []string{"[]", "null"}))
	}
	j.raw("from", from)
	if rng.oneIn(8) {
		j.raw("extra", `{"include_thread":false,"parent_id":null,"permalink":"https:\/\/example.net\/p\/1"}`)
	}
	j.close('}')
}

// writeBodies writes the members that have the text of the message.
func (m *message) writeBodies(j *jsonWriter, rng *prng) {
	if m.body == "" {
		for _, name := range []string{"body_text", "body_html", "stripped_text", "stripped_html", "stripped_signature"} {
			j.raw(name, "")
		}
		return
	}
	text, html := `"`+m.body+`"`, `"<div>`+m.body+`</div>"`
	j.raw("body_text", text)
	j.raw("body_html", html)
	j.raw("stripped_text", pickIf(m.note, "", text))
	j.raw("stripped_html", pickIf(m.note, "", html))
	j.raw("stripped_signature", pickIf(rng.oneIn(6), `"--\nSent from my phone"`, "null"))
}

func (m *message) writeAttachments(j *jsonWriter, rng *prng) {
	if !rng.oneIn(8) {
		j.raw("attachments", pick(rng, []string{"null", "[]"}))
		return
	}
	j.open("attachments", '[')
	for i := range 1 + rng.intn(2) {
		j.open("", '{')
		j.text("url", "https://uploads.gorgias.io/Hx2aQ/label-", m.id, "-", int64(i), ".png")
		j.text("name", "Etikett „", int64(i), "“.png")
		j.raw("size", pickIf(rng.oneIn(4), "null", number(int64(rng.intn(1e6)))))
		j.raw("content_type", `"image/png"`)
		j.bool("public", rng.oneIn(2))
		if rng.oneIn(5) {
			j.raw("extra", `{"width":640,"height":4.8e2}`)
		}
		j.close('}')
	}
	j.close(']')
}
