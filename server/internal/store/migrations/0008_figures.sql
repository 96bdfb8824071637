-- What measuring asked for.
update meta set v = v where k = 'schema';
