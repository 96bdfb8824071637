package notify

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/lanyard-sso/lanyard/server/internal/directory"
	"github.com/lanyard-sso/lanyard/server/internal/store"
)

// clockTime is how mails say when.
func clockTime(t time.Time) string { return t.UTC().Format("2 January 15:04 UTC") }

// maxReasons is how many kinds of failure a mail lists.
const maxReasons = 10

// words writes the mail of a notice. failed are failed requests, newest first.
func (n notice) words(ws directory.Workspace, failed []store.Request, page string) (subject, text string) {
	name := cmp.Or(ws.Name, ws.ID)
	var b strings.Builder
	say := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n\n", args...) }
	switch n.kind {
	case KindFailures:
		subject = fmt.Sprintf("%s: %s of provisioning failed", name, count(n.failures, "request"))
		say("Between %s and %s, %s of Microsoft Entra could not be done for %s.", clockTime(n.from), clockTime(n.to), count(n.failures, "request"), name)
		b.WriteString(reasons(failed, n.from, n.to.Add(time.Minute)))
		say("Entra tries failed people again after 6, 12 and 24 hours, then daily for 28 days. To try at once, use Provision on demand in Entra.")
	case KindRisk:
		subject = fmt.Sprintf("%s: Entra may stop provisioning (quarantine)", name)
		say("In the last 24 hours %d of %s to change something failed for %s. Entra puts a job with many failures into quarantine: it then runs once a day, and is switched off after four weeks.", n.failures, count(n.tries, "request"), name)
		b.WriteString(reasons(failed, time.Time{}, n.at.Add(time.Minute)))
		say("Mend what is named most often first. In Entra, Provisioning, Overview shows whether the job is in quarantine; Restart provisioning ends it.")
	case KindSilent:
		subject = fmt.Sprintf("%s: nothing heard of Microsoft Entra since %s", name, clockTime(n.last))
		say("Entra calls about every 40 minutes. The last request for %s came at %s.", name, clockTime(n.last))
		if n.refused > 0 {
			say("Since then %s came with a token that is not accepted. Look whether the token in Entra has expired or was revoked; make a new one and paste it under Admin Credentials (Connectivity).", count(n.refused, "request"))
		} else {
			say("If nobody changed in Entra, that may be right. Otherwise open the application in Entra, Provisioning, and look whether Provisioning Status is On and the job is not in quarantine. While nothing comes, people who leave keep their access.")
		}
	case KindRecovered:
		if n.heardAgain {
			subject = fmt.Sprintf("%s: Microsoft Entra is heard again", name)
			say("After the silence since %s, provisioning of %s goes on. There is nothing to do.", clockTime(n.from), name)
			break
		}
		subject = fmt.Sprintf("%s: provisioning works again", name)
		say("The failures between %s and %s (%s) have ended, and requests of Entra for %s go through. There is nothing to do.", clockTime(n.from), clockTime(n.to), count(n.failures, "request"), name)
	case KindRemovals:
		subject = fmt.Sprintf("%s: unusually many people lose access", name)
		say("More than %d people and %d %% of %s lost access within an hour (%s).", n.alarm.People, n.alarm.Percent, name, clockTime(n.alarm.Raised))
		if n.alarm.Hold {
			say("Further removals are held. If they are meant, release them on the page below. If not, stop provisioning in Entra and look what changed: a group unassigned, or a mapping of active.")
		} else {
			say("If they are not meant, stop provisioning in Entra, or hold further removals on the page below, and look what changed: a group unassigned, or a mapping of active.")
		}
	case KindExpiry:
		subject = fmt.Sprintf("%s: a credential of provisioning expires soon", name)
		say("When it expires, Entra stops, and people who leave keep their access. Make the next one now and paste it into Entra; the old one goes on working until its end.")
		for _, c := range n.credentials {
			fmt.Fprintf(&b, "- %s %s ends on %s\n", c.kind, cmp.Or(quoted(c.label, 100), c.id), c.ends.UTC().Format("2 January 2006"))
		}
		b.WriteString("\n")
	}
	say("%s", page)
	b.WriteString("You get this because an administrator of Lanyard entered your address for this workspace. It does not replace the Notification Email that Entra sends by itself.")
	return subject, b.String()
}

func count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

// reasons groups failed requests of a time by why, the most frequent first.
func reasons(failed []store.Request, from, before time.Time) string {
	type reason struct {
		why, who string
		n        int
	}
	var all []reason
	at := map[string]int{}
	for _, r := range failed {
		if r.At.Before(from) || !r.At.Before(before) || r.Credential == "" {
			continue
		}
		why := cmp.Or(r.Detail, fmt.Sprintf("Status %d.", r.Status))
		if r.Name != "" {
			why = strings.ReplaceAll(why, r.Name, "…")
		}
		i, there := at[why]
		if !there {
			i = len(all)
			at[why] = i
			all = append(all, reason{why: why, who: cmp.Or(r.Name, r.ID)})
		}
		all[i].n++
	}
	slices.SortStableFunc(all, func(a, b reason) int { return b.n - a.n })
	var b strings.Builder
	for i, r := range all {
		if i == maxReasons {
			fmt.Fprintf(&b, "- and %d other reasons\n", len(all)-i)
			break
		}
		fmt.Fprintf(&b, "- %d × %s", r.n, quoted(r.why, 400))
		if r.who != "" {
			fmt.Fprintf(&b, " (such as %s)", quoted(r.who, 100))
		}
		b.WriteString("\n")
	}
	if b.Len() > 0 {
		b.WriteString("\n")
	}
	return b.String()
}

// quoted is a text of others in a mail of ours: in one line, and no link in it.
func quoted(s string, most int) string {
	return strings.ReplaceAll(oneLine(s, most), "://", "[:]//")
}
