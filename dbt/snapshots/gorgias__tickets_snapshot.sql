{#- The state of each ticket over time, by what people ask of the past: how many were open, who had them. Run dbt snapshot
    after each load; a deleted ticket ends its last row. -#}
{% snapshot gorgias__tickets_snapshot %}
{{ config(unique_key='ticket_id', strategy='check', hard_deletes='invalidate',
  check_cols=['status', 'priority', 'assignee_user_id', 'assignee_team_id', 'customer_id', 'is_spam', 'is_trashed', 'snoozed_until']) }}
select ticket_id, status, priority, channel, assignee_user_id, assignee_team_id, customer_id, is_spam, is_trashed, created_at, closed_at, snoozed_until
from {{ ref('gorgias__tickets') }}
{% endsnapshot %}
