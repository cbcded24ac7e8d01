package sandbox

import (
	"strconv"
)

// A persona is who somebody is: what tickets, messages and teams copy of a
// customer or a user. It follows from the id alone and never changes; what
// changes is the customer's or user's own row. All values are raw.
type persona struct {
	id                       int64
	email, name, first, last string
	meta                     string
}

func (a *account) isUser(id int64) bool { return id < a.customers.base.first }

func (a *account) persona(id int64) persona {
	c := begin(a.seed, ofPerson, id)
	first, last := pick(&c, firstNames), pick(&c, lastNames)
	p := persona{
		id:    id,
		email: `"p` + num(id%1e7) + `@example.net"`,
		name:  `"` + first + " " + last + `"`,
		first: `"` + first + `"`,
		last:  `"` + last + `"`,
		meta:  "{}",
	}
	if a.isUser(id) {
		p.email = `"agent` + num(id-firstUser) + `@` + a.subdomain + `.example"`
		switch id {
		case firstUser:
			p.email = quote(a.email)
		case firstUser + 1:
			p.email, p.name, p.first, p.last = `"x7k2p9@email.gorgias.example"`, `"Gorgias Bot"`, `"Gorgias"`, `"Bot"`
		}
		if c.one(3) {
			p.meta = `{"profile_picture_url":"https://config.gorgi.us/abc/` + num(id) + `.png","sso":"google","name_set_via":"agent"}`
		}
		return p
	}
	switch c.below(10) {
	case 0: // known by phone only
		phone := `"+1415555` + strconv.Itoa(1000+c.below(9000)) + `"`
		p.email, p.name, p.first, p.last = "null", phone, phone, `""`
	case 1: // not known at all
		p.email, p.name, p.first, p.last = "null", "null", `""`, `""`
	case 2:
		p.name, p.last = p.first, `""`
	case 3:
		if c.one(3) {
			p.name = string(append(c.fill([]byte{'"'}, first), ` 🏔\u0000"`...))
		}
	}
	switch c.below(4) {
	case 0:
		p.meta = "null"
	case 1:
		p.meta = c.anything()
	case 2:
		p.meta = `{"name_set_via":"customer"}`
	}
	return p
}

// write writes the persona's members into an open object.
func (p *persona) write(j *jot) {
	j.int("id", p.id)
	j.raw("email", p.email)
	j.raw("name", p.name)
	j.raw("firstname", p.first)
	j.raw("lastname", p.last)
	j.raw("meta", p.meta)
}

// person writes a member that is a short person; null for id 0.
func (a *account) person(j *jot, name string, id int64) {
	if id == 0 {
		j.raw(name, "")
		return
	}
	p := a.persona(id)
	j.open(name, '{')
	p.write(j)
	j.close('}')
}

// userAt returns some user's id: 0 where the account has none.
func (a *account) userAt(c *chance) int64 {
	if a.size.Users < 1 {
		return 0
	}
	return firstUser + int64(c.below(a.size.Users))
}
