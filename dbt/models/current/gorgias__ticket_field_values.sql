-- The ticket itself lists the fields that have a value. A value that was taken off without a new updated_datetime may
-- have no tombstone.
select v.ticket_id, v.custom_field_id, v.field_value
from {{ ref('stg_gorgias__ticket_custom_field_values') }} v
join {{ ref('gorgias__tickets') }} t on t.ticket_id = v.ticket_id
where not v.is_tombstone and case
  when t.custom_fields is null then v.ticket_updated_at >= t.updated_at
  else {{ gorgias.gorgias_json_has('t.custom_fields', 'cast(v.custom_field_id as ' ~ dbt.type_string() ~ ')') }}
end
