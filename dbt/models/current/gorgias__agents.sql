-- Persons and bots. A loader that never deletes keeps users who are gone.
select user_id, user_name, email, is_active, role_name, is_bot, created_at, deactivated_at
from {{ ref('stg_gorgias__users') }}
