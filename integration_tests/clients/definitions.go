//go:build clients

package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// A naive formula is how the query for a metric is commonly written, and wrong. The cases
// that it concerns have to fail with it.
type naive struct {
	model, right, wrong string
	cases               []string
}

func naiveFormulas() []naive {
	const roles, tickets, responses, daily, csat, backlog, automation = "message_roles", "ticket_metrics", "response_times", "daily_metrics", "csat_weekly", "backlog_daily", "automation_daily"
	return []naive{
		{roles, "not m.is_public", "false", []string{"note_is_no_reply"}},
		{roles, "m.rule_id is not null or m.via = 'rule'", "m.via = 'rule'", []string{"message_of_a_rule_is_no_reply"}},
		{roles, "m.rule_id is not null or m.via = 'rule'", "m.rule_id is not null", []string{"message_by_a_rule_without_its_id_is_no_reply"}},
		{roles, "then 'outside'", "then 'reply'", []string{"message_from_a_mailbox_is_no_reply"}},
		{roles, "when not m.is_from_agent then", "when m.via <> 'helpdesk' then", []string{"chat_message_of_an_agent_is_a_reply"}},
		{roles, "when not m.is_from_agent then 'received'", "when not m.is_from_agent and m.via <> 'email' then 'received'", []string{"mail_of_a_customer_is_received"}},
		{roles, "then 'failed'", "then 'reply'", []string{"message_that_could_not_be_sent_is_no_reply"}},
		{roles, "m.failed_at is not null and m.sent_at is null", "m.failed_at is not null", []string{"message_sent_after_a_failure_is_a_reply"}},
		{roles, "where not m.is_deleted", "", []string{"deleted_message_does_not_count"}},
		{roles, "coalesce(m.sent_at, m.created_at)", "m.created_at", []string{"scheduled_message_counts_when_it_is_sent"}},
		{roles, "coalesce(m.sent_at, m.created_at)", "m.sent_at", []string{"message_not_sent_counts_when_it_is_created"}},
		{roles, "coalesce(u.is_bot, false)", "false", []string{"reply_of_a_bot_is_marked"}},
		{roles, " and m.is_from_agent", "", []string{"customer_with_the_id_of_a_bot"}},

		{tickets, "gorgias_seconds('t.first_received_at', 't.first_reply_at')", "gorgias_seconds('t.created_at', 't.first_reply_at')",
			[]string{"first_response_starts_with_the_customer"}},
		{tickets, " and r.happened_at >= c.first_received_at", "", []string{"first_response_follows_the_customer"}},
		{tickets, "case when not t.is_started_by_agent then {{ gorgias.gorgias_seconds('t.first_received_at', 't.first_reply_at') }} end",
			"{{ gorgias.gorgias_seconds('t.first_received_at', 't.first_reply_at') }}", []string{"no_first_response_if_an_agent_started_the_ticket", "the_messages_show_who_started_the_ticket"}},
		{tickets, "coalesce(t.is_from_agent, n.first_sent_at", "coalesce(t.is_from_agent, true, n.first_sent_at", []string{"the_messages_show_that_the_customer_started_the_ticket"}},
		{tickets, "where r.message_role = 'reply'", "where r.message_role in ('reply', 'rule')", []string{"first_response_ignores_rules"}},
		{tickets, "where r.message_role = 'reply'", "where r.message_role in ('reply', 'note')", []string{"first_response_ignores_notes"}},
		{tickets, "where r.message_role = 'reply'", "where r.message_role in ('reply', 'outside')", []string{"first_response_ignores_mailboxes"}},
		{tickets, "gorgias_seconds('t.first_received_at', 't.first_reply_at')", "gorgias_seconds('t.first_received_at', 'coalesce(t.first_reply_at, t.closed_at)')",
			[]string{"no_first_response_without_a_reply"}},
		{tickets, "{{ gorgias.gorgias_seconds('t.first_received_at', 't.first_reply_at') }}",
			"({{ gorgias.gorgias_seconds('t.first_received_at', 't.first_reply_at') }} - 86400 * 2 * (week(t.first_reply_at) - week(t.first_received_at)))",
			[]string{"first_response_runs_around_the_clock"}},
		{tickets, "then {{ gorgias.gorgias_day('t.first_reply_at') }}", "then {{ gorgias.gorgias_day('t.created_at') }}", []string{"first_response_belongs_to_the_day_of_the_reply"}},
		{tickets, "min(r.happened_at) as first_reply_at", "min(case when not r.is_from_bot then r.happened_at end) as first_reply_at", []string{"first_response_can_be_of_a_bot"}},
		{tickets, "min(case when not r.is_from_bot then r.happened_at end)", "min(r.happened_at)", []string{"human_first_response_ignores_bots"}},
		{tickets, "gorgias_seconds('t.first_received_at', 't.closed_at')", "gorgias_seconds('t.created_at', 't.closed_at')", []string{"resolution_starts_with_the_customer"}},
		{tickets, "case when t.status = 'closed' then t.closed_at end as", "t.closed_at as", []string{"no_resolution_while_the_ticket_is_open_again"}},
		{tickets, "case when t.closed_at >= t.first_received_at then {{ gorgias.gorgias_seconds('t.first_received_at', 't.closed_at') }} end",
			"{{ gorgias.gorgias_seconds('coalesce(t.first_received_at, t.created_at)', 't.closed_at') }}", []string{"no_resolution_without_a_message_of_the_customer", "no_negative_resolution"}},
		{tickets, "{{ gorgias.gorgias_day('t.closed_at') }}", "{{ gorgias.gorgias_day('t.created_at') }}", []string{"resolution_belongs_to_the_day_of_closing"}},
		{tickets, "and t.replies_count = 1", "and t.replies_count + t.notes_count = 1", []string{"one_touch_ignores_notes"}},
		{tickets, "and t.replies_count = 1", "and t.replies_count + t.rule_messages_count = 1", []string{"one_touch_ignores_rules"}},
		{tickets, "and t.replies_count = 1", "and t.replies_count >= 1", []string{"two_replies_are_not_one_touch"}},
		{tickets, "t.status = 'closed' and t.replies_count = 1", "t.replies_count = 1", []string{"an_open_ticket_is_not_one_touch"}},
		{tickets, "and t.replies_count = 0", "and t.replies_count + t.rule_messages_count = 0", []string{"zero_touch_with_an_answer_of_a_rule"}},
		{tickets, "t.status = 'closed' and t.replies_count = 0", "t.replies_count = 0", []string{"an_open_ticket_is_not_zero_touch"}},
		{tickets, "where not t.is_spam and not t.is_trashed", "", []string{"spam_does_not_count", "trash_does_not_count"}},
		{tickets, "t.received_count + t.replies_count +", "t.received_count + t.replies_count + t.notes_count +", []string{"exchanged_messages_are_without_notes"}},
		{tickets, " + t.rule_messages_count + t.outside_messages_count as", " as", []string{"exchanged_messages_include_those_of_rules"}},
		{tickets, "count(distinct case", "count(case", []string{"agents_are_counted_once"}},
		{tickets, " and event_type = 'ticket-reopened'", "", []string{"reopenings_are_counted_by_their_events"}},
		{tickets, "case when t.created_at >= e.events_since then coalesce(r.reopenings_count, 0) end", "coalesce(r.reopenings_count, 0)", []string{"reopenings_are_unknown_before_the_oldest_event"}},
		{tickets, "object_type = 'Ticket' and ", "", []string{"an_event_of_another_kind_of_object_is_no_reopening"}},

		{responses, "min(c.happened_at) as waiting_since", "max(c.happened_at) as waiting_since", []string{"the_wait_starts_with_the_oldest_unanswered_message"}},
		{responses, "r.previous_reply_at is null or c.happened_at > r.previous_reply_at", "true", []string{"the_second_of_two_replies_ends_no_wait", "a_wait_starts_again_after_a_reply"}},
		{responses, "\njoin {{ ref('gorgias__ticket_metrics') }}", "\nleft join {{ ref('gorgias__ticket_metrics') }}", []string{"responses_in_spam_do_not_count"}},

		{daily, "{{ gorgias.gorgias_median('first_response_seconds') }}", "avg(first_response_seconds)", []string{"first_response_is_a_median"}},
		{daily, "{{ gorgias.gorgias_median('first_response_seconds') }}", "quantile_disc(first_response_seconds, 0.5)", []string{"a_median_of_two_is_their_mean"}},
		{daily, "{{ gorgias.gorgias_median('resolution_seconds') }}", "avg(resolution_seconds)", []string{"resolution_is_a_median"}},
		{daily, "{{ gorgias.gorgias_median('response_seconds') }}", "avg(response_seconds)", []string{"response_is_a_median"}},
		{daily, "first_response_day as day", "created_day as day", []string{"a_first_response_counts_on_the_day_of_the_reply"}},
		{daily, "closed_day as day, count(*)", "created_day as day, count(*)", []string{"a_closed_ticket_counts_on_the_day_of_closing"}},
		{daily, "count(distinct case", "count(case", []string{"a_ticket_is_replied_to_once_a_day"}},
		{daily, "sum(case when m.message_role = 'reply' then", "sum(case when m.message_role <> 'received' then", []string{"messages_sent_are_replies"}},
		{daily, "\n  join {{ ref('gorgias__ticket_metrics') }}", "\n  left join {{ ref('gorgias__ticket_metrics') }}", []string{"messages_in_spam_do_not_count"}},
		{daily, "cast(x.messages_of_closed_tickets as {{ dbt.type_float() }}) / nullif(x.tickets_closed, 0)", "(select avg(messages_exchanged_count) from {{ ref('gorgias__ticket_metrics') }})", []string{"messages_per_ticket_are_those_of_closed_tickets"}},
		{daily, "left join created c", "join created c", []string{"a_day_without_anything_has_zeros"}},

		{csat, "gorgias_week('scored_at')", "gorgias_week('sent_at')", []string{"a_score_counts_in_the_week_of_the_answer"}},
		{csat, "score >= 4", "score >= 3", []string{"satisfied_is_four_or_five"}},
		{csat, "cast(sum(sent_and_rated)", "cast(sum(rated)", []string{"the_response_rate_is_of_the_surveys_sent"}},
		{csat, "from surveys where sent_at is not null", "from surveys", []string{"a_survey_that_is_not_sent_does_not_count"}},
		{csat, "nullif(sum(rated), 0) as average_score", "nullif(sum(sent), 0) as average_score", []string{"the_average_is_of_the_answers"}},
		{csat, "left join {{ ref('gorgias__tickets') }}", "join {{ ref('gorgias__tickets') }}", []string{"the_survey_of_a_ticket_that_is_gone_counts"}},

		{backlog, "where not t.is_spam and not t.is_trashed", "where t.status = 'open' and not t.is_spam and not t.is_trashed", []string{"a_closed_ticket_was_open_before"}},
		{backlog, "e.event_type in ('ticket-reopened', 'ticket-self-unsnoozed') then 1", "false then 1", []string{"a_reopened_ticket_is_open_again"}},
		{backlog, " union all select * from corrections", "", []string{"a_ticket_closed_without_an_event_is_closed", "a_ticket_reopened_without_an_event_is_open"}},
		{backlog, "was_open is null or was_open <> is_open", "true", []string{"a_ticket_closed_twice_is_closed_once"}},
		{backlog, ", 'ticket-snoozed', 'ticket-self-unsnoozed')", ")", []string{"a_snoozed_ticket_is_not_open"}},
		{backlog, "where not t.is_spam and not t.is_trashed", "where not t.is_spam", []string{"trash_is_not_open"}},

		{automation, "human_replies_count = 0 and (rule_messages_count > 0 or replies_count > 0)", "human_replies_count = 0 and replies_count > 0", []string{"an_answer_of_a_rule_is_automation"}},
		{automation, "human_replies_count = 0 and (rule_messages_count > 0 or replies_count > 0)", "is_zero_touch",
			[]string{"an_answer_of_a_bot_is_automation", "closing_without_an_answer_is_no_automation"}},
		{automation, "human_replies_count = 0 and (rule_messages_count > 0 or replies_count > 0)", "rule_messages_count > 0 or replies_count > 0", []string{"a_bot_with_a_person_is_a_handover"}},
	}
}

// definitionRuns builds the package on empty tables, where every case holds, and then once
// with each naive formula, where its cases must not hold.
func definitionRuns(ctx context.Context, v *clientRun) error {
	file := v.file("definitions.duckdb")
	p, err := newDBT(ctx, v, "warehouse", fmt.Sprintf("{type: duckdb, path: %q, schema: %s, threads: 2}", file, dbtSchema), map[string]any{})
	if err != nil {
		return err
	}
	if err := p.emptyTables(ctx, file); err != nil {
		return err
	}
	if _, err := p.dbt(ctx, "build", "--exclude", "resource_type:snapshot"); err != nil {
		return err
	}
	formulas := naiveFormulas()
	if err := p.everyCaseHasOne(formulas); err != nil {
		return err
	}
	// Formulas of several models are tried in one run: a case concerns one model.
	for round := 0; len(formulas) > 0; round++ {
		var now, later []naive
		for _, f := range formulas {
			if slices.ContainsFunc(now, func(n naive) bool { return n.model == f.model }) {
				later = append(later, f)
			} else {
				now = append(now, f)
			}
		}
		if err := p.tryNaive(ctx, now); err != nil {
			return err
		}
		formulas = later
	}
	return nil
}

// tryNaive replaces the formulas, runs their cases, and puts the formulas back.
func (p *dbtProject) tryNaive(ctx context.Context, formulas []naive) error {
	var cases []string
	for _, f := range formulas {
		path := filepath.Join(p.dir, "models", "metrics", "gorgias__"+f.model+".sql")
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		if !strings.Contains(string(text), f.right) {
			return fmt.Errorf("%s has no formula %q", f.model, f.right)
		}
		if err := os.WriteFile(path, []byte(strings.ReplaceAll(string(text), f.right, f.wrong)), 0o600); err != nil {
			return err
		}
		defer func() { _ = os.WriteFile(path, text, 0o600) }() // the next run would show it
		cases = append(cases, f.cases...)
	}
	out, err := p.dbt(ctx, append([]string{"--no-use-colors", "test", "--select"}, cases...)...)
	if err == nil {
		p.reportDifference("with naive formulas, all of %s hold", strings.Join(cases, ", "))
		return nil
	}
	said := string(out) + err.Error()
	for _, c := range cases {
		p.rows++
		if !regexp.MustCompile(`FAIL 1 \S*::` + c + `\b`).MatchString(said) {
			p.reportDifference("with a naive formula, %s does not fail:\n%s", c, tail(out))
		}
	}
	return nil
}

// everyCaseHasOne checks that each case of the package is concerned by a naive formula.
func (p *dbtProject) everyCaseHasOne(formulas []naive) error {
	text, err := os.ReadFile(filepath.Join(p.dir, "models", "metrics", "_definitions.yml"))
	if err != nil {
		return err
	}
	cases := regexp.MustCompile(`(?m)^  - name: (\w+)$`).FindAllStringSubmatch(string(text), -1)
	for _, c := range cases {
		if !slices.ContainsFunc(formulas, func(f naive) bool { return slices.Contains(f.cases, c[1]) }) {
			p.reportDifference("no naive formula concerns %s", c[1])
		}
	}
	if len(cases) < 40 {
		p.reportDifference("%d cases", len(cases))
	}
	return nil
}

// emptyTables creates the tables of every stream without rows, with the types of PyAirbyte.
func (p *dbtProject) emptyTables(ctx context.Context, file string) error {
	statements := []string{"CREATE SCHEMA gorgias"}
	for _, s := range sources() {
		columns, err := columnsOf(s.record)
		if err != nil {
			return err
		}
		var list []string
		for name, c := range columns {
			list = append(list, fmt.Sprintf("%q %s", name, inDuckDB.types[c.jsonType()][0]))
		}
		slices.Sort(list)
		statements = append(statements, fmt.Sprintf("CREATE TABLE gorgias.%s (%s, %s TIMESTAMP)", s.stream, strings.Join(list, ", "), inDuckDB.tombstone))
	}
	raw, err := json.Marshal(statements)
	if err != nil {
		return err
	}
	e, err := p.get(ctx, p.harness, "dbt")
	if err != nil {
		return err
	}
	const program = "import duckdb, json, sys\ndb = duckdb.connect(sys.argv[1])\nfor s in json.loads(sys.argv[2]): db.execute(s)"
	_, err = p.run(ctx, command{args: []string{e.program("python"), "-c", program, file, string(raw)}})
	return err
}

// dialectRuns compiles the package for the warehouses that no server of ours stands for. Nothing
// is asked of them.
func dialectRuns(ctx context.Context, v *clientRun) error {
	for target, profile := range map[string]string{
		"bigquery":  "{type: bigquery, method: oauth-secrets, token: t, project: shop, dataset: analytics, threads: 1}",
		"snowflake": "{type: snowflake, account: shop, user: u, password: p, database: d, warehouse: w, schema: analytics, threads: 1}",
		"redshift":  "{type: redshift, host: 127.0.0.1, port: 9, user: u, password: p, dbname: d, schema: analytics, threads: 1}",
	} {
		p, err := newDBT(ctx, v, target, profile, map[string]any{"gorgias_has_statistics": true, "gorgias_timezone": "Europe/Paris"})
		if err != nil {
			return err
		}
		if _, err := p.dbt(ctx, "compile", "--no-populate-cache", "--no-introspect"); err != nil {
			return fmt.Errorf("%s: %w", target, err)
		}
		compiled, err := filepath.Glob(filepath.Join(p.dir, "target", "compiled", "gorgias", "models", "*", "*gorgias__*.sql"))
		if err != nil {
			return err
		}
		models, err := filepath.Glob(filepath.Join(p.dir, "models", "*", "*gorgias__*.sql"))
		if v.rows += len(compiled); err != nil || len(compiled) != len(models) || len(models) == 0 {
			v.reportDifference("%s: %d of %d models compile", target, len(compiled), len(models))
		}
	}
	return nil
}
