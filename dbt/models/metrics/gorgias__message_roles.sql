-- Each message that counts, with the part it plays by Gorgias's definitions. Deleted messages do not count.
{{ config(materialized='view') }}
select
  m.message_id, m.ticket_id, m.sender_id, m.channel, coalesce(u.is_bot, false) as is_from_bot,
  coalesce(m.sent_at, m.created_at) as happened_at,
  case
    when not m.is_public then 'note'
    when not m.is_from_agent then 'received'
    when m.failed_at is not null and m.sent_at is null then 'failed'
    when m.rule_id is not null or m.via = 'rule' then 'rule'
    {% if var('gorgias_outside_vias') -%}
    when m.via in ({% for via in var('gorgias_outside_vias') %}'{{ via }}'{{ ', ' if not loop.last }}{% endfor %}) then 'outside'
    {% endif -%}
    else 'reply'
  end as message_role
from {{ ref('gorgias__messages') }} m
left join {{ ref('stg_gorgias__users') }} u on u.user_id = m.sender_id and m.is_from_agent
where not m.is_deleted
