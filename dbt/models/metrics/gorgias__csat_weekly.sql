-- One row for each week, agent, team and channel: add the counts up before you divide. The agent and the team are those
-- that the ticket is assigned to now; all three are null for tickets that are gone.
{{ config(enabled=var('gorgias_has_surveys')) }}
with surveys as (
  select s.survey_id, s.score, s.sent_at, s.scored_at, t.assignee_user_id, t.assignee_team_id, t.channel
  from {{ ref('gorgias__surveys') }} s
  left join {{ ref('gorgias__tickets') }} t on t.ticket_id = s.ticket_id
), parts as (
  select {{ gorgias.gorgias_week('sent_at') }} as week, assignee_user_id, assignee_team_id, channel,
    1 as sent, case when score is not null then 1 else 0 end as sent_and_rated, 0 as rated, 0 as satisfied, 0 as score
  from surveys where sent_at is not null
  union all
  select {{ gorgias.gorgias_week('scored_at') }}, assignee_user_id, assignee_team_id, channel,
    0, 0, 1, case when score >= 4 then 1 else 0 end, score
  from surveys where score is not null and scored_at is not null
)
select
  week, assignee_user_id, assignee_team_id, channel,
  sum(sent) as surveys_sent, sum(sent_and_rated) as surveys_sent_and_rated, sum(rated) as surveys_rated,
  sum(satisfied) as surveys_satisfied, sum(score) as score_sum,
  cast(sum(score) as {{ dbt.type_float() }}) / nullif(sum(rated), 0) as average_score,
  100 * cast(sum(satisfied) as {{ dbt.type_float() }}) / nullif(sum(rated), 0) as satisfaction_percent,
  100 * cast(sum(sent_and_rated) as {{ dbt.type_float() }}) / nullif(sum(sent), 0) as response_percent
from parts
group by week, assignee_user_id, assignee_team_id, channel
