-- Groups of which the roles of many members have yet to be looked at, since the
-- group began or ceased to give one: of those members whose codes are greater.
alter table resources add column unranked bigint;
create index resources_unranked on resources (directory, pk) where unranked is not null;
