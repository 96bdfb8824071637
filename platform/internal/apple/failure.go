package apple

import (
	"fmt"
	"strconv"
)

// Domains of a Failure.
const (
	// SessionDomain stands for ASWebAuthenticationSessionErrorDomain.
	SessionDomain = "ASWebAuthenticationSession"
	// OwnDomain is that of the numbers below, which are ours.
	OwnDomain = "lanyard"
)

// Codes in SessionDomain: ASWebAuthenticationSessionErrorCode (Apple,
// AuthenticationServices).
const (
	CanceledLogin                  = 1 // the person closed the page
	PresentationContextNotProvided = 2
	PresentationContextInvalid     = 3
)

// Codes in OwnDomain, as webauth.h has them.
const (
	NotSupported = 1 // before iOS 13 and macOS 10.15
	BadAddress   = 2
	NoWindow     = 3 // no window that the page could be shown over
	NotStarted   = 4
	Cancelled    = 5 // by the function that StartSession returned
	NoAnswer     = 6 // it ended with neither an address nor an error
	NotOpened    = 7 // no app on this device opens the address
)

// Failure is how a session ended other than with an address: an NSError
// without its text, which may repeat the address.
type Failure struct {
	Domain string
	Code   int
}

func (f Failure) Error() string { return f.Domain + " " + strconv.Itoa(f.Code) }

// Status is an OSStatus of the Security framework other than success.
type Status int32

// Those that are told apart (Apple, Security Framework Result Codes).
const (
	UserCanceled          Status = -128
	Param                 Status = -50
	Allocate              Status = -108
	NotAvailable          Status = -25291
	AuthFailed            Status = -25293
	NoSuchKeychain        Status = -25294
	DuplicateItem         Status = -25299
	ItemNotFound          Status = -25300
	NoDefaultKeychain     Status = -25307
	InteractionNotAllowed Status = -25308
	InteractionRequired   Status = -25315
	Decode                Status = -26275
	MissingEntitlement    Status = -34018
)

var statusNames = map[Status]string{
	UserCanceled: "errSecUserCanceled", Param: "errSecParam", Allocate: "errSecAllocate", NotAvailable: "errSecNotAvailable",
	AuthFailed: "errSecAuthFailed", NoSuchKeychain: "errSecNoSuchKeychain", DuplicateItem: "errSecDuplicateItem",
	ItemNotFound: "errSecItemNotFound", NoDefaultKeychain: "errSecNoDefaultKeychain",
	InteractionNotAllowed: "errSecInteractionNotAllowed", InteractionRequired: "errSecInteractionRequired",
	Decode: "errSecDecode", MissingEntitlement: "errSecMissingEntitlement",
}

func (s Status) Error() string {
	if name := statusNames[s]; name != "" {
		return fmt.Sprintf("OSStatus %d (%s)", int32(s), name)
	}
	return fmt.Sprintf("OSStatus %d", int32(s))
}
