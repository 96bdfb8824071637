package directory

import "time"

// SettingAnnouncement is the kind of the setting that a workspace's Announcement
// is kept under.
const SettingAnnouncement = "announcement"

// Announcement is what people of a workspace are told about a change of how they
// sign in (row C4). Empty texts are those that are written from the workspace.
type Announcement struct {
	// Subject and Text are what an administrator made of them. Text is plain:
	// paragraphs with blank lines between them, and lists.
	Subject string `json:"subject,omitempty"`
	Text    string `json:"text,omitempty"`
	// Date is the day of the change: 2006-01-02. Empty means that it is not said.
	Date string `json:"date,omitempty"`
	// Help is whom people ask, and Download where they get the app.
	Help     string `json:"help,omitempty"`
	Download string `json:"download,omitempty"`
	// Sent are the last times it was sent, the newest last.
	Sent []Sent `json:"sent,omitempty"`
}

// Sent is one time that an announcement was handed to the post.
type Sent struct {
	At time.Time `json:"at"`
	By string    `json:"by"`
	// Mail is its id in the delivery log.
	Mail string `json:"mail"`
	// Content names the words and those chosen, and Key also how often they had
	// been sent before.
	Content string `json:"content"`
	Key     string `json:"key"`
	Subject string `json:"subject"`
	// To says in words who was chosen, Recipients how many they were.
	To         string `json:"to"`
	Recipients int    `json:"recipients"`
}
