// Package register says what must be registered in Microsoft Entra ID for a
// workspace, and what of it a registration lacks.
//
// A [Plan] is everything that has to be there: redirect URIs of every system,
// the public-client flag, the exposed scope, permissions, app roles, optional
// claims, version 2 tokens, assignment, the SAML page and provisioning. It can
// be written as instructions for both of Microsoft's portals, as calls to
// Microsoft Graph, as a script for the az program, and as Terraform. An
// [Application] is a registration as Microsoft Graph, az or the portal's
// manifest gives it; [Plan.Check] holds one against the other.
//
// It decides what belongs into a registration and what is wrong with one. How a
// redirect URI is written is decided by platform/redirect, which attributes are
// mapped by entra, and where a registration and a workspace's settings come
// from by the commands. It fetches and stores nothing; everything here is pure
// and may be used from several goroutines.
//
// Sources: Microsoft Graph v1.0, "application resource type" and
// "servicePrincipal resource type"; "Understand the app manifest (Azure AD
// Graph format)" for the older of the two manifests.
package register
