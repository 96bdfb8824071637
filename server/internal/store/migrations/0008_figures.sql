-- What measuring asked for, and an end to the events.

-- When somebody last worked for a consumer; 0: nobody has yet. Events are kept
-- for those that are still worked for.
alter table consumers add column seen bigint not null default 0;

-- The number up to which events were deleted.
insert into meta (k, v) values ('pruned', 0);

create index dead_letters_seq on dead_letters (seq);
create index scim_tokens_expiring on scim_tokens (expires) where client <> '';
