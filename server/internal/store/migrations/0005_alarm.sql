-- The alarm for mass removals: how many people of a directory lost access in
-- each minute, and what an administrator set.
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
