package sandbox

// Calls, what happened in them, and what was recorded of them.

func (a *account) baseCall(i int) record {
	c := begin(a.seed, ofCall, int64(i))
	b := &a.calls.base
	t := i * a.size.Tickets / a.size.Calls
	return a.call(&c, b.id(i), a.ticketID(t), a.customerOf(t), b.created(i))
}

// ticketID is the id of base ticket i; 0 in an account without any.
func (a *account) ticketID(i int) int64 {
	if i >= a.size.Tickets {
		return 0
	}
	return a.tickets.base.id(i)
}

func (a *account) call(c *chance, id, ticket, customer int64, created instant) record {
	status := pick(c, []string{"completed", "completed", "answered", "no-answer", "busy", "failed"})
	answered := status == "completed" || status == "answered"
	inbound := !c.one(3)
	duration, agent, starter := "null", int64(0), int64(0)
	if answered {
		duration = num(int64(c.below(900)))
		agent = a.userAt(c)
	}
	if !inbound {
		starter = a.userAt(c)
	}
	r := record{id, []field{
		{"id", num(id)},
		{"integration_id", ref(pickIf(c.one(9) || a.size.Integrations < 1, 0, firstIntegration))},
		{"ticket_id", ref(pickIf(c.one(9), 0, ticket))},
		{"phone_number_id", "456"},
		{"external_id", pickIf(c.one(9), "null", `"CA`+num(id)+`"`)},
		{"provider", pick(c, []string{`"twilio"`, `"twilio"`, "null"})},
		{"status", quote(status)},
		{"direction", pickIf(inbound, `"inbound"`, `"outbound"`)},
		{"phone_number_source", pickIf(c.one(12), "null", `"+14155550123"`)},
		{"country_source", `"US"`},
		{"phone_number_destination", `"+16475550100"`},
		{"country_destination", pickIf(c.one(12), "null", `"CA"`)},
		{"duration", duration},
		{"started_datetime", when(created - 2*second)},
		{"created_datetime", when(created)},
		{"updated_datetime", when(pickIf(c.one(12), 0, created+minute))},
		{"initiated_by_agent_id", ref(starter)},
		{"last_answered_by_agent_id", ref(agent)},
		{"customer_id", num(customer)},
		{"has_voicemail", pick(c, []string{"true", "false", "null"})},
		{"has_call_recording", pick(c, []string{"true", "false", "null"})},
	}}
	if c.one(2) { // an account gets new fields one day, its old rows do not
		r.fields = append(r.fields, []field{
			{"answered_by_external_customer_id", "null"},
			{"answered_by_external_number", "null"},
			{"last_monitoring_agent_id", "null"},
			{"last_rang_agent_id", ref(agent)},
			{"monitoring_status", pick(c, []string{"null", `"listening"`})},
			{"queue_id", "142"},
			{"status_in_queue", pick(c, []string{"null", `"waiting"`})},
			{"termination_status", "null"},
			{"summaries", pickIf(c.one(3), `[{"id":`+num(id)+`,"recording_id":`+num(id)+`,"summary":"Caller asked about a late parcel.","created_datetime":`+when(created+2*minute)+`}]`, "[]")},
		}...)
	}
	return r
}

// callOf spreads n things evenly over the calls.
func (a *account) callOf(i, n int) int { return i * a.size.Calls / n }

var callEvents = []string{"incoming-phone-call", "phone-call-ringing", "phone-call-answered", "completed-phone-call", "missed-phone-call"}

func (a *account) baseCallEvent(i int) record {
	b := &a.callEvents.base
	n := a.callOf(i, a.size.CallEvents)
	c := begin(a.seed, ofCall, int64(-1-i))
	at := a.calls.base.created(n) + instant(i%8)*8*second
	return a.callEvent(&c, b.id(i), a.calls.base.id(n), pick(&c, callEvents), at)
}

func (a *account) callEvent(c *chance, id, call int64, what string, at instant) record {
	user, customer := a.userAt(c), int64(0)
	if c.one(2) && a.size.Customers > 0 {
		user, customer = 0, a.customers.base.id(c.below(a.size.Customers))
	}
	return record{id, []field{
		{"id", num(id)},
		{"account_id", "3100"},
		{"call_id", num(call)},
		{"customer_id", ref(customer)},
		{"user_id", ref(user)},
		{"type", quote(what)},
		{"created_datetime", when(at)},
		{"meta", pick(c, []string{"{}", "{}", "null", `{"conference_sid":"CF00aa","sequence":1.0}`})},
	}}
}

func (a *account) baseRecording(i int) record {
	b := &a.recordings.base
	n := a.callOf(i, a.size.Recordings)
	c := begin(a.seed, ofRecording, int64(i))
	return a.recording(&c, b.id(i), a.calls.base.id(n), b.created(i))
}

func (a *account) recording(c *chance, id, call int64, at instant) record {
	url, duration, deleted, by, code := `"https://uploads.gorgias.io/Hx2aQ/phone-RE`+num(id)+`.mp3"`, num(int64(c.below(600))), instant(0), int64(0), "null"
	switch c.below(8) {
	case 0:
		url, deleted, by = "null", at+hour, a.userAt(c)
	case 1:
		url, duration, code = "null", "null", `"RECORDING_IS_PRIVATE"`
	}
	r := record{id, []field{
		{"id", num(id)},
		{"call_id", num(call)},
		{"external_id", `"RE` + num(id) + `"`},
		{"url", url},
		{"duration", duration},
		{"type", pick(c, []string{`"voicemail"`, `"call-recording"`})},
		{"created_datetime", when(at)},
		{"deleted_datetime", when(deleted)},
		{"deleted_by_user_id", ref(by)},
		{"error_code", code},
	}}
	if !c.one(4) {
		r.fields = append(r.fields, field{"transcription_status", pick(c, []string{`"completed"`, `"pending"`, "null"})})
	}
	return r
}
