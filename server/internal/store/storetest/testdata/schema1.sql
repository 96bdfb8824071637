-- A database as the first Lanyard left it: its schema, which never changes
-- here whatever becomes of the migrations, and what it had stored. {PK} and the
-- like are what the databases call differently.

create table meta (k {TEXT} not null primary key, v bigint not null) {WITHOUT_ROWID};
insert into meta (k, v) values ('schema', 1);


create table directories (
  id         {TEXT} not null primary key,
  name       {TEXT} not null,
  active     bigint not null default 0,
  suspended  bigint not null default 0,
  archived   bigint not null default 0,
  created    bigint not null
);

create table workspaces (
  id         {TEXT} not null primary key,
  directory  {TEXT} not null references directories (id),
  version    bigint not null,
  settings   {TEXT} not null,
  created    bigint not null,
  modified   bigint not null
);
create index workspaces_directory on workspaces (directory);

create table domains (
  domain     {TEXT} not null primary key,
  workspace  {TEXT} not null references workspaces (id)
);
create index domains_workspace on domains (workspace);

create table scim_tokens (
  id         {TEXT} not null primary key,
  workspace  {TEXT} not null references workspaces (id),
  label      {TEXT} not null,
  hash       {TEXT} not null unique,
  created    bigint not null,
  expires    bigint,
  last_used  bigint,
  revoked    bigint
);
create index scim_tokens_workspace on scim_tokens (workspace, created);

create table users (
  pk             {PK},
  id             {TEXT} not null unique,
  directory      {TEXT} not null references directories (id),
  version        bigint not null,
  user_name      {TEXT} not null,
  user_name_key  {TEXT} not null,
  external_id    {TEXT},
  object_id      {TEXT},
  state          {TEXT} not null check (state in ('active', 'suspended', 'archived')),
  role           {TEXT} not null,
  created        bigint not null,
  modified       bigint not null,
  doc            {TEXT} not null
);
create unique index users_user_name on users (directory, user_name_key)
  where state <> 'archived';
create unique index users_external_id on users (directory, external_id)
  where external_id is not null and state <> 'archived';
create unique index users_object_id on users (directory, object_id)
  where object_id is not null and state <> 'archived';
create index users_archived_user_name on users (directory, user_name_key)
  where state = 'archived';
create index users_archived_external_id on users (directory, external_id)
  where external_id is not null and state = 'archived';
create index users_archived_object_id on users (directory, object_id)
  where object_id is not null and state = 'archived';
create index users_in_order on users (directory, pk);
create index users_by_state on users (directory, state, pk);

create table sessions (
  hash       {TEXT} not null primary key,
  id         {TEXT} not null unique,
  user_id    {TEXT} not null references users (id),
  workspace  {TEXT} not null references workspaces (id),
  device     {TEXT} not null,
  created    bigint not null,
  expires    bigint not null
) {WITHOUT_ROWID};
create index sessions_user on sessions (user_id, workspace);
create index sessions_expires on sessions (expires);

create table events (
  seq        {BIGPK},
  at         bigint not null,
  directory  {TEXT} not null,
  workspace  {TEXT} not null,
  kind       {TEXT} not null,
  user_id    {TEXT} not null,
  session_id {TEXT} not null
);

insert into meta (k, v) values ('seq', 0);

-- One workspace, and a second that shares its directory.
insert into directories (id, name, active, suspended, archived, created) values ('acme', 'Acme', 2, 1, 1, 1700000000000000);
insert into workspaces (id, directory, version, settings, created, modified) values
  ('acme', 'acme', 3, '{"name":"Acme","microsoft":{"tenant_id":"t-1","client_id":"c-1"},"domains":["acme.example"],"default_role":"Member","jit":true,"scim_enabled":true,"offline_grace_seconds":3600}', 1700000000000000, 1700000001000000),
  ('labs', 'acme', 1, '{"name":"Labs","microsoft":{}}', 1700000000000000, 1700000000000000);
insert into domains (domain, workspace) values ('acme.example', 'acme');
insert into scim_tokens (id, workspace, label, hash, created, expires, last_used, revoked) values
  ('tok-1', 'acme', 'Entra', 'hash-good', 1700000000000000, null, 1700000002000000, null),
  ('tok-2', 'acme', 'old', 'hash-revoked', 1700000000000000, null, null, 1700000003000000);

-- Ada, with a session; Bo, linked to Entra by sign-in; Cy, suspended; and one
-- whose user name Ada has taken over.
insert into users (id, directory, version, user_name, user_name_key, external_id, object_id, state, role, created, modified, doc) values
  ('u-gone', 'acme', 7, 'Ada@acme.example', 'ada@acme.example', 'ext-gone', null, 'archived', 'Member', 1700000000000000, 1700000004000000, '{"title":["left"]}'),
  ('u-ada', 'acme', 2, 'Ada@acme.example', 'ada@acme.example', 'ext-ada', null, 'active', 'Admin', 1700000005000000, 1700000006000000, '{"title":["countess"],"emails.value":["ada@mail.example","ada@home.example"]}'),
  ('u-bo', 'acme', 1, 'bo@acme.example', 'bo@acme.example', null, 'oid-bo', 'active', 'Member', 1700000007000000, 1700000007000000, '{"title":["clerk"],"badge":["b-7"]}'),
  ('u-cy', 'acme', 4, 'cy@acme.example', 'cy@acme.example', 'ext-cy', null, 'suspended', 'Member', 1700000008000000, 1700000009000000, '{"title":["clerk"]}');
insert into sessions (hash, id, user_id, workspace, device, created, expires) values
  ('session-hash', 's-1', 'u-ada', 'acme', 'Ada''s laptop', 1700000010000000, 4000000000000000);
insert into events (seq, at, directory, workspace, kind, user_id, session_id) values
  (1, 1700000000000000, 'acme', '', 'user.created', 'u-gone', ''),
  (2, 1700000004000000, 'acme', '', 'user.archived', 'u-gone', ''),
  (3, 1700000005000000, 'acme', '', 'user.created', 'u-ada', ''),
  (4, 1700000010000000, 'acme', 'acme', 'session.started', 'u-ada', 's-1');
update meta set v = 4 where k = 'seq';
