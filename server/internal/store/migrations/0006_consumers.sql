-- How far each consumer of events has come, and which server works for it.
create table consumers (
  name        {TEXT} not null primary key,
  seq         bigint not null,
  owner       {TEXT} not null,
  until       bigint not null
) {WITHOUT_ROWID};
