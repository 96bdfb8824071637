-- Mail that waits to be sent, and what became of it. body is sealed with the
-- server's key, and emptied when nobody is left who has yet to get it.
create table mails (
  id          {TEXT} not null primary key,
  workspace   {TEXT} not null,
  kind        {TEXT} not null,
  subject     {TEXT} not null,
  body        {TEXT} not null,
  created     bigint not null,
  ends        bigint not null
) {WITHOUT_ROWID};
create index mails_created on mails (created);

-- One recipient of a mail. state is 0 waiting, 1 sent, 2 failed; lease is until
-- when owner, one of several servers, has it in hand.
create table mail_deliveries (
  pk          {PK},
  mail        {TEXT} not null references mails (id),
  workspace   {TEXT} not null,
  kind        {TEXT} not null,
  rcpt        {TEXT} not null,
  state       bigint not null,
  due         bigint not null,
  owner       {TEXT} not null,
  lease       bigint not null,
  tries       bigint not null,
  at          bigint not null,
  error       {TEXT} not null
);
create index mail_deliveries_due on mail_deliveries (due) where state = 0;
create index mail_deliveries_mail on mail_deliveries (mail, pk);
create index mail_deliveries_kind on mail_deliveries (workspace, kind, pk);

-- How many SCIM requests of each sort a workspace had in each minute, so that
-- cycles can be shown without reading the whole record.
create table scim_minutes (
  workspace   {TEXT} not null,
  minute      bigint not null,
  reads       bigint not null,
  creates     bigint not null,
  updates     bigint not null,
  deletes     bigint not null,
  errors      bigint not null,
  refused     bigint not null,
  primary key (workspace, minute)
) {WITHOUT_ROWID};
insert into scim_minutes (workspace, minute, reads, creates, updates, deletes, errors, refused)
  select workspace, at / 60000000,
    sum(case when status < 400 and method in ('GET', 'HEAD') then 1 else 0 end),
    sum(case when status < 400 and method = 'POST' then 1 else 0 end),
    sum(case when status < 400 and method in ('PUT', 'PATCH') then 1 else 0 end),
    sum(case when status < 400 and method = 'DELETE' then 1 else 0 end),
    sum(case when status >= 400 and credential <> '' then 1 else 0 end),
    sum(case when status >= 400 and credential = '' then 1 else 0 end)
  from scim_requests where method <> '' and type <> 'oauth' and type <> 'alarm' group by workspace, at / 60000000;

-- The steps of setting provisioning up that Entra was seen to take: when each
-- was first done, and how the last try ended.
create table scim_steps (
  workspace   {TEXT} not null,
  step        {TEXT} not null,
  done        bigint not null,
  tried       bigint not null,
  status      bigint not null,
  detail      {TEXT} not null,
  primary key (workspace, step)
) {WITHOUT_ROWID};
insert into scim_steps (workspace, step, done, tried, status, detail)
  select workspace, method, min(at), max(at), 200, ''
  from scim_requests where status < 400 and method in ('GET', 'POST', 'PATCH') and type in ('Users', 'Groups') group by workspace, method;

alter table scim_requests add column step {TEXT} not null default '';
alter table scim_requests add column body {TEXT} not null default '';
create index scim_requests_failed on scim_requests (workspace, at) where status >= 400;
