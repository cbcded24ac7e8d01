select
  id as message_id, ticket_id, sender_id, receiver_id, rule_id, integration_id, channel, via, subject, stripped_text,
  coalesce(public, false) as is_public, coalesce(from_agent, false) as is_from_agent,
  deleted_datetime is not null as is_deleted, coalesce(imported, false) as is_imported,
  {{ gorgias.gorgias_utc('created_datetime') }} as created_at,
  {{ gorgias.gorgias_utc('sent_datetime') }} as sent_at,
  {{ gorgias.gorgias_utc('failed_datetime') }} as failed_at,
  {{ gorgias.gorgias_utc('deleted_datetime') }} as deleted_at,
  {{ gorgias.gorgias_deleted_at() }} is not null as is_tombstone
from {{ source('gorgias', 'ticket_messages') }}
