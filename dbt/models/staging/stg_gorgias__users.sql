select
  id as user_id, name as user_name, email, active as is_active, {{ gorgias.gorgias_json_text('role', 'name') }} as role_name,
  coalesce({{ gorgias.gorgias_json_text('role', 'name') }} = 'bot', false) as is_bot,
  {{ gorgias.gorgias_utc('created_datetime') }} as created_at,
  {{ gorgias.gorgias_utc('deactivated_datetime') }} as deactivated_at
from {{ source('gorgias', 'users') }}
