-- Tombstones are not enough: a row whose ticket was read again since is a tag that the ticket once had.
select g.ticket_id, g.tag_id, g.tag_name
from {{ ref('stg_gorgias__ticket_tags') }} g
join {{ ref('gorgias__tickets') }} t on t.ticket_id = g.ticket_id
where not g.is_tombstone and (g.ticket_updated_at >= t.updated_at or t.updated_at is null)
