-- OAuth clients of provisioning. The access tokens they are given are rows of
-- scim_tokens, so that there is one place where a token is looked up.
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

-- The assertions that were accepted, until they expire: none is taken twice.
create table scim_assertions (
  hash        {TEXT} not null primary key,
  expires     bigint not null
) {WITHOUT_ROWID};
create index scim_assertions_expires on scim_assertions (expires);

alter table scim_tokens add column client {TEXT} not null default '';
alter table scim_tokens add column secret {TEXT} not null default '';
create index scim_tokens_client on scim_tokens (client, expires) where client <> '';
