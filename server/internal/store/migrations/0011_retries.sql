-- Events that a webhook has not accepted yet, and those that wait behind one.
-- subject is whose order is kept; behind is a second one whose events go first.
create table webhook_retries (
  webhook     {TEXT} not null references webhooks (id),
  seq         bigint not null,
  subject     {TEXT} not null,
  behind      {TEXT} not null,
  tries       bigint not null,
  since       bigint not null,
  due         bigint not null,
  error       {TEXT} not null,
  primary key (webhook, seq)
) {WITHOUT_ROWID};
create index webhook_retries_subject on webhook_retries (webhook, subject, seq);
create index webhook_retries_due on webhook_retries (webhook, due);
