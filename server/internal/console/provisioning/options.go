package provisioning

import "github.com/lanyard-sso/lanyard/server/internal/console"

// Choices of the forms. Values are durations as the console reads them.

// Spans are how long removals may be let pass.
func (Home) Spans() []console.Option {
	return []console.Option{{Value: "1h", Label: "an hour"}, {Value: "24h", Label: "a day"}, {Value: "7d", Label: "a week"}}
}

// Lives are how long a token may be valid.
func (tabs) Lives() []console.Option {
	return []console.Option{{Value: "", Label: "Never"}, {Value: "90d", Label: "After 90 days"}, {Value: "180d", Label: "After 180 days"}, {Value: "365d", Label: "After a year"}, {Value: "730d", Label: "After two years"}}
}

// SecretLives are how long a client's secret may be valid.
func (tabs) SecretLives() []console.Option {
	return []console.Option{{Value: "90d", Label: "90 days"}, {Value: "365d", Label: "a year"}, {Value: "730d", Label: "two years"}, {Value: "1095d", Label: "three years"}}
}

// TokenLives are how long access tokens may last.
func (Credentials) TokenLives() []console.Option {
	return []console.Option{{Value: "60m", Label: "60 minutes"}, {Value: "120m", Label: "2 hours"}, {Value: "360m", Label: "6 hours"}}
}

// Overlaps are how long a token may work beside its successor.
func (TokenPage) Overlaps() []console.Option {
	return []console.Option{{Value: "1h", Label: "hour"}, {Value: "24h", Label: "day"}, {Value: "7d", Label: "7 days"}, {Value: "30d", Label: "30 days"}}
}

// Shows are which requests the log may show.
func (Log) Shows() []console.Option {
	return []console.Option{{Value: "all", Label: "All requests"}, {Value: "changes", Label: "What changes something"}, {Value: "failed", Label: "Failures"}}
}

// Encryptions are the ways to a mail server.
func (MailPage) Encryptions() []console.Option {
	return []console.Option{{Value: "starttls", Label: "STARTTLS (usually port 587)"}, {Value: "tls", Label: "TLS (usually port 465)"}, {Value: "none", Label: "None (this machine only)"}}
}
