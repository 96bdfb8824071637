-- What schemas 2 to 7 added to schema1.sql, frozen as that is, and what a database
-- of the seventh had stored besides.

create table paths (
  id         {PK},
  directory  {TEXT} not null references directories (id),
  type       {TEXT} not null,
  path       {TEXT} not null,
  unique (directory, type, path)
);

create table user_terms (
  path       bigint not null,
  val        {TEXT} not null,
  pk         bigint not null,
  primary key (path, val, pk)
) {WITHOUT_ROWID};
create index user_terms_of on user_terms (pk, path, val);

create table resources (
  pk            {PK},
  id            {TEXT} not null unique,
  directory     {TEXT} not null references directories (id),
  type          {TEXT} not null,
  version       bigint not null,
  display_name  {TEXT} not null,
  external_id   {TEXT} not null,
  members       bigint not null default 0,
  created       bigint not null,
  modified      bigint not null,
  rules         bigint not null,
  doc           {TEXT} not null
);
create index resources_in_order on resources (directory, type, pk);
create index resources_by_modified on resources (directory, type, modified, pk);
create index resources_hidden on resources (modified) where type >= '~';
create index resources_by_rules on resources (rules, pk);

create table resource_terms (
  path       bigint not null,
  val        {TEXT} not null,
  pk         bigint not null,
  primary key (path, val, pk)
) {WITHOUT_ROWID};
create index resource_terms_of on resource_terms (pk, path, val);

create table resource_counts (
  directory  {TEXT} not null references directories (id),
  type       {TEXT} not null,
  n          bigint not null,
  primary key (directory, type)
) {WITHOUT_ROWID};

create table members (
  grp        bigint not null,
  member     bigint not null,
  primary key (grp, member)
) {WITHOUT_ROWID};
create index members_of on members (member, grp);

alter table users add column rules bigint not null default 0;
create index users_by_rules on users (rules, pk);
create index users_by_modified on users (directory, modified, pk) where state <> 'archived';
create index users_here on users (directory, pk) where state <> 'archived';

alter table events add column group_id {TEXT} not null default '';
alter table events add column nested_id {TEXT} not null default '';
create table scim_requests (
  pk          {PK},
  at          bigint not null,
  workspace   {TEXT} not null,
  credential  {TEXT} not null,
  method      {TEXT} not null,
  type        {TEXT} not null,
  resource    {TEXT} not null,
  name        {TEXT} not null,
  filter      {TEXT} not null,
  attributes  {TEXT} not null,
  status      bigint not null,
  kind        {TEXT} not null,
  detail      {TEXT} not null,
  request     {TEXT} not null,
  took        bigint not null
);
create index scim_requests_in_order on scim_requests (workspace, at);
create index scim_requests_resource on scim_requests (workspace, resource, at) where resource <> '';
create index scim_requests_name on scim_requests (workspace, name, at) where name <> '';
create table scim_clients (
  id          {TEXT} not null primary key,
  workspace   {TEXT} not null references workspaces (id),
  label       {TEXT} not null,
  token_life  bigint not null,
  issuer      {TEXT} not null,
  subject     {TEXT} not null,
  audience    {TEXT} not null,
  created     bigint not null,
  revoked     bigint
);
create index scim_clients_workspace on scim_clients (workspace, created);

create table scim_secrets (
  id          {TEXT} not null primary key,
  client      {TEXT} not null references scim_clients (id),
  hash        {TEXT} not null unique,
  created     bigint not null,
  expires     bigint not null,
  last_used   bigint,
  revoked     bigint
);
create index scim_secrets_client on scim_secrets (client, created);

create table scim_assertions (
  hash        {TEXT} not null primary key,
  expires     bigint not null
) {WITHOUT_ROWID};
create index scim_assertions_expires on scim_assertions (expires);

alter table scim_tokens add column client {TEXT} not null default '';
alter table scim_tokens add column secret {TEXT} not null default '';
create index scim_tokens_client on scim_tokens (client, expires) where client <> '';
create table removals (
  directory   {TEXT} not null references directories (id),
  minute      bigint not null,
  n           bigint not null,
  primary key (directory, minute)
) {WITHOUT_ROWID};

create table alarms (
  directory   {TEXT} not null primary key references directories (id),
  people      bigint not null,
  percent     bigint not null,
  hold        bigint not null,
  raised      bigint,
  pass_until  bigint
) {WITHOUT_ROWID};
create table consumers (
  name        {TEXT} not null primary key,
  seq         bigint not null,
  owner       {TEXT} not null,
  until       bigint not null
) {WITHOUT_ROWID};
create table webhooks (
  id          {TEXT} not null primary key,
  workspace   {TEXT} not null references workspaces (id),
  url         {TEXT} not null,
  kinds       {TEXT} not null,
  hash        {TEXT} not null,
  created     bigint not null,
  revoked     bigint
);
create index webhooks_workspace on webhooks (workspace, created);

create table dead_letters (
  webhook     {TEXT} not null references webhooks (id),
  seq         bigint not null,
  at          bigint not null,
  error       {TEXT} not null,
  primary key (webhook, seq)
) {WITHOUT_ROWID};
update meta set v = 7 where k = 'schema';

-- A group of Ada and Cy, who was an admin; a webhook that is at the third event;
-- a client with a secret; the alarm.
update users set role = 'admin' where id = 'u-cy';
insert into resources (id, directory, type, version, display_name, external_id, members, created, modified, rules, doc) values
  ('g-1', 'acme', 'Group', 3, 'Staff', 'ext-g', 2, 1700000011000000, 1700000012000000, 0, '{"displayname":["staff"]}');
insert into members (grp, member) select r.pk, 2 * u.pk from resources r, users u where r.id = 'g-1' and u.id in ('u-ada', 'u-cy');
insert into resource_counts (directory, type, n) values ('acme', 'Group', 1);
insert into webhooks (id, workspace, url, kinds, hash, created, revoked) values
  ('w-1', 'acme', 'https://hooks.example/a', 'user.created user.suspended', 'h', 1700000013000000, null);
insert into dead_letters (webhook, seq, at, error) values ('w-1', 2, 1700000014000000, 'status 500');
insert into scim_clients (id, workspace, label, token_life, issuer, subject, audience, created, revoked) values
  ('cl-1', 'acme', 'Entra', 3600, '', '', '', 1700000015000000, null);
insert into scim_secrets (id, client, hash, created, expires) values ('sec-1', 'cl-1', 'hash-secret', 1700000015000000, 4000000000000000);
insert into alarms (directory, people, percent, hold) values ('acme', 7, 9, 1);
insert into consumers (name, seq, owner, until) values ('webhook:w-1', 3, 'somebody', 1700000016000000);
