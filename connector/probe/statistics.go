package probe

// statisticFacts are open: statistics can only be requested by POST. The check of a
// configuration with reports requests them.
func statisticFacts() (all []*fact) {
	open := func(*view) verdict { return unknown(needsPost) }
	for _, f := range []fact{
		{id: "statistics-period", question: "Does the period of statistics begin with the day periodStart?",
			answers: []answer{{"yes", "", Agrees}, {"no, with the day after it", "", Contradicts}}},
		{id: "statistics-day-name", question: "In which field do rows of statistics have their day?",
			answers: []answer{{"the time dimension", "", Agrees}, {"another one", "", Differs}, {"none", "", Contradicts}}},
		{id: "statistics-day-zone", question: "In which zone are the days of statistics?",
			answers: []answer{{"the one that was requested, without an offset", "", Agrees}, {"UTC", "", Differs}}},
		{id: "statistics-scopes", question: "Do statistics of some scopes fail at Gorgias?",
			answers: []answer{{"yes", "", Agrees}, {"no, each one works", "", Differs}}},
		{id: "statistics-status", question: "Which status do statistics have?",
			answers: []answer{{"200", "", Agrees}, {"201", "", Differs}}},
	} {
		f.judge = open
		all = append(all, &f)
	}
	return all
}
