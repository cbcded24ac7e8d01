package sandbox

import "slices"

// A message is one turn in a ticket's thread, as far as it can change.
type message struct {
	id, ticket, author int64 // author: a user or a customer; 0 = nobody

	created, processed, sent, failed, deleted, read instant

	agent, note, imported bool

	body     string // raw and unquoted; "" = null
	rejected bool   // its intent was corrected
}

func (m message) key(string) key { return key{n: int64(m.created), id: m.id} }

func (a *account) baseMessage(i int) message {
	b := &a.messages.base
	t := a.ticketOf(i)
	m := message{
		id:      b.id(i),
		ticket:  a.tickets.base.id(t),
		created: b.created(i),
		agent:   a.byAgent(i),
	}
	c := begin(a.seed, ofMessage, int64(-1-i))
	m.processed = m.created + 250*1000
	m.sent = m.created
	if m.agent {
		m.author = a.userAt(&c)
		m.note = c.one(4)
		if c.one(40) {
			m.sent, m.failed = 0, m.created+2*second
		} else if c.one(3) {
			m.read = m.created + instant(c.below(int(3*hour)))
		}
		if c.one(60) && !a.doubts.DeletedMessagesVanish {
			m.deleted = m.created + hour
		}
	} else {
		m.author = a.customerOf(t)
	}
	if c.one(9) {
		m.processed = 0
	}
	m.imported = c.one(20)
	if !c.one(25) {
		m.body = string(c.prose())
	}
	return m
}

// threadOf lists the messages a ticket has or once had, oldest first.
func (a *account) threadOf(id int64) []int64 {
	var ids []int64
	if t, ok := a.tickets.base.find(id); ok {
		for _, m := range a.thread(t) {
			ids = append(ids, a.messages.base.id(m))
		}
	}
	ids = append(ids, a.moved[id]...)
	ids = slices.DeleteFunc(ids, func(m int64) bool {
		got, ok := a.messages.get(m)
		return !ok || got.ticket != id
	})
	slices.SortFunc(ids, func(x, y int64) int {
		mx, _ := a.messages.get(x)
		my, _ := a.messages.get(y)
		return mx.key("").compare(my.key(""))
	})
	return slices.Compact(ids)
}

// intents are some of the API's names for what a message is about.
var intents = []string{"refund/status", "refund/request", "shipping/status", "order/damaged", "other/thanks", "product/question"}

func (a *account) writeMessage(j *jot, m *message, as form) {
	c := begin(a.seed, ofMessageLook, m.id)
	channel, via := a.route(m.ticket)
	if m.note {
		channel, via = "internal-note", "helpdesk"
	}
	email := channel == "email"
	j.open("", '{')
	j.int("id", m.id)
	j.link("uri", "/api/tickets/", m.ticket, "/messages/", m.id, "/")
	if email {
		j.link("message_id", "<", m.id, ".", int64(c.below(1e9)), "@mail.example.net>")
	} else {
		j.raw("message_id", "")
	}
	j.int("ticket_id", m.ticket)
	j.raw("external_id", pickIf(c.one(15), `"ext-`+num(m.id)+`"`, "null"))
	j.bool("public", !m.note)
	j.link("channel", channel)
	j.link("via", via)
	a.source(j, m, &c, channel)
	a.person(j, "sender", m.author)
	j.raw("auth_customer_identity", pickIf(c.one(30), `{"service":{"id":"svc-1","name":"shop"},"identifier":"u`+num(m.author)+`"}`, "null"))
	j.ref("integration_id", pickIf(m.note || a.size.Integrations < 1, 0, firstIntegration))
	j.open("intents", '[')
	if !m.agent && c.one(2) {
		j.open("", '{')
		j.link("name", pick(&c, intents))
		j.raw("rejected", pickIf(m.rejected, "true", pick(&c, []string{"null", "false"})))
		j.bool("is_user_feedback", m.rejected)
		j.close('}')
	}
	j.close(']')
	j.ref("rule_id", pickIf(m.agent && c.one(12) && a.size.Rules > 0, firstRule, 0))
	j.bool("from_agent", m.agent)
	if m.agent || !email {
		j.raw("receiver", "")
	} else {
		a.person(j, "receiver", pickIf(a.size.Users > 1, firstUser+1, 0))
	}
	j.raw("subject", pickIf(email, c.subject(), "null"))
	m.bodies(j, &c)
	if as != inTicket {
		if email {
			j.open("headers", '{')
			j.link("To", "support@", a.subdomain, ".example")
			j.link("Message-Id", "<", m.id, "@mail.example.net>")
			j.raw("Received", `"from mx1.example.net\n by mx2.example.net; Thu, 1 Jan 2026 00:00:00 +0000"`)
			j.raw("X-Spam-Score", `"-1.0"`)
			j.close('}')
		} else {
			j.raw("headers", "")
		}
	}
	files := begin(a.seed, ofAttachments, m.id) // whatever becomes of the message, it keeps them
	m.attachments(j, &files)
	j.raw("actions", pickIf(m.agent && c.one(6), `[{"name":"addTags","title":"Add tags","type":"user","arguments":{"tags":"refund"},"status":"success"}]`, "null"))
	if as != inTicket {
		j.raw("macros", pickIf(m.agent && c.one(6) && a.size.Macros > 0, `[{"id":`+num(firstMacro)+`}]`, "[]"))
	}
	meta := "null"
	if c.one(5) {
		meta = `{"current_page":"https://` + a.subdomain + `.example/returns?step=1&lang=en","is_quick_reply":false,"campaign":` + c.anything() + `}`
	}
	j.raw("meta", meta)
	j.time("created_datetime", m.created)
	j.time("processed_datetime", m.processed)
	if as == inList {
		j.time("sent_datetime", m.sent)
	} else {
		j.raw("sent_datetime", "") // so it is, elsewhere than in the list
	}
	j.time("failed_datetime", m.failed)
	if as != inTicket {
		j.time("deleted_datetime", m.deleted)
	}
	j.time("opened_datetime", m.read)
	j.raw("last_sending_error", pickIf(m.failed != 0, `{"error":"mailbox unavailable"}`, "null"))
	j.bool("is_retriable", m.failed == 0)
	j.raw("imported", pickIf(m.imported, "true", pick(&c, []string{"null", "null", "false"})))
	if channel == "instagram-direct-message" {
		j.raw("replied_to", "null")
		if c.one(2) {
			j.raw("replied_by", `{"integration_id":`+num(firstIntegration)+`,"message_id":`+num(m.id)+`,"created_datetime":`+when(m.created)+`,"body_text":"👍"}`)
		}
	}
	j.close('}')
}

// source tells where the message came from and went to; channels differ in how
// much of it they know.
func (a *account) source(j *jot, m *message, c *chance, channel string) {
	switch {
	case channel == "api" && c.one(3):
		j.raw("source", "")
		return
	case channel == "phone":
		j.raw("source", `{"type":"phone"}`)
		return
	}
	shop := `{"name":"Support","address":"support@` + a.subdomain + `.example"}`
	someone := `{"name":"","address":"p` + num(m.author%1e7) + `@example.net"}`
	from, to := someone, shop
	if m.agent {
		from, to = shop, someone
	}
	j.open("source", '{')
	j.link("type", channel)
	j.raw("to", pickIf(m.note, "[]", "["+to+"]"))
	if channel == "email" {
		j.raw("cc", pick(c, []string{"[]", "null", "[" + shop + "," + someone + "]"}))
		j.raw("bcc", pick(c, []string{"[]", "null"}))
	}
	j.raw("from", from)
	if c.one(8) {
		j.raw("extra", `{"include_thread":false,"parent_id":null,"permalink":"https:\/\/example.net\/p\/1"}`)
	}
	j.close('}')
}

func (m *message) bodies(j *jot, c *chance) {
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
	j.raw("stripped_signature", pickIf(c.one(6), `"--\nSent from my phone"`, "null"))
}

func (m *message) attachments(j *jot, c *chance) {
	if !c.one(8) {
		j.raw("attachments", pick(c, []string{"null", "[]"}))
		return
	}
	j.open("attachments", '[')
	for i := range 1 + c.below(2) {
		j.open("", '{')
		j.link("url", "https://uploads.gorgias.io/Hx2aQ/label-", m.id, "-", int64(i), ".png")
		j.link("name", "Etikett „", int64(i), "“.png")
		j.raw("size", pickIf(c.one(4), "null", num(int64(c.below(1e6)))))
		j.raw("content_type", `"image/png"`)
		j.bool("public", c.one(2))
		if c.one(5) {
			j.raw("extra", `{"width":640,"height":4.8e2}`)
		}
		j.close('}')
	}
	j.close(']')
}
