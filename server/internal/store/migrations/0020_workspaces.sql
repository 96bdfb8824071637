-- User directories have a source and whoever made them; a workspace may be linked
-- to one by hand, with a licence (row A9). Where seats are limited, people get
-- them in the order in which they came, or last came back: arrived is null for
-- those who never went. The index is for seats alone: without its last condition,
-- which always holds, PostgreSQL would take it for other questions.
alter table directories add column source {TEXT} not null default '';
alter table directories add column owner {TEXT} not null default '';
alter table workspaces add column license {TEXT} not null default '';
alter table workspaces add column linked bigint;
alter table users add column arrived bigint;
create index users_arrived on users (directory, coalesce(arrived, created), pk) where state = 'active' and coalesce(arrived, created) >= 0;
