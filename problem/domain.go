package problem

// Codes of a workspace's e-mail domains, and of people outside of them.
const (
	DomainInvalid  Code = "LY-DOM-001"
	DomainSuffix   Code = "LY-DOM-002" // a public suffix, such as co.uk
	DomainFreeMail Code = "LY-DOM-003"
	DomainTaken    Code = "LY-DOM-004" // proven by another workspace
	DomainUnlisted Code = "LY-DOM-005"
	DomainNone     Code = "LY-DOM-006" // nothing entered
	DomainTooMany  Code = "LY-DOM-007"
	DomainInitial  Code = "LY-DOM-008" // acme.onmicrosoft.com
	DomainReason   Code = "LY-DOM-009" // an override without a reason

	DomainOutside Code = "LY-DOM-010" // somebody's address is of no domain of the workspace

	DomainUndecided  Code = "LY-DOM-011"
	DomainInside     Code = "LY-DOM-012" // a decision about somebody who needs none
	DomainDecision   Code = "LY-DOM-013"
	ExemptionOwner   Code = "LY-DOM-014"
	ExemptionReason  Code = "LY-DOM-015"
	ExemptionUntil   Code = "LY-DOM-016"
	DomainNobody     Code = "LY-DOM-017" // nobody chosen
	DomainUnproven   Code = "LY-DOM-018" // no domain is verified yet
	DomainWeakOption Code = "LY-DOM-019" // an enforcement that is neither deny nor warn

	// What asking DNS for the proof came to.
	DomainNoRecord    Code = "LY-DOM-020" // NXDOMAIN, or no TXT record there
	DomainWrongRecord Code = "LY-DOM-021"
	DomainManyRecords Code = "LY-DOM-022" // several, and none is right
	DomainTimeout     Code = "LY-DOM-023"
	DomainServFail    Code = "LY-DOM-024" // SERVFAIL: DNSSEC that does not add up, mostly
	DomainUnreachable Code = "LY-DOM-025" // no name server could be asked
	DomainMisplaced   Code = "LY-DOM-026" // the record is there under another name

	EmailInvalid Code = "LY-DOM-030"
	EmailTaken   Code = "LY-DOM-031"
	EmailChanged Code = "LY-DOM-032" // the person was changed meanwhile
	EmailSame    Code = "LY-DOM-033"
	EmailLink    Code = "LY-DOM-034" // a mailed link: unknown, used, expired, or of an address that is no longer theirs: alike

	DomainChanged     Code = "LY-DOM-041" // the rules, by somebody else
	DepartmentInvalid Code = "LY-DOM-040"
)

var domainTexts = map[Code]Text{
	DomainInvalid:  {400, "This is not an e-mail domain.", "Write the part behind the @ alone, such as acme.com.", Admin},
	DomainSuffix:   {400, "Under this name anybody can register a domain, so it cannot be one organisation's.", "Write your own domain in full, such as acme.co.uk.", Admin},
	DomainFreeMail: {400, "Anybody can have an address of this mail provider, so it cannot be one organisation's.", "Enter a domain that belongs to your organisation.", Admin},
	DomainTaken:    {409, "This domain belongs to another workspace already.", "If it is yours, ask whoever runs this Lanyard server to look into it.", Operator},
	DomainUnlisted: {404, "This domain is not one of the workspace's.", "Look at the list of domains, and add it first.", Admin},
	DomainNone:     {400, "No domain was entered.", "Enter at least one domain, such as acme.com.", Admin},
	DomainTooMany:  {400, "These are more domains than a workspace can have.", "Remove those that are not in use any more.", Admin},
	DomainInitial:  {400, "Domains below onmicrosoft.com are Microsoft's, so nobody can add the record that proves them.", "Enter a custom domain of your tenant, or ask whoever runs this Lanyard server to confirm this one.", Admin},
	DomainReason:   {400, "Confirming a domain without proof needs a reason.", "Say in a sentence how you know that the domain is theirs.", Operator},

	DomainOutside: {403, "Your account is not allowed to sign in to this workspace.", "Sign in with your work account, or ask your IT administrator to look at your e-mail address.", Admin},

	DomainUndecided:  {409, "Not everybody outside your domains is decided on.", "Choose Edit or Allow for each of them, then Next.", Admin},
	DomainInside:     {409, "This person needs no decision.", "Their address is of one of your domains, or they cannot sign in anyway. Look at the list again.", Admin},
	DomainDecision:   {400, "It is not said what is to become of them.", "Choose “Let them lose access” or “Exempt”.", Admin},
	ExemptionOwner:   {400, "An exemption needs somebody who answers for it.", "Enter the e-mail address of a colleague.", Admin},
	ExemptionReason:  {400, "An exemption needs a reason.", "Say in a sentence why they keep their access, in at most 500 characters.", Admin},
	ExemptionUntil:   {400, "An exemption needs an end.", "Choose a day in the future, at most a year from now.", Admin},
	DomainNobody:     {400, "Nobody is chosen.", "Tick the people it is about.", Admin},
	DomainUnproven:   {409, "None of the domains is verified yet.", "Add the TXT record at your DNS provider, then choose Run the check.", Admin},
	DomainWeakOption: {400, "It is not said what happens to people outside the domains.", "Choose deny or warn.", Admin},

	DomainNoRecord:    {409, "There is no TXT record of that name yet.", "Add the record at your DNS provider. It can take an hour to be seen; it is looked for again by itself.", Admin},
	DomainWrongRecord: {409, "The TXT record holds another value.", "Copy the value again, and replace what stands in the record.", Admin},
	DomainManyRecords: {409, "There are several TXT records of that name, and none holds the right value.", "Add the right value as one more record, or replace one of them.", Admin},
	DomainTimeout:     {503, "The domain's name servers did not answer in time.", "Nothing needs to be changed yet: it is tried again by itself. If it lasts, ask your DNS provider.", Admin},
	DomainServFail:    {503, "The domain's name servers answer with a failure, which mostly means that its DNSSEC signatures are wrong.", "Ask your DNS provider to check the DNSSEC of the domain: SERVFAIL.", Admin},
	DomainUnreachable: {503, "No name server could be asked.", "Check that the Lanyard server can reach a DNS resolver.", Operator},
	DomainMisplaced:   {409, "The record is there, and under another name.", "Many DNS providers add the domain to the name by themselves: enter only what comes before it.", Admin},

	EmailInvalid: {400, "This is not an e-mail address.", "Write it like ada@acme.com.", Admin},
	EmailTaken:   {409, "Somebody else has this e-mail address.", "Enter another address, or change the other person's first.", Admin},
	EmailChanged: {409, "This person was changed meanwhile.", "Look at what is there now, and make your change again.", Admin},
	EmailSame:    {400, "This is the address that they have already.", "Enter another address, or choose Allow.", Admin},
	EmailLink:    {410, "This link was used before, is too old, or is for an address that was changed since.", "If the address is yours, tell your IT administrator.", Admin},

	DomainChanged:     {409, "Somebody else changed the rules of the domains meanwhile.", "Look at what is there now, and make your change again.", Admin},
	DepartmentInvalid: {400, "This cannot be the name of a department.", "Enter a name of at most 100 characters on one line, or none.", Admin},
}
