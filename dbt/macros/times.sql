{#- What differs between warehouses: durations, days, medians. -#}

{#- gorgias_now is the time up to which is counted, in UTC without a time zone. -#}
{%- macro gorgias_now() -%}
  {%- if var('gorgias_as_of') -%}cast('{{ var('gorgias_as_of') }}' as {{ dbt.type_timestamp() }})
  {%- else -%}{{ adapter.dispatch('gorgias_clock', 'gorgias')() }}{%- endif -%}
{%- endmacro -%}
{%- macro default__gorgias_clock() -%}(now() at time zone 'UTC'){%- endmacro -%}
{%- macro bigquery__gorgias_clock() -%}current_timestamp(){%- endmacro -%}
{%- macro snowflake__gorgias_clock() -%}sysdate(){%- endmacro -%}
{%- macro redshift__gorgias_clock() -%}getdate(){%- endmacro -%}

{#- gorgias_seconds is the time between two timestamps in seconds, with fractions where the warehouse has them. -#}
{%- macro gorgias_seconds(earlier, later) -%}{{ return(adapter.dispatch('gorgias_seconds', 'gorgias')(earlier, later)) }}{%- endmacro -%}
{%- macro default__gorgias_seconds(earlier, later) -%}cast(extract(epoch from ({{ later }} - {{ earlier }})) as double precision){%- endmacro -%}
{%- macro duckdb__gorgias_seconds(earlier, later) -%}((epoch_us({{ later }}) - epoch_us({{ earlier }})) / 1000000.0){%- endmacro -%}
{%- macro bigquery__gorgias_seconds(earlier, later) -%}(timestamp_diff({{ later }}, {{ earlier }}, microsecond) / 1000000){%- endmacro -%}
{%- macro snowflake__gorgias_seconds(earlier, later) -%}(datediff('microsecond', {{ earlier }}, {{ later }}) / 1000000){%- endmacro -%}
{%- macro redshift__gorgias_seconds(earlier, later) -%}(datediff('microsecond', {{ earlier }}, {{ later }}) / 1000000.0){%- endmacro -%}

{#- gorgias_day is the day of a timestamp in the time zone gorgias_timezone, as a date. -#}
{%- macro gorgias_day(column) -%}{{ return(adapter.dispatch('gorgias_day', 'gorgias')(column)) }}{%- endmacro -%}
{%- macro default__gorgias_day(column) -%}cast((({{ column }}) at time zone 'UTC') at time zone '{{ var('gorgias_timezone') }}' as date){%- endmacro -%}
{%- macro bigquery__gorgias_day(column) -%}date({{ column }}, '{{ var('gorgias_timezone') }}'){%- endmacro -%}
{%- macro snowflake__gorgias_day(column) -%}cast(convert_timezone('UTC', '{{ var('gorgias_timezone') }}', {{ column }}) as date){%- endmacro -%}
{%- macro redshift__gorgias_day(column) -%}cast(convert_timezone('UTC', '{{ var('gorgias_timezone') }}', {{ column }}) as date){%- endmacro -%}

{#- gorgias_week is the Monday of the week of a timestamp. -#}
{%- macro gorgias_week(column) -%}{{ return(adapter.dispatch('gorgias_week', 'gorgias')(column)) }}{%- endmacro -%}
{%- macro default__gorgias_week(column) -%}cast(date_trunc('week', {{ gorgias.gorgias_day(column) }}) as date){%- endmacro -%}
{%- macro bigquery__gorgias_week(column) -%}date_trunc({{ gorgias.gorgias_day(column) }}, isoweek){%- endmacro -%}

{#- gorgias_median is the median of a group: the middle value, or the mean of the middle two. BigQuery has it only
    approximately. -#}
{%- macro gorgias_median(column) -%}{{ return(adapter.dispatch('gorgias_median', 'gorgias')(column)) }}{%- endmacro -%}
{%- macro default__gorgias_median(column) -%}median({{ column }}){%- endmacro -%}
{%- macro postgres__gorgias_median(column) -%}percentile_cont(0.5) within group (order by {{ column }}){%- endmacro -%}
{%- macro redshift__gorgias_median(column) -%}median({{ column }}){%- endmacro -%}
{%- macro bigquery__gorgias_median(column) -%}approx_quantiles({{ column }}, 2)[offset(1)]{%- endmacro -%}

{#- gorgias_numbers is a subquery with the column n: 0 up to 9,999. -#}
{%- macro gorgias_numbers() -%}
{%- set digits -%}(select 0 as d {% for d in range(1, 10) %} union all select {{ d }}{% endfor %}){%- endset -%}
select a.d + 10 * b.d + 100 * c.d + 1000 * e.d as n from {{ digits }} a cross join {{ digits }} b cross join {{ digits }} c cross join {{ digits }} e
{%- endmacro -%}

{#- gorgias_later is the later of two timestamps; the first if the second is null. -#}
{%- macro gorgias_later(first, second) -%}(case when {{ second }} > {{ first }} then {{ second }} else {{ first }} end){%- endmacro -%}
