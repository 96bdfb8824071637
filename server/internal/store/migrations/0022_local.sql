-- Passwords of employees, and sign-in by Microsoft 365.
create table passwords (
  user_id    {TEXT} not null primary key references users (id),
  hash       {TEXT} not null,
  changed    bigint not null
) {WITHOUT_ROWID};

-- Wrong passwords, by a hash of what was typed: so who exists and who does not
-- are counted alike. Past expires a row counts no more.
create table attempts (
  workspace  {TEXT} not null references workspaces (id),
  name       {TEXT} not null,
  failures   bigint not null,
  until      bigint not null,
  expires    bigint not null,
  primary key (workspace, name)
) {WITHOUT_ROWID};
create index attempts_expires on attempts (expires);

-- How a session began, where that is not by an assertion or an access token, and
-- what Microsoft said of the person in a browser.
alter table sessions add column method {TEXT};
alter table sessions add column oidc {TEXT};
