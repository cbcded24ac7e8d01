select customer_id, external_id, email, customer_name, language, timezone, is_active, data, custom_fields, created_at, updated_at
from {{ ref('stg_gorgias__customers') }}
where not is_tombstone
