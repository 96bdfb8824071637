package problem

// Codes of signing in with Microsoft 365 in a browser.
const (
	OIDCClient  Code = "LY-OIDC-001" // the secret or certificate was not accepted
	OIDCNoToken Code = "LY-OIDC-002" // an answer without an ID token
	OIDCRefused Code = "LY-OIDC-003" // the code was not redeemed
)

var oidcTexts = map[Code]Text{
	OIDCClient:  {502, "Microsoft did not accept this server's own proof of who it is.", "Check that the client secret or the certificate is the one under Certificates & secrets of the app registration, and that it has not expired.", Admin},
	OIDCNoToken: {502, "Microsoft's answer did not say who signed in.", "Check that the application's permissions openid and profile were not taken away, then sign in again.", Admin},
	OIDCRefused: {403, "Microsoft did not finish the sign-in.", "Sign in again. If it happens again, copy the details for your IT administrator.", Admin},
}
