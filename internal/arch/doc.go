// Package arch keeps the arrows between Lanyard's packages. It holds tests
// only: which package may import which (allowed_test.go), what some of them
// must never reach even through others (never_test.go), and that every package
// says in a comment what it is for.
//
// The drawing of the same arrows, with the reasons in full, is in
// docs/architecture.md. To change an arrow, change both in one commit.
package arch
