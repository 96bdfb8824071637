-- Sessions that refresh tokens renew. expires stays when the session ends;
-- token_expires is when the token of hash does. Only hashes of secrets: family of
-- what a session's refresh tokens begin with, refresh of the one that is good,
-- spent of the one before it, retry of the secret that went with that one.
alter table sessions add column token_expires bigint;
alter table sessions add column family {TEXT};
alter table sessions add column refresh {TEXT};
alter table sessions add column spent {TEXT};
alter table sessions add column retry {TEXT};
create unique index sessions_family on sessions (family) where family is not null;
