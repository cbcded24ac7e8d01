package sandbox

// A customer is somebody who writes to the shop, as far as it can change.
type customer struct {
	id               int64
	created, updated instant

	// raw
	email, name, first, last string
	language, note           string

	values []value
}

func (r customer) key(order string) key {
	switch order {
	case "updated_datetime":
		return key{n: int64(r.updated), id: r.id}
	}
	return key{n: int64(r.created), id: r.id}
}

func (a *account) baseCustomer(i int) customer {
	b := &a.customers.base
	return a.newCustomer(b.id(i), b.created(i), b.updated(b.place(i)))
}

// newCustomer is what follows from a customer's id.
func (a *account) newCustomer(id int64, created, updated instant) customer {
	c := begin(a.seed, ofCustomer, id)
	p := a.persona(id)
	r := customer{
		id: id, created: created, updated: updated,
		email: p.email, name: p.name, first: p.first, last: p.last,
		language: pick(&c, []string{`"en"`, `"en"`, `"fr"`, `"de"`, "null"}),
		note:     "null",
	}
	if c.one(8) {
		r.note = string(append(append([]byte{'"'}, c.prose()...), '"'))
	}
	r.values = a.values(&c, a.size.CustomFields/3, func(k int) int { return 3*k + 2 })
	return r
}

// customer writes the full person that the answer for one ticket holds.
func (a *account) customer(j *jot, name string, id int64) {
	if id == 0 {
		j.raw(name, "")
		return
	}
	p := a.persona(id)
	c := begin(a.seed, ofCustomer, -id)
	j.open(name, '{')
	p.write(j)
	a.customerDetail(j, &p, &c, c.anything(), "null", "null")
	j.close('}')
}

// customerDetail writes what is only told of a customer that is asked for.
func (a *account) customerDetail(j *jot, p *persona, c *chance, data, external, note string) {
	a.contacts(j, p, c)
	j.raw("data", data)
	j.raw("customer", "")
	if a.size.Integrations > 0 && c.one(2) {
		j.open("integrations", '{')
		j.raw(num(firstIntegration), `{"__integration_type__":"shopify","customer":{"id":`+num(p.id<<25)+`,"tags":""},"history":`+c.bigObject()+`}`)
		j.close('}')
	} else {
		j.raw("integrations", "{}")
	}
	j.raw("external_id", external)
	j.raw("note", note)
	j.raw("external_data", "{}")
	j.raw("ecommerce_data", "{}")
}

// contacts writes the addresses a customer can be reached at.
func (a *account) contacts(j *jot, p *persona, c *chance) {
	at := a.epoch - 299*day
	j.open("channels", '[')
	for i, kind := range []string{"email", "phone"} {
		address := p.email
		if kind == "phone" {
			address = `"+1416555` + num(1000+int64(c.below(9000))) + `"`
			if c.one(2) {
				continue
			}
		}
		if address == "null" {
			continue
		}
		j.open("", '{')
		j.int("id", p.id+int64(i+1)*1e8)
		j.link("type", kind)
		j.raw("address", address)
		j.bool("preferred", i == 0)
		j.time("created_datetime", at)
		j.time("updated_datetime", at+7)
		j.time("deleted_datetime", pickIf(c.one(9), at+day, 0))
		for _, who := range []string{"user", "customer"} { // both mean the customer
			j.open(who, '{')
			j.int("id", p.id)
			j.raw("name", p.name)
			j.close('}')
		}
		j.close('}')
	}
	j.close(']')
}

func (a *account) writeCustomer(j *jot, r *customer, as form) {
	c := begin(a.seed, ofCustomer, -r.id)
	data := c.anything()
	external := pickIf(c.one(4), `"cust-`+num(r.id)+`"`, "null")
	p := persona{id: r.id, email: r.email, name: r.name, first: r.first, last: r.last}
	j.open("", '{')
	j.int("id", r.id)
	j.raw("external_id", external)
	j.bool("active", !c.one(25))
	j.raw("email", r.email)
	j.raw("name", r.name)
	j.raw("firstname", r.first)
	j.raw("lastname", r.last)
	j.raw("language", r.language)
	j.raw("timezone", pick(&c, []string{`"America/Toronto"`, `"Europe/Berlin"`, "null"}))
	j.time("created_datetime", r.created)
	j.time("updated_datetime", r.updated)
	j.raw("meta", pick(&c, []string{"null", "{}", `{"name_set_via":"customer"}`, `{"legacy":{"id":9007199254740995}}`}))
	j.raw("data", data)
	j.raw("note", r.note)
	if as != inFull {
		writeValues(j, r.values)
	}
	switch as {
	case inView:
		a.contacts(j, &p, &c)
	case inFull, inFuller:
		a.contacts(j, &p, &c)
		j.raw("customer", "")
		j.raw("integrations", pickIf(c.one(2), `{"`+num(firstIntegration)+`":{"__integration_type__":"shopify","customer":{"id":7001},"orders":[]}}`, "{}"))
		j.raw("external_data", "{}")
		j.raw("ecommerce_data", "{}")
	}
	j.close('}')
}
