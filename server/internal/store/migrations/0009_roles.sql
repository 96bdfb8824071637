-- Roles that follow groups, and what was taken away.
update meta set v = v where k = 'schema';
