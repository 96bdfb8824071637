// Package pgtest gives a test a real PostgreSQL: one throw-away cluster for the
// test binary, in a temporary folder and on a Unix socket there, and an empty
// database for each test.
//
// It needs PostgreSQL's server programs (apt install postgresql), and nothing
// running. PostgreSQL refuses to run as root, so a test that runs as root runs
// it as the user postgres or nobody. A package that uses it says
//
//	func TestMain(m *testing.M) { os.Exit(pgtest.Main(m)) }
//
// It decides nothing about Lanyard, and tests alone import it.
package pgtest
