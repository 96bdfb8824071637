-- Searching, groups and declared resource types.

-- The paths of attributes, as numbers: the index below has a row for each
-- value of each resource, so its rows must be short. A path belongs to one
-- directory and type, so its number stands for all three.
create table paths (
  id         {PK},
  directory  {TEXT} not null references directories (id),
  type       {TEXT} not null,
  path       {TEXT} not null,
  unique (directory, type, path)
);

-- The values of people's attributes. Whoever is archived has none.
create table user_terms (
  path       bigint not null,
  val        {TEXT} not null,
  pk         bigint not null,
  primary key (path, val, pk)
) {WITHOUT_ROWID};
create index user_terms_of on user_terms (pk, path, val);

-- Groups, and resources of types that the configuration declares.
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

-- How many resources of a type there are, kept by the writer.
create table resource_counts (
  directory  {TEXT} not null references directories (id),
  type       {TEXT} not null,
  n          bigint not null,
  primary key (directory, type)
) {WITHOUT_ROWID};

-- member is 2*pk of a person, or 2*pk+1 of a group.
create table members (
  grp        bigint not null,
  member     bigint not null,
  primary key (grp, member)
) {WITHOUT_ROWID};
create index members_of on members (member, grp);

-- The rules under which the terms of a person were computed; 0: never.
alter table users add column rules bigint not null default 0;
create index users_by_rules on users (rules, pk);
create index users_by_modified on users (directory, modified, pk) where state <> 'archived';
create index users_here on users (directory, pk) where state <> 'archived';

alter table events add column group_id {TEXT} not null default '';
alter table events add column nested_id {TEXT} not null default '';
