package probe

func headerFacts() []*fact {
	return []*fact{{
		id: "call-limit-header", question: "Does each response show the use of the rate limit?",
		answers: []answer{
			{"yes", "the rate limit is shared with other integrations by what the header shows", Agrees},
			{"not each one", "between responses that show it, the connector estimates the use from its own requests", Differs},
			{"none does", "the connector assumes 40 requests in 20 seconds; if others use the account, it meets the status 429 and waits", Contradicts},
		},
		evidence: []string{"responses", "of them with the header", "requests in the rate limit"},
		judge: func(v *view) verdict {
			h := v.headers
			switch h.withLimit {
			case h.responses:
				return found(0, h.responses, h.withLimit, h.limit)
			case 0:
				return found(2, h.responses, 0, 0)
			}
			return found(1, h.responses, h.withLimit, h.limit)
		},
	}, {
		id: "retry-after-header", question: "Do only responses above the rate limit have Retry-After?",
		answers: []answer{
			{"yes", "nothing: the header counts only with the status 429 or 503", Agrees},
			{"no, successful ones too", "nothing: the header counts only with the status 429 or 503", Differs},
		},
		evidence: []string{"successful responses", "of them with Retry-After"},
		judge: func(v *view) verdict {
			h := v.headers
			return found(min(h.withRetryAfter, 1), h.successes, h.withRetryAfter)
		},
	}}
}
