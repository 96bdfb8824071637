-- The record of SCIM requests, kept for a bounded time and number.
create table scim_requests (
  pk          {PK},
  at          bigint not null,
  workspace   {TEXT} not null,
  credential  {TEXT} not null,
  method      {TEXT} not null,
  type        {TEXT} not null,
  resource    {TEXT} not null,
  name        {TEXT} not null,
  filter      {TEXT} not null,
  attributes  {TEXT} not null,
  status      bigint not null,
  kind        {TEXT} not null,
  detail      {TEXT} not null,
  request     {TEXT} not null,
  took        bigint not null
);
create index scim_requests_in_order on scim_requests (workspace, at);
create index scim_requests_resource on scim_requests (workspace, resource, at) where resource <> '';
create index scim_requests_name on scim_requests (workspace, name, at) where name <> '';
