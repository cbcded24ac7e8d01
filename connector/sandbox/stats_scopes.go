package sandbox

import (
	"slices"
	"strconv"
)

// A fact is one object that is counted: a ticket, a message, a survey.
type fact struct {
	at         timestamp
	dimensions map[string]string // raw values by dimension; a missing one is null
	value      float64           // the measured quantity, if hasValue
	hasValue   bool
}

// A measure computes one raw number from the facts of a row.
type measure func(facts []fact) string

// A scope is a subject of statistics.
type scope struct {
	name           string
	timeDimensions []string // the usual one, by which facts have their time, first
	measures       map[string]measure
	dimensions     []string
	requiredFilter string // a member that a query must filter by, beside the period; "" = none
	facts          factSource
}

// A factSource calls emit with every fact of a scope.
type factSource func(a *account, emit func(fact))

// The measures.

func count(facts []fact) string { return strconv.Itoa(len(facts)) }

func countValues(facts []fact) string { return strconv.Itoa(len(sortedValues(facts))) }

// sortedValues returns the values of the facts that have one, ascending.
func sortedValues(facts []fact) (vs []float64) {
	for _, f := range facts {
		if f.hasValue {
			vs = append(vs, f.value)
		}
	}
	slices.Sort(vs)
	return vs
}

func decimal(v float64) string { return strconv.FormatFloat(v, 'f', -1, 64) }

func mean(facts []fact) string {
	vs, sum := sortedValues(facts), 0.0
	if len(vs) == 0 {
		return "null"
	}
	for _, v := range vs {
		sum += v
	}
	return decimal(sum / float64(len(vs)))
}

func median(facts []fact) string {
	vs := sortedValues(facts)
	if len(vs) == 0 {
		return "null"
	}
	return decimal((vs[(len(vs)-1)/2] + vs[len(vs)/2]) / 2)
}

// rate returns the percentage of facts that have a value.
func rate(facts []fact) string {
	return decimal(100 * float64(len(sortedValues(facts))) / float64(len(facts)))
}

// scopes returns the scopes that have facts of their own, with the measures that
// measureOf does not find. How Gorgias counts is not documented.
// Here trashed tickets and spam do not count, so that a change of an old ticket changes
// the statistics of a past day.
func scopes() []scope {
	tickets := map[string]measure{"ticketCount": count}
	messages := map[string]measure{"messagesCount": count}
	replies := map[string]measure{"medianFirstResponseTime": median}

	qaScores := map[string]measure{"ticketCount": count}
	for _, quality := range []string{"ResolutionCompleteness", "CommunicationSkills", "LanguageProficiency", "Accuracy", "Efficiency", "InternalCompliance", "BrandVoice"} {
		qaScores["average"+quality+"Score"] = mean
	}

	created := func(t *ticketStats) timestamp { return t.created }
	closed := func(t *ticketStats) timestamp { return t.closed }
	open := func(t *ticketStats) timestamp { return pickIf(t.open, t.created, 0) }

	return []scope{
		{name: "tickets-created", measures: tickets, facts: ticketFacts(timeOnly(created))},
		{name: "tickets-closed", measures: tickets, facts: ticketFacts(timeOnly(closed))},
		{name: "tickets-open", measures: tickets, facts: ticketFacts(timeOnly(open))},
		{name: "tickets-replied", measures: tickets, facts: threadFacts(timeOnly(func(t *ticketStats) timestamp { return pickIf(t.replies > 0, t.created, 0) }))},
		{name: "one-touch-tickets", measures: tickets, facts: threadFacts(timeOnly(func(t *ticketStats) timestamp { return pickIf(t.replies == 1, t.closed, 0) }))},
		{name: "zero-touch-tickets", measures: tickets, facts: threadFacts(timeOnly(func(t *ticketStats) timestamp { return pickIf(t.replies == 0, t.closed, 0) }))},
		{name: "satisfaction-surveys", measures: map[string]measure{"averageSurveyScore": mean, "scoredSurveysCount": countValues, "responseRate": rate}, facts: surveyFacts},
		{name: "resolution-time", measures: map[string]measure{"medianResolutionTime": median}, facts: ticketFacts(func(t *ticketStats) (timestamp, float64, bool) {
			return t.created, float64((t.closed - t.created) / second), t.closed > t.created
		})},
		{name: "first-response-time", measures: replies, facts: threadFacts(firstReplyTime)},
		{name: "human-first-response-time", measures: replies, facts: threadFacts(firstReplyTime)},
		{name: "response-time", measures: map[string]measure{"medianResponseTime": median}, facts: messageFacts(true)},
		{name: "messages-sent", measures: messages, facts: messageFacts(true)},
		{name: "messages-received", measures: messages, facts: messageFacts(false)},
		{name: "messages-per-ticket", measures: map[string]measure{"averageMessagesCount": mean}, facts: ticketFacts(func(t *ticketStats) (timestamp, float64, bool) {
			return t.created, float64(t.messages), true
		})},
		{name: "ticket-handle-time", measures: map[string]measure{"averageHandleTime": mean}, facts: threadFacts(func(t *ticketStats) (timestamp, float64, bool) {
			return t.created, 180 * float64(t.replies), t.replies > 0
		})},
		{name: "workload-tickets", measures: tickets, facts: ticketFacts(timeOnly(open))},
		{name: "tags", measures: tickets, facts: tagFacts},
		{name: "ticket-fields", measures: tickets, requiredFilter: "customFieldId", facts: fieldValueFacts},
		{name: "ticket-sla", measures: tickets, facts: ticketFacts(timeOnly(created))},
		{name: "auto-qa", measures: qaScores, facts: ticketFacts(func(t *ticketStats) (timestamp, float64, bool) {
			return t.closed, float64(1 + t.id%5), t.id%2 == 0
		})},
		{name: "overall-automated-interactions", measures: map[string]measure{"automatedInteractionsCount": count}, facts: ticketFacts(timeOnly(func(t *ticketStats) timestamp { return pickIf(t.id%3 == 0, t.created, 0) }))},
		{name: "knowledge-insights", measures: map[string]measure{"averageSurveyScore": mean, "ticketCount": count, "interactionsCount": countValues}, facts: ticketFacts(func(t *ticketStats) (timestamp, float64, bool) {
			return t.created, 1, t.id%3 == 0
		})},
	}
}

// failingScopes are the scopes that a real account answered with 500.
var failingScopes = []string{"automation-rate", "online-time", "voice-calls", "voice-agent-events", "voice-calls-summary"}

// A ticketStats is a ticket with the statistics of its thread.
type ticketStats struct {
	ticket
	replies    int       // public messages of agents
	firstReply timestamp // 0 = none
}

// A ticketMeasure returns the time that a ticket counts at, 0 if it does not
// count, and its value, if it has one.
type ticketMeasure func(t *ticketStats) (at timestamp, value float64, hasValue bool)

// timeOnly returns a ticketMeasure without values.
func timeOnly(at func(t *ticketStats) timestamp) ticketMeasure {
	return func(t *ticketStats) (timestamp, float64, bool) { return at(t), 0, false }
}

// ticketDimensions returns the raw values of a ticket's dimensions.
func (a *account) ticketDimensions(t *ticket) map[string]string {
	channel, _ := a.channelOf(t.id)
	rng := newPRNG(a.seed, saltTicketDetails, -t.id-1)
	return map[string]string{
		"ticketId": number(t.id), "agentId": idOrNull(t.user), "channel": quote(channel), "tagId": "null",
		"integrationId":         pickIf(a.size.Integrations > 0 && !rng.oneIn(4), number(firstIntegration), "null"),
		"storeId":               pick(&rng, []string{"null", "41", "42"}),
		"status":                pickIf(t.closed > t.created && t.closed-t.created < 20*day, `"SATISFIED"`, `"BREACHED"`),
		"ticketQAScorerUserId":  idOrNull(t.user),
		"automationFeatureType": pick(&rng, []string{`"flow"`, `"article"`}),
		"resourceType":          pick(&rng, []string{`"article"`, `"guidance"`}),
	}
}

// countable calls yield with the tickets that count.
func (a *account) countable(yield func(*ticket)) {
	for _, t := range a.tickets.rows("created_datetime", false, nil) {
		if t.trashed == 0 && !t.spam {
			yield(&t)
		}
	}
}

// ticketFacts returns the source of one fact per ticket, without the statistics
// of its thread.
func ticketFacts(measure ticketMeasure) factSource {
	return func(a *account, emit func(fact)) {
		a.countable(func(t *ticket) {
			if at, value, hasValue := measure(&ticketStats{ticket: *t}); at != 0 {
				emit(fact{at, a.ticketDimensions(t), value, hasValue})
			}
		})
	}
}

// threadFacts returns the source of one fact per ticket.
func threadFacts(measure ticketMeasure) factSource {
	return func(a *account, emit func(fact)) {
		replies, first := map[int64]int{}, map[int64]timestamp{}
		for _, m := range a.messages.rows("created_datetime", false, nil) {
			if m.agent && !m.note && m.deleted == 0 {
				if replies[m.ticket]++; replies[m.ticket] == 1 {
					first[m.ticket] = m.created
				}
			}
		}
		a.countable(func(t *ticket) {
			if at, value, hasValue := measure(&ticketStats{*t, replies[t.id], first[t.id]}); at != 0 {
				emit(fact{at, a.ticketDimensions(t), value, hasValue})
			}
		})
	}
}

// firstReplyTime measures the seconds until the first reply.
func firstReplyTime(t *ticketStats) (timestamp, float64, bool) {
	return t.firstReply, float64((t.firstReply - t.created) / second), t.firstReply >= t.created
}

// messageFacts returns the source of one fact per sent message of agents or of
// customers. The value of an agent's message is the time since the customer's
// last one.
func messageFacts(byAgent bool) factSource {
	return func(a *account, emit func(fact)) {
		received := map[int64]timestamp{}
		for _, m := range a.messages.rows("created_datetime", false, nil) {
			if m.deleted != 0 || m.note || m.sent == 0 {
				continue
			}
			lastReceived := received[m.ticket]
			if !m.agent {
				received[m.ticket] = m.created
			}
			t, ok := a.tickets.getListed(m.ticket)
			if m.agent != byAgent || !ok || t.spam || t.trashed != 0 {
				continue
			}
			dimensions := a.ticketDimensions(&t)
			if byAgent {
				dimensions["agentId"] = idOrNull(m.author)
			}
			emit(fact{m.sent, dimensions, float64((m.created - lastReceived) / second), byAgent && lastReceived != 0})
		}
	}
}

// surveyFacts emits one fact per sent survey; its value is the score.
func surveyFacts(a *account, emit func(fact)) {
	for k, s := range a.surveys.rows("created_datetime", false, nil) {
		if s.get("sent_datetime") == "null" {
			continue
		}
		f := fact{at: timestamp(k.n), dimensions: map[string]string{}}
		if t, ok := a.tickets.getListed(s.number("ticket_id")); ok {
			f.dimensions = a.ticketDimensions(&t)
		}
		f.value, f.hasValue = float64(s.number("score")), s.get("score") != "null"
		emit(f)
	}
}

// tagFacts emits one fact per tag of a ticket.
func tagFacts(a *account, emit func(fact)) {
	a.countable(func(t *ticket) {
		for _, tag := range t.tags {
			emit(fact{at: t.created, dimensions: map[string]string{"tagId": number(tag)}})
		}
	})
}

// fieldValueFacts emits one fact per custom-field value of a ticket.
func fieldValueFacts(a *account, emit func(fact)) {
	a.countable(func(t *ticket) {
		for _, v := range t.values {
			emit(fact{at: t.created, dimensions: map[string]string{"customFieldId": number(v.field), "customFieldValue": v.raw}})
		}
	})
}
