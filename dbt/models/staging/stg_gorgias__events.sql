{{ config(enabled=var('gorgias_has_events')) }}
select
  id as event_id, type as event_type, object_type, object_id, user_id, {{ gorgias.gorgias_json('data') }} as data,
  {{ gorgias.gorgias_utc('created_datetime') }} as created_at
from {{ source('gorgias', 'events') }}
