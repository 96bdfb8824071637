-- Roles: where each comes from, what was taken away, and under which rules it
-- was worked out. What people are found to have at this point is worked out by
-- the first server that runs.
alter table users add column granted {TEXT} not null default '';
alter table users add column base_role {TEXT} not null default '';
alter table users add column had_role {TEXT} not null default '';
alter table users add column had_until bigint;
-- ranked names the rules. 0: never; -1: something changed since.
alter table users add column ranked bigint not null default 0;
update users set had_role = role, had_until = modified
  where state <> 'active' and lower(role) in ('admin', 'owner');
create index users_unranked on users (directory, pk) where ranked <= 0;

-- The directories whose rules changed, and how far their people were looked at.
create table reranks (
  directory   {TEXT} not null primary key references directories (id),
  after       bigint not null
) {WITHOUT_ROWID};

-- Where a token was last used from, as a network and not as an address; and
-- which credentials take nothing that the RFCs do not allow.
alter table scim_tokens add column last_ip {TEXT} not null default '';
alter table scim_tokens add column strict bigint not null default 0;
alter table scim_clients add column strict bigint not null default 0;

-- Where the keys of a federation's issuer are, if not where its metadata says.
alter table scim_clients add column jwks_uri {TEXT} not null default '';

-- What was done to people by command.
create table acts (
  pk          {PK},
  at          bigint not null,
  directory   {TEXT} not null,
  workspace   {TEXT} not null,
  user_id     {TEXT} not null,
  who         {TEXT} not null,
  what        {TEXT} not null
);
create index acts_of on acts (directory, user_id, at);
