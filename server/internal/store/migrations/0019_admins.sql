-- Those who administer workspaces, and how they prove who they are. doc is the
-- administrator; email is the address by which no two are alike.
create table admins (
  id          {TEXT} not null primary key,
  email       {TEXT} not null unique,
  doc         {TEXT} not null
) {WITHOUT_ROWID};

create table admin_sessions (
  hash        {TEXT} not null primary key,
  id          {TEXT} not null unique,
  admin       {TEXT} not null references admins (id),
  how         {TEXT} not null,
  agent       {TEXT} not null,
  ip          {TEXT} not null,
  created     bigint not null,
  seen        bigint not null,
  proven      bigint,
  expires     bigint not null,
  pending     {TEXT} not null
) {WITHOUT_ROWID};
create index admin_sessions_admin on admin_sessions (admin, created);
create index admin_sessions_expires on admin_sessions (expires);

-- What works until it expires: links to join with, and what was used once and must
-- not be again. admin is '' where there is none yet.
create table admin_tickets (
  kind        {TEXT} not null,
  hash        {TEXT} not null,
  admin       {TEXT} not null,
  doc         {TEXT} not null,
  created     bigint not null,
  expires     bigint not null,
  primary key (kind, hash)
) {WITHOUT_ROWID};
create index admin_tickets_expires on admin_tickets (expires);
create index admin_tickets_admin on admin_tickets (admin);

-- Links for those who set up one part of one workspace without an account.
create table setup_links (
  id          {TEXT} not null primary key,
  hash        {TEXT} not null unique,
  workspace   {TEXT} not null references workspaces (id),
  module      {TEXT} not null,
  made_for    {TEXT} not null,
  made_by     {TEXT} not null,
  created     bigint not null,
  expires     bigint not null,
  revoked     bigint,
  used        bigint,
  uses        bigint not null
) {WITHOUT_ROWID};
create index setup_links_workspace on setup_links (workspace, created);

-- Tokens of the console's JSON API. workspace '' is the server.
create table admin_tokens (
  id          {TEXT} not null primary key,
  hash        {TEXT} not null unique,
  name        {TEXT} not null,
  admin       {TEXT} not null,
  workspace   {TEXT} not null,
  role        {TEXT} not null,
  created     bigint not null,
  expires     bigint not null,
  revoked     bigint,
  used        bigint
) {WITHOUT_ROWID};
create index admin_tokens_workspace on admin_tokens (workspace, created);
create index admin_tokens_admin on admin_tokens (admin);
