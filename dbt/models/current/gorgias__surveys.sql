-- Surveys outlive their tickets: those of tickets that are gone stay, and count.
{{ config(enabled=var('gorgias_has_surveys')) }}
select
  s.survey_id, s.ticket_id, s.customer_id, s.score, s.comment_text, s.created_at, s.sent_at, s.scored_at,
  t.ticket_id is not null as has_ticket
from {{ ref('stg_gorgias__satisfaction_surveys') }} s
left join {{ ref('gorgias__tickets') }} t on t.ticket_id = s.ticket_id
where not s.is_tombstone
