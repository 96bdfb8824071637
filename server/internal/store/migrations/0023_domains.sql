-- Domains that a workspace says are its own, and how that was proven. proof is ''
-- until it was. challenge is what a TXT record must hold.
create table domain_claims (
  workspace    {TEXT} not null references workspaces (id),
  domain       {TEXT} not null,
  environment  {TEXT} not null,
  challenge    {TEXT} not null,
  proof        {TEXT} not null,
  reason       {TEXT} not null,
  who          {TEXT} not null,
  created      bigint not null,
  verified_by  {TEXT} not null,
  verified     bigint,
  outcome      {TEXT} not null,
  detail       {TEXT} not null,
  checked      bigint,
  next         bigint,
  primary key (workspace, domain)
);
create unique index domain_claims_verified on domain_claims (environment, domain) where proof <> '';
create index domain_claims_next on domain_claims (next) where next is not null;
insert into domain_claims (workspace, domain, environment, challenge, proof, reason, who, created, verified_by, verified, outcome, detail)
  select d.workspace, d.domain, 'production', '', 'operator', '', 'operator (command)', w.created, 'operator (command)', w.created, '', ''
  from domains d join workspaces w on w.id = d.workspace;

-- What was decided about people whose address is of none of the domains.
create table domain_decisions (
  workspace  {TEXT} not null references workspaces (id),
  person     {TEXT} not null,
  kind       {TEXT} not null,
  owner      {TEXT} not null,
  reason     {TEXT} not null,
  until      bigint,
  who        {TEXT} not null,
  at         bigint not null,
  primary key (workspace, person)
) {WITHOUT_ROWID};
create index domain_decisions_person on domain_decisions (person);
