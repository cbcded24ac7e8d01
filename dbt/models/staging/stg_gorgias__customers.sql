select
  id as customer_id, external_id, email, name as customer_name, language, timezone, active as is_active,
  {{ gorgias.gorgias_json('data') }} as data,
  {{ gorgias.gorgias_json('custom_fields') }} as custom_fields,
  {{ gorgias.gorgias_utc('created_datetime') }} as created_at,
  {{ gorgias.gorgias_utc('updated_datetime') }} as updated_at,
  {{ gorgias.gorgias_deleted_at() }} is not null as is_tombstone
from {{ source('gorgias', 'customers') }}
