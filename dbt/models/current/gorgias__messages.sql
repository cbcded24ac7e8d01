-- A deleted ticket gets a tombstone, and its messages none: those of tickets that are gone are left out here.
select
  m.message_id, m.ticket_id, m.sender_id, m.receiver_id, m.rule_id, m.integration_id, m.channel, m.via, m.subject, m.stripped_text,
  m.is_public, m.is_from_agent, m.is_deleted, m.is_imported, m.created_at, m.sent_at, m.failed_at, m.deleted_at
from {{ ref('stg_gorgias__ticket_messages') }} m
join {{ ref('gorgias__tickets') }} t on t.ticket_id = m.ticket_id
where not m.is_tombstone
