-- Trash and spam are flags: whether they count is the question's business.
select
  ticket_id, customer_id, assignee_user_id, assignee_team_id, external_id,
  subject, status, priority, channel, via, language, is_from_agent, is_unread, is_spam, is_trashed,
  status = 'open' and snoozed_until is not null and snoozed_until > {{ gorgias.gorgias_now() }} as is_snoozed,
  messages_count, custom_fields, created_at, updated_at, opened_at, closed_at, snoozed_until, trashed_at, last_message_at, last_received_message_at
from {{ ref('stg_gorgias__tickets') }}
where not is_tombstone
