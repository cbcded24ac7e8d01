package sandbox

import "strconv"

// A person is the copy of a customer or user in tickets, messages and teams. It
// follows from the id and does not change when the customer or the user does.
// All values are raw.
type person struct {
	id                       int64
	email, name, first, last string
	meta                     string
}

func (a *account) isUser(id int64) bool { return id < a.customers.base.first }

func (a *account) personOf(id int64) person {
	rng := newPRNG(a.seed, saltPerson, id)
	first, last := pick(&rng, firstNames), pick(&rng, lastNames)
	p := person{
		id:    id,
		email: `"p` + number(id%1e7) + `@example.net"`,
		name:  `"` + first + " " + last + `"`,
		first: `"` + first + `"`,
		last:  `"` + last + `"`,
		meta:  "{}",
	}
	if a.isUser(id) {
		p.email = `"agent` + number(id-firstUser) + `@` + a.subdomain + `.example"`
		switch id {
		case firstUser:
			p.email = quote(a.email)
		case firstUser + 1:
			p.email, p.name, p.first, p.last = `"x7k2p9@email.gorgias.example"`, `"Gorgias Bot"`, `"Gorgias"`, `"Bot"`
		}
		if rng.oneIn(3) {
			p.meta = `{"profile_picture_url":"https://config.gorgi.us/abc/` + number(id) + `.png","sso":"google","name_set_via":"agent"}`
		}
		return p
	}
	switch rng.intn(10) {
	case 0: // known by phone only
		phone := `"+1415555` + strconv.Itoa(1000+rng.intn(9000)) + `"`
		p.email, p.name, p.first, p.last = "null", phone, phone, `""`
	case 1: // anonymous
		p.email, p.name, p.first, p.last = "null", "null", `""`, `""`
	case 2:
		p.name, p.last = p.first, `""`
	case 3:
		if rng.oneIn(3) && !rng.polite {
			p.name = string(append(rng.expand([]byte{'"'}, first), ` 🏔\u0000"`...))
		}
	}
	switch rng.intn(4) {
	case 0:
		p.meta = "null"
	case 1:
		p.meta = rng.arbitraryJSON()
	case 2:
		p.meta = `{"name_set_via":"customer"}`
	}
	return p
}

// write writes the members into an open object.
func (p *person) write(j *jsonWriter) {
	j.int("id", p.id)
	j.raw("email", p.email)
	j.raw("name", p.name)
	j.raw("firstname", p.first)
	j.raw("lastname", p.last)
	j.raw("meta", p.meta)
}

// writePerson writes a member with a person; null for id 0.
func (a *account) writePerson(j *jsonWriter, name string, id int64) {
	if id == 0 {
		j.raw(name, "")
		return
	}
	p := a.personOf(id)
	j.open(name, '{')
	p.write(j)
	j.close('}')
}

// randomUser returns the id of a random user; 0 in an account without users.
func (a *account) randomUser(rng *prng) int64 {
	if a.size.Users < 1 {
		return 0
	}
	return firstUser + int64(rng.intn(a.size.Users))
}
