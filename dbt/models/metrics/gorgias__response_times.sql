-- One row for each reply that ends a wait of the customer: how long the oldest unanswered message waited for it.
with ordered as (
  select
    message_id, ticket_id, sender_id, is_from_bot, happened_at, message_role,
    max(case when message_role = 'reply' then happened_at end) over (
      partition by ticket_id order by happened_at, message_id rows between unbounded preceding and 1 preceding
    ) as previous_reply_at
  from {{ ref('gorgias__message_roles') }}
  where message_role in ('reply', 'received')
), waits as (
  select r.message_id, r.ticket_id, r.sender_id, r.is_from_bot, r.happened_at as replied_at, min(c.happened_at) as waiting_since
  from ordered r
  join ordered c on c.ticket_id = r.ticket_id and c.message_role = 'received' and c.happened_at <= r.happened_at
    and (r.previous_reply_at is null or c.happened_at > r.previous_reply_at)
  where r.message_role = 'reply'
  group by r.message_id, r.ticket_id, r.sender_id, r.is_from_bot, r.happened_at
)
select
  w.message_id, w.ticket_id, w.sender_id as agent_id, w.is_from_bot, w.waiting_since, w.replied_at,
  {{ gorgias.gorgias_seconds('w.waiting_since', 'w.replied_at') }} as response_seconds,
  {{ gorgias.gorgias_day('w.replied_at') }} as replied_day
from waits w
join {{ ref('gorgias__ticket_metrics') }} t on t.ticket_id = w.ticket_id
