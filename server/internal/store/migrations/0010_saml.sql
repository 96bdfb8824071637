-- SAML. One connection for each workspace, as JSON, beside the workspace since
-- it is long; due is when its metadata is to be read next.
create table saml (
  workspace  {TEXT} not null primary key references workspaces (id),
  version    bigint not null,
  settings   {TEXT} not null,
  due        bigint,
  created    bigint not null,
  modified   bigint not null
);
create index saml_due on saml (due) where due is not null;

-- What can be taken once: requests, parked results, codes, test links; and ids
-- of assertions, so that none is taken twice. Only hashes of secrets.
create table tickets (
  kind       {TEXT} not null,
  hash       {TEXT} not null,
  workspace  {TEXT} not null references workspaces (id),
  doc        {TEXT} not null,
  created    bigint not null,
  expires    bigint not null,
  primary key (kind, hash)
) {WITHOUT_ROWID};
create index tickets_expires on tickets (expires);
create index tickets_workspace on tickets (workspace);

-- Sessions of browsers, and what the provider calls them: subject is a hash of
-- issuer and NameID.
alter table sessions add column web bigint not null default 0;
alter table sessions add column saml {TEXT};
alter table sessions add column subject {TEXT};
create index sessions_subject on sessions (workspace, subject) where subject is not null;
