package problem

// Codes of mail that the server sends.
const (
	MailNotSet     Code = "LY-MAIL-001"
	MailBadAddress Code = "LY-MAIL-002"
	MailBadServer  Code = "LY-MAIL-003"
	MailUnsafe     Code = "LY-MAIL-004"
	MailRefused    Code = "LY-MAIL-005"
	MailEmpty      Code = "LY-MAIL-006"
	MailBadWatch   Code = "LY-MAIL-007"
	MailChanged    Code = "LY-MAIL-008"
)

var mailTexts = map[Code]Text{
	MailNotSet:     {409, "This server cannot send mail yet.", "An owner of the server names the mail server in the console under Mail, or by command: lanyardd notify set --host smtp.example.com --from lanyard@example.com, then lanyardd notify test.", Operator},
	MailBadAddress: {400, "This is not an e-mail address mail can be sent to.", "Write one address as in ada@example.com, without a name and with nothing else.", You},
	MailBadServer:  {400, "The settings of the mail server are not complete or not possible.", "Mend what is named, then send a test mail.", Operator},
	MailUnsafe:     {400, "Without encryption, mail may go only to a mail server on this very machine.", "Use starttls (usually port 587) or tls (usually port 465).", Operator},
	MailRefused:    {502, "The mail server did not take the mail.", "Check host, port, encryption, user name, password and sender, and that the mail server accepts mail from this machine.", Operator},
	MailEmpty:      {400, "A mail needs a subject, a text and at least one recipient.", "Fill in what is missing.", You},
	MailBadWatch:   {400, "Word of provisioning cannot be sent like that.", "Mend what is named, and save again.", Admin},
	MailChanged:    {409, "Somebody else changed these settings meanwhile.", "Open the page anew, look at what is there now, and make your change again.", You},
}
