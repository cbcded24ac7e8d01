-- The customer itself lists the fields that have a value. A value that was taken off without a new updated_datetime may
-- have no tombstone.
select v.customer_id, v.custom_field_id, v.field_value
from {{ ref('stg_gorgias__customer_custom_field_values') }} v
join {{ ref('gorgias__customers') }} c on c.customer_id = v.customer_id
where not v.is_tombstone and case
  when c.custom_fields is null then v.customer_updated_at >= c.updated_at
  else {{ gorgias.gorgias_json_has('c.custom_fields', 'cast(v.custom_field_id as ' ~ dbt.type_string() ~ ')') }}
end
