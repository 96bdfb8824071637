// Package samlsso is the console's part for single sign-on by SAML: the wizard
// that follows Microsoft Entra's own page "Set up Single Sign-On with SAML", the
// test sign-in with its result, enabling, and the connection after that.
//
// It decides what is shown, in which order, and which field a refusal belongs to.
// What a connection is, and whether its values are good, signin decides; when
// single sign-on may be enabled, cancelled or taken away is enforce's. A set-up is
// kept as a draft (modules) at every step, so that it survives a closed browser
// and two administrators notice each other.
package samlsso
