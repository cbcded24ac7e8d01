-- One row for each day on which tickets were closed: how many of them no person replied to.
select
  closed_day as day, channel,
  count(*) as tickets_closed,
  sum(case when human_replies_count = 0 and (rule_messages_count > 0 or replies_count > 0) then 1 else 0 end) as automated_tickets,
  sum(case when human_replies_count = 0 and rule_messages_count = 0 and replies_count = 0 then 1 else 0 end) as unanswered_tickets,
  sum(case when human_replies_count > 0 and (rule_messages_count > 0 or replies_count > human_replies_count) then 1 else 0 end) as handed_over_tickets,
  100 * cast(sum(case when human_replies_count = 0 and (rule_messages_count > 0 or replies_count > 0) then 1 else 0 end) as {{ dbt.type_float() }}) / count(*) as automation_percent
from {{ ref('gorgias__ticket_metrics') }}
where closed_day is not null
group by closed_day, channel
