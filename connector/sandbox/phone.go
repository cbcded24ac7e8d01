package sandbox

// Phone calls, call events and recordings.

func (a *account) baseCall(i int) record {
	rng := newPRNG(a.seed, saltCall, int64(i))
	b := &a.calls.base
	t := i * a.size.Tickets / a.size.Calls
	return a.call(&rng, b.id(i), a.ticketID(t), a.customerOf(t), b.created(i))
}

// ticketID returns the id of base ticket i; 0 if there is none.
func (a *account) ticketID(i int) int64 {
	if i >= a.size.Tickets {
		return 0
	}
	return a.tickets.base.id(i)
}

func (a *account) call(rng *prng, id, ticket, customer int64, created timestamp) record {
	status := pick(rng, []string{"completed", "completed", "answered", "no-answer", "busy", "failed"})
	answered := status == "completed" || status == "answered"
	inbound := !rng.oneIn(3)
	duration, answeredBy, initiatedBy := "null", int64(0), int64(0)
	if answered {
		duration = number(int64(rng.intn(900)))
		answeredBy = a.randomUser(rng)
	}
	if !inbound {
		initiatedBy = a.randomUser(rng)
	}
	r := record{id, []field{
		{"id", number(id)},
		{"integration_id", idOrNull(pickIf(rng.oneIn(9) || a.size.Integrations < 1, 0, firstIntegration))},
		{"ticket_id", idOrNull(pickIf(rng.oneIn(9), 0, ticket))},
		{"phone_number_id", "456"},
		{"external_id", pickIf(rng.oneIn(9), "null", `"CA`+number(id)+`"`)},
		{"provider", pick(rng, []string{`"twilio"`, `"twilio"`, "null"})},
		{"status", quote(status)},
		{"direction", pickIf(inbound, `"inbound"`, `"outbound"`)},
		{"phone_number_source", pickIf(rng.oneIn(12), "null", `"+14155550123"`)},
		{"country_source", `"US"`},
		{"phone_number_destination", `"+16475550100"`},
		{"country_destination", pickIf(rng.oneIn(12), "null", `"CA"`)},
		{"duration", duration},
		{"started_datetime", datetime(created - 2*second)},
		{"created_datetime", datetime(created)},
		{"updated_datetime", datetime(pickIf(rng.oneIn(12), 0, created+minute))},
		{"initiated_by_agent_id", idOrNull(initiatedBy)},
		{"last_answered_by_agent_id", idOrNull(answeredBy)},
		{"customer_id", number(customer)},
		{"has_voicemail", pick(rng, []string{"true", "false", "null"})},
		{"has_call_recording", pick(rng, []string{"true", "false", "null"})},
	}}
	if rng.oneIn(2) { // newer fields, which older records of an account do not have
		r.fields = append(r.fields, []field{
			{"answered_by_external_customer_id", "null"},
			{"answered_by_external_number", "null"},
			{"last_monitoring_agent_id", "null"},
			{"last_rang_agent_id", idOrNull(answeredBy)},
			{"monitoring_status", pick(rng, []string{"null", `"listening"`})},
			{"queue_id", "142"},
			{"status_in_queue", pick(rng, []string{"null", `"waiting"`})},
			{"termination_status", "null"},
			{"summaries", pickIf(rng.oneIn(3), `[{"id":`+number(id)+`,"recording_id":`+number(id)+`,"summary":"Caller asked about a late parcel.","created_datetime":`+datetime(created+2*minute)+`}]`, "[]")},
		}...)
	}
	return r
}

// callOf returns the index of the call of the i-th of n objects, which are
// spread evenly over the calls.
func (a *account) callOf(i, n int) int { return i * a.size.Calls / n }

var callEventTypes = []string{"incoming-phone-call", "phone-call-ringing", "phone-call-answered", "completed-phone-call", "missed-phone-call"}

func (a *account) baseCallEvent(i int) record {
	b := &a.callEvents.base
	n := a.callOf(i, a.size.CallEvents)
	rng := newPRNG(a.seed, saltCall, int64(-1-i))
	at := a.calls.base.created(n) + timestamp(i%8)*8*second
	return a.callEvent(&rng, b.id(i), a.calls.base.id(n), pick(&rng, callEventTypes), at)
}

func (a *account) callEvent(rng *prng, id, call int64, eventType string, at timestamp) record {
	user, customer := a.randomUser(rng), int64(0)
	if rng.oneIn(2) && a.size.Customers > 0 {
		user, customer = 0, a.customers.base.id(rng.intn(a.size.Customers))
	}
	return record{id, []field{
		{"id", number(id)},
		{"account_id", "3100"},
		{"call_id", number(call)},
		{"customer_id", idOrNull(customer)},
		{"user_id", idOrNull(user)},
		{"type", quote(eventType)},
		{"created_datetime", datetime(at)},
		{"meta", pick(rng, []string{"{}", "{}", "null", `{"conference_sid":"CF00aa","sequence":1.0}`})},
	}}
}

func (a *account) baseRecording(i int) record {
	b := &a.recordings.base
	n := a.callOf(i, a.size.Recordings)
	rng := newPRNG(a.seed, saltRecording, int64(i))
	return a.recording(&rng, b.id(i), a.calls.base.id(n), b.created(i))
}

func (a *account) recording(rng *prng, id, call int64, at timestamp) record {
	url, duration, deleted, deletedBy, errorCode := `"https://uploads.gorgias.io/Hx2aQ/phone-RE`+number(id)+`.mp3"`, number(int64(rng.intn(600))), timestamp(0), int64(0), "null"
	switch rng.intn(8) {
	case 0:
		url, deleted, deletedBy = "null", at+hour, a.randomUser(rng)
	case 1:
		url, duration, errorCode = "null", "null", `"RECORDING_IS_PRIVATE"`
	}
	r := record{id, []field{
		{"id", number(id)},
		{"call_id", number(call)},
		{"external_id", `"RE` + number(id) + `"`},
		{"url", url},
		{"duration", duration},
		{"type", pick(rng, []string{`"voicemail"`, `"call-recording"`})},
		{"created_datetime", datetime(at)},
		{"deleted_datetime", datetime(deleted)},
		{"deleted_by_user_id", idOrNull(deletedBy)},
		{"error_code", errorCode},
	}}
	if !rng.oneIn(4) {
		r.fields = append(r.fields, field{"transcription_status", pick(rng, []string{`"completed"`, `"pending"`, "null"})})
	}
	return r
}
