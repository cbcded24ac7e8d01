select
  customer_id, id as custom_field_id, value as field_value,
  {{ gorgias.gorgias_utc('customer_updated_datetime') }} as customer_updated_at,
  {{ gorgias.gorgias_deleted_at() }} is not null as is_tombstone
from {{ source('gorgias', 'customer_custom_field_values') }}
