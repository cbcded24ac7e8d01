select
  ticket_id, id as tag_id, name as tag_name,
  {{ gorgias.gorgias_utc('ticket_updated_datetime') }} as ticket_updated_at,
  {{ gorgias.gorgias_deleted_at() }} is not null as is_tombstone
from {{ source('gorgias', 'ticket_tags') }}
