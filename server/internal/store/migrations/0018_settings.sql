-- What is set for a workspace ('' is the server) and needs no table of its own: a
-- JSON document of each kind. Secrets in those whose kind ends in .secret are sealed.
create table settings (
  workspace   {TEXT} not null,
  kind        {TEXT} not null,
  version     bigint not null,
  doc         {TEXT} not null,
  who         {TEXT} not null,
  modified    bigint not null,
  primary key (workspace, kind)
) {WITHOUT_ROWID};
