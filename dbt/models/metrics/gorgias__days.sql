-- One row for each day from the oldest ticket up to today.
{{ config(materialized='view') }}
with numbers as ({{ gorgias.gorgias_numbers() }}),
bounds as (
  select min({{ gorgias.gorgias_day('created_at') }}) as first_day, max({{ gorgias.gorgias_day(gorgias.gorgias_now()) }}) as today
  from {{ ref('gorgias__tickets') }}
), days as (
  select cast({{ dbt.dateadd('day', '-1 * n.n', 'b.today') }} as date) as day, b.first_day from bounds b cross join numbers n
)
select day from days where day >= first_day
