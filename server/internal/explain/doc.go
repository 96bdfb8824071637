// Package explain says in plain words what a pasted error, address, SAML
// response, token or metadata document means, without a network.
package explain
