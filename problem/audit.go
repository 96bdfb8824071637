package problem

// Codes of the audit log.
const (
	AuditBroken Code = "LY-AUDIT-001" // the chain of hashes does not hold
	AuditQuery  Code = "LY-AUDIT-002" // a filter that cannot be read
)

var auditTexts = map[Code]Text{
	AuditBroken: {500, "The audit log is not as it was written.", "Keep the database as it is, find out who can write to it, and compare the log with your last export or backup.", Operator},
	AuditQuery:  {422, "A filter of the audit log cannot be read.", "Enter days such as 2026-11-22, and numbers of entries.", You},
}
