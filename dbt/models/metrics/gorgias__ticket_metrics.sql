-- One row for each ticket that counts: spam and trash do not. README.md has the definitions and their sources.
with received as (
  select ticket_id, min(happened_at) as first_received_at, count(*) as received_count
  from {{ ref('gorgias__message_roles') }}
  where message_role = 'received'
  group by ticket_id
), firsts as (
  select
    r.ticket_id,
    min(r.happened_at) as first_reply_at,
    min(case when not r.is_from_bot then r.happened_at end) as first_human_reply_at
  from {{ ref('gorgias__message_roles') }} r
  join received c on c.ticket_id = r.ticket_id
  where r.message_role = 'reply' and r.happened_at >= c.first_received_at
  group by r.ticket_id
), counts as (
  select
    ticket_id,
    sum(case when message_role = 'reply' then 1 else 0 end) as replies_count,
    sum(case when message_role = 'reply' and not is_from_bot then 1 else 0 end) as human_replies_count,
    sum(case when message_role = 'rule' then 1 else 0 end) as rule_messages_count,
    sum(case when message_role = 'outside' then 1 else 0 end) as outside_messages_count,
    sum(case when message_role = 'failed' then 1 else 0 end) as failed_messages_count,
    sum(case when message_role = 'note' then 1 else 0 end) as notes_count,
    count(distinct case when message_role = 'reply' then sender_id end) as agents_count,
    min(happened_at) as first_message_at,
    min(case when message_role <> 'note' and message_role <> 'received' then happened_at end) as first_sent_at
  from {{ ref('gorgias__message_roles') }}
  group by ticket_id
), {% if var('gorgias_has_events') %}reopened as (
  select object_id as ticket_id, count(*) as reopenings_count
  from {{ ref('stg_gorgias__events') }}
  where object_type = 'Ticket' and event_type = 'ticket-reopened'
  group by object_id
), since as (
  select min(created_at) as events_since from {{ ref('stg_gorgias__events') }}
), {% endif %}tickets as (
  select
    t.ticket_id, t.customer_id, t.channel, t.assignee_user_id, t.assignee_team_id, t.status, t.created_at,
    case when t.status = 'closed' then t.closed_at end as closed_at,
    c.first_received_at, f.first_reply_at, f.first_human_reply_at,
    coalesce(t.is_from_agent, n.first_sent_at < c.first_received_at or c.first_received_at is null and n.first_sent_at is not null, false)
      as is_started_by_agent,
    coalesce(c.received_count, 0) as received_count,
    coalesce(n.replies_count, 0) as replies_count,
    coalesce(n.human_replies_count, 0) as human_replies_count,
    coalesce(n.rule_messages_count, 0) as rule_messages_count,
    coalesce(n.outside_messages_count, 0) as outside_messages_count,
    coalesce(n.failed_messages_count, 0) as failed_messages_count,
    coalesce(n.notes_count, 0) as notes_count,
    coalesce(n.agents_count, 0) as agents_count
  from {{ ref('gorgias__tickets') }} t
  left join received c on c.ticket_id = t.ticket_id
  left join firsts f on f.ticket_id = t.ticket_id
  left join counts n on n.ticket_id = t.ticket_id
  where not t.is_spam and not t.is_trashed
)
select
  t.*,
  case when not t.is_started_by_agent then {{ gorgias.gorgias_seconds('t.first_received_at', 't.first_reply_at') }} end as first_response_seconds,
  case when not t.is_started_by_agent then {{ gorgias.gorgias_seconds('t.first_received_at', 't.first_human_reply_at') }} end as human_first_response_seconds,
  case when t.closed_at >= t.first_received_at then {{ gorgias.gorgias_seconds('t.first_received_at', 't.closed_at') }} end as resolution_seconds,
  t.received_count + t.replies_count + t.rule_messages_count + t.outside_messages_count as messages_exchanged_count,
  t.status = 'closed' and t.replies_count = 1 as is_one_touch,
  t.status = 'closed' and t.replies_count = 0 as is_zero_touch,
  {{ gorgias.gorgias_day('t.created_at') }} as created_day,
  {{ gorgias.gorgias_day('t.closed_at') }} as closed_day,
  case when not t.is_started_by_agent then {{ gorgias.gorgias_day('t.first_reply_at') }} end as first_response_day,
  {% if var('gorgias_has_events') -%}
  -- Unknown for tickets that are older than the oldest event.
  case when t.created_at >= e.events_since then coalesce(r.reopenings_count, 0) end as reopenings_count
from tickets t
cross join since e
left join reopened r on r.ticket_id = t.ticket_id
  {%- else -%}
  cast(null as {{ dbt.type_int() }}) as reopenings_count
from tickets t
  {%- endif %}
