select id as tag_id, name as tag_name, {{ gorgias.gorgias_utc('created_datetime') }} as created_at
from {{ source('gorgias', 'tags') }}
