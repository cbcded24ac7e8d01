package sandbox

// A customer holds what can change of a customer. The rest follows from the id
// (see writeCustomer).
type customer struct {
	id               int64
	created, updated timestamp

	// raw
	email, name, first, last string
	language, note           string

	values []fieldValue
}

func (r customer) sortKey(order string) sortKey {
	switch order {
	case "updated_datetime":
		return sortKey{n: int64(r.updated), id: r.id}
	}
	return sortKey{n: int64(r.created), id: r.id}
}

// baseCustomer returns base customer i.
func (a *account) baseCustomer(i int) customer {
	b := &a.customers.base
	return a.newCustomer(b.id(i), b.created(i), b.updated(b.updatePosition(i)))
}

// newCustomer returns the customer with an id, before any changes.
func (a *account) newCustomer(id int64, created, updated timestamp) customer {
	rng := newPRNG(a.seed, saltCustomer, id)
	p := a.personOf(id)
	r := customer{
		id: id, created: created, updated: updated,
		email: p.email, name: p.name, first: p.first, last: p.last,
		language: pick(&rng, []string{`"en"`, `"en"`, `"fr"`, `"de"`, "null"}),
		note:     "null",
	}
	if rng.oneIn(8) {
		r.note = string(append(append([]byte{'"'}, rng.prose()...), '"'))
	}
	r.values = a.randomFieldValues(&rng, a.size.CustomFields/3, func(k int) int { return 3*k + 2 })
	return r
}

// writeContact writes the copy of a customer that a single ticket has.
func (a *account) writeContact(j *jsonWriter, name string, id int64) {
	if id == 0 {
		j.raw(name, "")
		return
	}
	p := a.personOf(id)
	rng := newPRNG(a.seed, saltCustomer, -id)
	j.open(name, '{')
	p.write(j)
	a.writeContactDetails(j, &p, &rng, rng.arbitraryJSON(), "null", "null")
	j.close('}')
}

// writeContactDetails writes the members that only the copy in a single ticket
// has.
func (a *account) writeContactDetails(j *jsonWriter, p *person, rng *prng, data, externalID, note string) {
	a.writeChannels(j, p, rng)
	j.raw("data", data)
	j.raw("customer", "")
	if a.size.Integrations > 0 && rng.oneIn(2) {
		j.open("integrations", '{')
		j.raw(number(firstIntegration), `{"__integration_type__":"shopify","customer":{"id":`+number(p.id<<25)+`,"tags":""},"history":`+rng.bigObject()+`}`)
		j.close('}')
	} else {
		j.raw("integrations", "{}")
	}
	j.raw("external_id", externalID)
	j.raw("note", note)
	j.raw("external_data", "{}")
	j.raw("ecommerce_data", "{}")
}

// writeChannels writes the addresses of a customer.
func (a *account) writeChannels(j *jsonWriter, p *person, rng *prng) {
	at := a.epoch - 299*day
	j.open("channels", '[')
	for i, kind := range []string{"email", "phone"} {
		address := p.email
		if kind == "phone" {
			address = `"+1416555` + number(1000+int64(rng.intn(9000))) + `"`
			if rng.oneIn(2) {
				continue
			}
		}
		if address == "null" {
			continue
		}
		j.open("", '{')
		j.int("id", p.id+int64(i+1)*1e8)
		j.text("type", kind)
		j.raw("address", address)
		j.bool("preferred", i == 0)
		j.time("created_datetime", at)
		j.time("updated_datetime", at+7)
		j.time("deleted_datetime", pickIf(rng.oneIn(9), at+day, 0))
		for _, owner := range []string{"user", "customer"} { // both are the customer
			j.open(owner, '{')
			j.int("id", p.id)
			j.raw("name", p.name)
			j.close('}')
		}
		j.close('}')
	}
	j.close(']')
}

// writeCustomer writes a customer.
func (a *account) writeCustomer(j *jsonWriter, r *customer, v variant) {
	rng := newPRNG(a.seed, saltCustomer, -r.id)
	data := rng.arbitraryJSON()
	externalID := pickIf(rng.oneIn(4), `"cust-`+number(r.id)+`"`, "null")
	p := person{id: r.id, email: r.email, name: r.name, first: r.first, last: r.last}
	j.open("", '{')
	j.int("id", r.id)
	j.raw("external_id", externalID)
	j.bool("active", !rng.oneIn(25))
	j.raw("email", r.email)
	j.raw("name", r.name)
	j.raw("firstname", r.first)
	j.raw("lastname", r.last)
	j.raw("language", r.language)
	j.raw("timezone", pick(&rng, []string{`"America/Toronto"`, `"Europe/Berlin"`, "null"}))
	j.time("created_datetime", r.created)
	j.time("updated_datetime", r.updated)
	j.raw("meta", pick(&rng, []string{"null", "{}", `{"name_set_via":"customer"}`, `{"legacy":{"id":9007199254740995}}`}))
	j.raw("data", data)
	j.raw("note", r.note)
	if v != inDetail {
		writeValues(j, r.values)
	}
	switch v {
	case inView:
		a.writeChannels(j, &p, &rng)
	case inDetail, inDetailWithFields:
		a.writeChannels(j, &p, &rng)
		j.raw("customer", "")
		j.raw("integrations", pickIf(rng.oneIn(2), `{"`+number(firstIntegration)+`":{"__integration_type__":"shopify","customer":{"id":7001},"orders":[]}}`, "{}"))
		j.raw("external_data", "{}")
		j.raw("ecommerce_data", "{}")
	}
	j.close('}')
}
