package problem

// Codes of telling people about a change.
const (
	AnnounceBad    Code = "LY-ANN-001"
	AnnounceNobody Code = "LY-ANN-002"
)

var announceTexts = map[Code]Text{
	AnnounceBad:    {422, "The announcement cannot be like that.", "Mend what is named, and save it again.", You},
	AnnounceNobody: {409, "There is nobody to send the announcement to.", "Choose others, or give people an e-mail address: in Entra, Email under Contact information.", Admin},
}
