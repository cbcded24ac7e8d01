select
  id as ticket_id, customer_id, assignee_user_id, assignee_team_id, external_id,
  subject, status, priority, channel, via, language, from_agent as is_from_agent, is_unread,
  coalesce(spam, false) as is_spam, trashed_datetime is not null as is_trashed, messages_count,
  {{ gorgias.gorgias_json('custom_fields') }} as custom_fields,
  {{ gorgias.gorgias_utc('created_datetime') }} as created_at,
  {{ gorgias.gorgias_utc('updated_datetime') }} as updated_at,
  {{ gorgias.gorgias_utc('opened_datetime') }} as opened_at,
  {{ gorgias.gorgias_utc('closed_datetime') }} as closed_at,
  {{ gorgias.gorgias_utc('snooze_datetime') }} as snoozed_until,
  {{ gorgias.gorgias_utc('trashed_datetime') }} as trashed_at,
  {{ gorgias.gorgias_utc('last_message_datetime') }} as last_message_at,
  {{ gorgias.gorgias_utc('last_received_message_datetime') }} as last_received_message_at,
  {{ gorgias.gorgias_deleted_at() }} is not null as is_tombstone
from {{ source('gorgias', 'tickets') }}
