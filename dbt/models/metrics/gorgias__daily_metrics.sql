-- One row for each day: each number belongs to the day on which what it counts happened.
with created as (
  select created_day as day, count(*) as tickets_created from {{ ref('gorgias__ticket_metrics') }} group by 1
), closed as (
  select
    closed_day as day, count(*) as tickets_closed,
    sum(case when is_one_touch then 1 else 0 end) as one_touch_tickets,
    sum(case when is_zero_touch then 1 else 0 end) as zero_touch_tickets,
    sum(messages_exchanged_count) as messages_of_closed_tickets
  from {{ ref('gorgias__ticket_metrics') }} where closed_day is not null group by 1
), resolved as (
  select closed_day as day, {{ gorgias.gorgias_median('resolution_seconds') }} as median_resolution_seconds
  from {{ ref('gorgias__ticket_metrics') }} where resolution_seconds is not null group by 1
), answered as (
  select first_response_day as day, {{ gorgias.gorgias_median('first_response_seconds') }} as median_first_response_seconds
  from {{ ref('gorgias__ticket_metrics') }} where first_response_seconds is not null group by 1
), responses as (
  select replied_day as day, {{ gorgias.gorgias_median('response_seconds') }} as median_response_seconds
  from {{ ref('gorgias__response_times') }} group by 1
), messages as (
  select
    {{ gorgias.gorgias_day('m.happened_at') }} as day,
    count(distinct case when m.message_role = 'reply' then m.ticket_id end) as tickets_replied,
    sum(case when m.message_role = 'reply' then 1 else 0 end) as messages_sent,
    sum(case when m.message_role = 'received' then 1 else 0 end) as messages_received
  from {{ ref('gorgias__message_roles') }} m
  join {{ ref('gorgias__ticket_metrics') }} t on t.ticket_id = m.ticket_id
  group by 1
)
select
  d.day,
  coalesce(c.tickets_created, 0) as tickets_created,
  coalesce(x.tickets_closed, 0) as tickets_closed,
  coalesce(x.one_touch_tickets, 0) as one_touch_tickets,
  coalesce(x.zero_touch_tickets, 0) as zero_touch_tickets,
  coalesce(m.tickets_replied, 0) as tickets_replied,
  coalesce(m.messages_sent, 0) as messages_sent,
  coalesce(m.messages_received, 0) as messages_received,
  cast(x.messages_of_closed_tickets as {{ dbt.type_float() }}) / nullif(x.tickets_closed, 0) as messages_per_ticket,
  f.median_first_response_seconds, r.median_resolution_seconds, p.median_response_seconds
from {{ ref('gorgias__days') }} d
left join created c on c.day = d.day
left join closed x on x.day = d.day
left join resolved r on r.day = d.day
left join answered f on f.day = d.day
left join responses p on p.day = d.day
left join messages m on m.day = d.day
