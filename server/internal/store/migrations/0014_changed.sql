-- When whoever is not archived was changed, in order. It is no index of users,
-- for PostgreSQL writes every index of a row anew when one column of any of them
-- changes, and this one changes each time.
create table users_changed (
  directory   {TEXT} not null,
  modified    bigint not null,
  pk          bigint not null,
  primary key (directory, modified, pk)
) {WITHOUT_ROWID};
insert into users_changed (directory, modified, pk)
  select directory, modified, pk from users where state <> 'archived' order by directory, modified, pk;
drop index users_by_modified;
