{{ config(enabled=var('gorgias_has_statistics')) }}
select
  report, cast(day as date) as report_day, {{ '"ROW"' if target.type == 'snowflake' else adapter.quote('row') }} as dimensions_key, timezone,
  {{ gorgias.gorgias_json('measures') }} as measures,
  {{ gorgias.gorgias_utc('as_of_datetime') }} as as_of_at
from {{ source('gorgias', 'statistics') }}
