package store

import (
	"crypto/sha256"
	"encoding/hex"
	"maps"
	"slices"
	"strconv"
)

// auditForm begins what is hashed, so that another form can follow it.
const auditForm = "lanyard audit 1"

// Sum is the SHA-256 that chains an entry, in hex, so that anybody can check an
// exported log without this program. Hashed are these texts in their order, each
// as a netstring (its length in bytes in decimal, ":", the bytes, ","):
//
//	"lanyard audit 1", Seq in decimal, At in microseconds since 1970 in decimal,
//	Workspace, Actor, ActorID, Act, Target, the number of details in decimal, each
//	detail's name and value in the order of the names' bytes, Outcome, IP,
//	Correlation, Prev
//
// Hash is no part of it.
func (e AuditEntry) Sum() string {
	b := make([]byte, 0, 512)
	put := func(texts ...string) {
		for _, s := range texts {
			b = strconv.AppendInt(b, int64(len(s)), 10)
			b = append(b, ':')
			b = append(b, s...)
			b = append(b, ',')
		}
	}
	put(auditForm, strconv.FormatInt(e.Seq, 10), strconv.FormatInt(micro(e.At), 10),
		e.Workspace, e.Actor, e.ActorID, e.Act, e.Target, strconv.Itoa(len(e.Detail)))
	for _, k := range slices.Sorted(maps.Keys(e.Detail)) {
		put(k, e.Detail[k])
	}
	put(e.Outcome, e.IP, e.Correlation, e.Prev)
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}
