-- Webhooks. Their signing secrets are computed from a key that is not in the
-- database; hash tells whether the key at hand is the right one. How far each
-- has come stands in consumers.
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

-- What could not be delivered within a day.
create table dead_letters (
  webhook     {TEXT} not null references webhooks (id),
  seq         bigint not null,
  at          bigint not null,
  error       {TEXT} not null,
  primary key (webhook, seq)
) {WITHOUT_ROWID};
