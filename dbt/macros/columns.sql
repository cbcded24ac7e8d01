{#- What differs between loaders: the column for deletions, timestamps, and JSON null. -#}

{#- gorgias_deleted_at is the column with the time of a deletion, as an expression: null if there is no such column. -#}
{%- macro gorgias_deleted_at() -%}
  {%- set column = var('gorgias_deleted_at') or {'airbyte': '_ab_cdc_deleted_at', 'singer': '_sdc_deleted_at'}[var('gorgias_loader')] -%}
  {{ 'null' if column == 'none' else column }}
{%- endmacro -%}

{#- gorgias_utc reads a timestamp of the loader as a timestamp in UTC without a time zone. Loaders differ in the type of
    the column; the session's time zone has no influence. -#}
{%- macro gorgias_utc(column) -%}{{ return(adapter.dispatch('gorgias_utc', 'gorgias')(column)) }}{%- endmacro -%}
{%- macro default__gorgias_utc(column) -%}cast({{ column }} as timestamp){%- endmacro -%}
{%- macro postgres__gorgias_utc(column) -%}(timestamp '1970-01-01' + extract(epoch from {{ column }}) * interval '1 second'){%- endmacro -%}
{%- macro redshift__gorgias_utc(column) -%}cast({{ column }} as timestamp){%- endmacro -%}
{%- macro duckdb__gorgias_utc(column) -%}make_timestamp(epoch_us({{ column }})){%- endmacro -%}
{%- macro snowflake__gorgias_utc(column) -%}to_timestamp_ntz(date_part(epoch_microsecond, {{ column }}), 6){%- endmacro -%}

{#- gorgias_json reads an object or a list. Some loaders store a null one as the JSON value null, which IS NULL does not
    find; here it is NULL. -#}
{%- macro gorgias_json(column) -%}{{ return(adapter.dispatch('gorgias_json', 'gorgias')(column)) }}{%- endmacro -%}
{%- macro default__gorgias_json(column) -%}cast(nullif(cast({{ column }} as varchar), 'null') as json){%- endmacro -%}
{%- macro postgres__gorgias_json(column) -%}cast(nullif(cast({{ column }} as text), 'null') as jsonb){%- endmacro -%}
{%- macro redshift__gorgias_json(column) -%}json_parse(nullif(json_serialize({{ column }}), 'null')){%- endmacro -%}
{%- macro bigquery__gorgias_json(column) -%}if(json_type({{ column }}) = 'null', null, {{ column }}){%- endmacro -%}
{%- macro snowflake__gorgias_json(column) -%}strip_null_value({{ column }}){%- endmacro -%}

{#- gorgias_json_text reads a field of an object as text: NULL if the field or the object is null in any way. -#}
{%- macro gorgias_json_text(column, field) -%}{{ return(adapter.dispatch('gorgias_json_text', 'gorgias')(column, field)) }}{%- endmacro -%}
{%- macro default__gorgias_json_text(column, field) -%}json_extract_string({{ column }}, '$.{{ field }}'){%- endmacro -%}
{%- macro postgres__gorgias_json_text(column, field) -%}({{ column }} ->> '{{ field }}'){%- endmacro -%}
{%- macro redshift__gorgias_json_text(column, field) -%}cast({{ column }}."{{ field }}" as varchar){%- endmacro -%}
{%- macro bigquery__gorgias_json_text(column, field) -%}json_value({{ column }}, '$.{{ field }}'){%- endmacro -%}
{%- macro snowflake__gorgias_json_text(column, field) -%}cast(get({{ column }}, '{{ field }}') as varchar){%- endmacro -%}

{#- gorgias_json_has tells whether an object has a field whose name is an expression of text. -#}
{%- macro gorgias_json_has(column, field) -%}{{ return(adapter.dispatch('gorgias_json_has', 'gorgias')(column, field)) }}{%- endmacro -%}
{%- macro default__gorgias_json_has(column, field) -%}json_exists({{ column }}, '$."' || {{ field }} || '"'){%- endmacro -%}
{%- macro postgres__gorgias_json_has(column, field) -%}jsonb_exists({{ column }}, {{ field }}){%- endmacro -%}
{%- macro redshift__gorgias_json_has(column, field) -%}(json_extract_path_text(json_serialize({{ column }}), {{ field }}) <> ''){%- endmacro -%}
{%- macro bigquery__gorgias_json_has(column, field) -%}({{ column }}[{{ field }}] is not null){%- endmacro -%}
{%- macro snowflake__gorgias_json_has(column, field) -%}(get({{ column }}, {{ field }}) is not null){%- endmacro -%}
