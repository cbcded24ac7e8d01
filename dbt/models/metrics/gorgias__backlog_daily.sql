-- One row for each day: the tickets that were open when it ended. A snoozed ticket counts as closed until the snooze ends.
with known as (
  select t.ticket_id, t.created_at as happened_at, 1 as is_open, 0 as sequence, t.status, t.is_snoozed, t.closed_at, t.snoozed_until, t.last_received_message_at, t.updated_at
  from {{ ref('gorgias__tickets') }} t
  where not t.is_spam and not t.is_trashed
), changes as (
  select ticket_id, happened_at, is_open, sequence from known
  {% if var('gorgias_has_events') -%}
  union all
  select k.ticket_id, e.created_at, case when e.event_type in ('ticket-reopened', 'ticket-self-unsnoozed') then 1 else 0 end, e.event_id
  from {{ ref('stg_gorgias__events') }} e
  join known k on k.ticket_id = e.object_id and e.created_at >= k.happened_at
  where e.object_type = 'Ticket' and e.event_type in ('ticket-closed', 'ticket-reopened', 'ticket-snoozed', 'ticket-self-unsnoozed')
  {%- endif %}
), last_changes as (
  select ticket_id, happened_at as last_at, is_open as last_open from (
    select ticket_id, happened_at, is_open, row_number() over (partition by ticket_id order by happened_at desc, sequence desc) as n from changes
  ) ranked where n = 1
), corrections as (
  -- What the ticket says now is right: a change without an event is dated by the ticket's own times.
  select
    k.ticket_id,
    case when k.status = 'open' and not k.is_snoozed
      then {{ gorgias.gorgias_later('l.last_at', 'coalesce(k.snoozed_until, k.last_received_message_at)') }}
      else {{ gorgias.gorgias_later('l.last_at', 'coalesce(k.closed_at, k.updated_at)') }} end as happened_at,
    1 - l.last_open as is_open, {{ 9223372036854775807 }} as sequence
  from known k
  join last_changes l on l.ticket_id = k.ticket_id
  where l.last_open <> case when k.status = 'open' and not k.is_snoozed then 1 else 0 end
), timeline as (
  select ticket_id, happened_at, is_open, lag(is_open) over (partition by ticket_id order by happened_at, sequence) as was_open
  from (select * from changes union all select * from corrections) everything
), steps as (
  select
    {{ gorgias.gorgias_day('happened_at') }} as day,
    sum(case when is_open = 1 then 1 else 0 end) as opened, sum(case when is_open = 0 then 1 else 0 end) as closed
  from timeline
  where was_open is null or was_open <> is_open
  group by 1
)
select
  d.day, coalesce(s.opened, 0) as tickets_opened, coalesce(s.closed, 0) as tickets_closed,
  sum(coalesce(s.opened, 0) - coalesce(s.closed, 0)) over (order by d.day rows between unbounded preceding and current row) as open_tickets
from {{ ref('gorgias__days') }} d
left join steps s on s.day = d.day
