{{ config(enabled=var('gorgias_has_surveys')) }}
select
  id as survey_id, ticket_id, customer_id, score, body_text as comment_text,
  {{ gorgias.gorgias_utc('created_datetime') }} as created_at,
  {{ gorgias.gorgias_utc('sent_datetime') }} as sent_at,
  {{ gorgias.gorgias_utc('scored_datetime') }} as scored_at,
  {{ gorgias.gorgias_deleted_at() }} is not null as is_tombstone
from {{ source('gorgias', 'satisfaction_surveys') }}
