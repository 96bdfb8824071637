-- The first schema. {PK}, {BIGPK}, {TEXT} and {WITHOUT_ROWID} are all that
-- differs between the databases: see Engine.Types. Times are microseconds since
-- 1970 in UTC; keys without case (user_name_key) are computed in Go.

create table directories (
  id         {TEXT} not null primary key,
  name       {TEXT} not null,
  -- How many people of each state there are, kept by the writer, since
  -- counting a million rows takes a tenth of a second.
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
  -- pk is for joins, indexes and paging inside the database; id is for the world.
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
-- Whoever is archived gives their names free, so the rules of uniqueness are
-- about the others (row E5).
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

-- The number of the last event. It is raised in the transaction that writes the
-- events, so there are no gaps, and no reader sees 5 before 4.
insert into meta (k, v) values ('seq', 0);
