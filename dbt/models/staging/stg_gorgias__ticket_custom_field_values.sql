select
  ticket_id, id as custom_field_id, value as field_value,
  {{ gorgias.gorgias_utc('ticket_updated_datetime') }} as ticket_updated_at,
  {{ gorgias.gorgias_deleted_at() }} is not null as is_tombstone
from {{ source('gorgias', 'ticket_custom_field_values') }}
