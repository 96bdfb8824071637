// Package enforce decides when single sign-on by SAML may be switched on for
// everybody in a workspace, who may switch it off again, and what is there after
// a set-up was cancelled.
//
// It is switched on by a workspace's administrator, once a test sign-in succeeded
// with the very settings that are there, an owner has proven a way into the
// console that does not hang on the identity provider, the people outside the
// domains are decided about, and no pilot is on (rows C3, C5, C7). From then on
// only an operator of the server switches it off, with a reason and a ticket,
// alone or with a second operator. Every administrator is told.
//
// What enforcement means for a sign-in is directory's to decide. How a connection
// is set up and tested is signin's, and who is an administrator admin's; what is
// asked of them comes in as functions.
package enforce
