package directory

import "time"

// Mail is one that is to be sent, to each of its recipients by itself: nobody
// sees who else got it.
type Mail struct {
	// To are addresses without names.
	To []string
	// Subject is one line. Text is plain, with blank lines between paragraphs.
	Subject, Text string
	// HTML is the same for programs that show it. Empty means that it is made
	// from Text.
	HTML string
	// Kind is what the mail is about, such as "invitation", to find it in the
	// delivery log. Workspace is whose it is; "" is the server's.
	Kind, Workspace string
	// Once, where it is set, names the mail: of several of one name in a
	// workspace only the first is sent.
	Once string
	// Until, unless it is zero, is when the mail is of no use any more, such as
	// one with a link that ends then.
	Until time.Time
}
