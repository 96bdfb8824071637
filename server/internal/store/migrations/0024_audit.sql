-- The audit log: a chain of entries, each with the hash of the one before. What is
-- in it stays: the database refuses to change or delete an entry.
create table audit (
  seq          {BIGPK},
  at           bigint not null,
  workspace    {TEXT} not null,
  actor        {TEXT} not null,
  actor_id     {TEXT} not null,
  act          {TEXT} not null,
  target       {TEXT} not null,
  detail       {TEXT} not null,
  outcome      {TEXT} not null,
  ip           {TEXT} not null,
  correlation  {TEXT} not null,
  prev         {TEXT} not null,
  hash         {TEXT} not null
);
create index audit_workspace on audit (workspace, seq);
create index audit_target on audit (target, seq);
-- Where the log ends. An entry that the head names cannot be deleted or truncated.
create table audit_head (
  one   bigint not null primary key check (one = 1),
  seq   bigint references audit (seq),
  hash  {TEXT} not null
);
insert into audit_head (one, seq, hash) values (1, null, '');
{REFUSAL};
create trigger audit_update before update on audit {REFUSE};
create trigger audit_delete before delete on audit {REFUSE};

-- Sign-ins that were refused after it was known whose they were: the newest few of
-- each person. They hold no token and nothing that was typed.
create table refused (
  pk         {PK},
  at         bigint not null,
  directory  {TEXT} not null,
  workspace  {TEXT} not null,
  user_id    {TEXT} not null,
  method     {TEXT} not null,
  code       {TEXT} not null,
  device     {TEXT} not null
);
create index refused_person on refused (directory, user_id, pk);
