-- One row for each day and number: ours beside the account's own, from the standard reports of the stream statistics.
{{ config(enabled=var('gorgias_has_statistics')) }}
{%- set numbers = [
  ('tickets_created', 'tickets-created', 'ticketCount'),
  ('tickets_closed', 'tickets-closed', 'ticketCount'),
  ('tickets_replied', 'tickets-replied', 'ticketCount'),
  ('one_touch_tickets', 'one-touch-tickets', 'ticketCount'),
  ('zero_touch_tickets', 'zero-touch-tickets', 'ticketCount'),
  ('messages_sent', 'messages-sent', 'messagesCount'),
  ('messages_received', 'messages-received', 'messagesCount'),
  ('messages_per_ticket', 'messages-per-ticket', 'averageMessagesCount'),
  ('median_first_response_seconds', 'first-response-time', 'medianFirstResponseTime'),
  ('median_resolution_seconds', 'resolution-time', 'medianResolutionTime'),
  ('median_response_seconds', 'response-time', 'medianResponseTime'),
] %}
with theirs as (
  {%- for ours, report, measure in numbers %}
  select '{{ ours }}' as metric, report_day as day, as_of_at, timezone,
    cast({{ gorgias.gorgias_json_text('measures', measure) }} as {{ dbt.type_float() }}) as account_value
  from {{ ref('stg_gorgias__statistics') }} where report = '{{ report }}' and dimensions_key = '{}'
  {{ 'union all' if not loop.last }}
  {%- endfor %}
), ours as (
  {%- for ours, report, measure in numbers %}
  select '{{ ours }}' as metric, day, cast({{ ours }} as {{ dbt.type_float() }}) as our_value from {{ ref('gorgias__daily_metrics') }}
  {{ 'union all' if not loop.last }}
  {%- endfor %}
), reported as (
  select metric, min(day) as first_day, max(day) as last_day from theirs group by metric
), both_sides as (
  select o.metric, o.day, o.our_value, t.account_value, t.as_of_at, t.timezone
  from ours o
  join reported r on r.metric = o.metric and o.day between r.first_day and r.last_day
  left join theirs t on t.metric = o.metric and t.day = o.day
)
select
  metric, day, our_value, account_value, our_value - account_value as difference, as_of_at,
  case
    when coalesce(our_value, 0) = coalesce(account_value, 0) then 'equal'
    when timezone <> '{{ var('gorgias_timezone') }}' then 'the report has another time zone'
    when {{ gorgias.gorgias_day('as_of_at') }} <= day then 'the day was not over when the account was asked'
    when coalesce(account_value, 0) = 0 then 'the account has none'
    when coalesce(our_value, 0) = 0 then 'the tables have none'
    when abs(our_value - account_value) <= 0.02 * abs(account_value) then 'within two percent'
    else 'the definitions or the tables differ'
  end as verdict
from both_sides
