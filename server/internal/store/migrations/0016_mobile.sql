-- The apps that Entra was told about, one JSON for each workspace. The row stays
-- when all are removed: version goes on counting, so that whoever saw an earlier
-- one does not overwrite a later.
create table mobile (
  workspace  {TEXT} not null primary key references workspaces (id),
  version    bigint not null,
  settings   {TEXT} not null,
  created    bigint not null,
  modified   bigint not null
);
