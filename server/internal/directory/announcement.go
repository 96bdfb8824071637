package directory

import "time"

// SettingAnnouncement is the kind of the setting that a workspace's Announcement
// is kept under.
const SettingAnnouncement = "announcement"

// Announcement is what people of a workspace are told about a change of how they
// sign in (row C4). Empty texts are those that are written from the workspace.
type Announcement struct {
	// Subject and Text are what an administrator made of them; Text is Markdown
	// of paragraphs, lists and links.
	Subject string `json:"subject,omitempty"`
	Text    string `json:"text,omitempty"`
	// Date is the day of the change, without a time: 2006-01-02. Empty means that
	// it is not said.
	Date string `json:"date,omitempty"`
	// Help is whom people ask, and Download where they get the app.
	Help     string `json:"help,omitempty"`
	Download string `json:"download,omitempty"`
	// SentAt is when it was last sent.
	SentAt time.Time `json:"sent_at,omitzero"`
}
