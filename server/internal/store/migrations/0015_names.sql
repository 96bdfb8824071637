-- Names that people type for a workspace besides its id, which never changes.
-- until is null for the one in use; an old one leads there until then.
create table workspace_names (
  name       {TEXT} not null primary key,
  workspace  {TEXT} not null references workspaces (id),
  until      bigint,
  created    bigint not null
);
create index workspace_names_workspace on workspace_names (workspace);
create index workspace_names_until on workspace_names (until) where until is not null;
