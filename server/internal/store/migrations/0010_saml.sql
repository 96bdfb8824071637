-- SAML: set-up, requests, results and codes.
update meta set v = v where k = 'schema';
