select id as team_id, name as team_name, {{ gorgias.gorgias_utc('created_datetime') }} as created_at
from {{ source('gorgias', 'teams') }}
