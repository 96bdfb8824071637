package cli

import (
	"crypto/rand"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/lanyard-sso/lanyard/problem"
	"github.com/lanyard-sso/lanyard/server"
	"github.com/lanyard-sso/lanyard/server/api"
	"github.com/lanyard-sso/lanyard/server/internal/deliver"
	"github.com/lanyard-sso/lanyard/server/internal/directory"
	"github.com/lanyard-sso/lanyard/server/internal/store"
)

// webhookCmd groups the commands about webhooks.
type webhookCmd struct {
	Create webhookCreateCmd `cmd:"" help:"Send a workspace's events to an address, and print the secret they are signed with."`
	List   webhookListCmd   `cmd:"" help:"List webhooks, how far they are behind, and what could not be delivered."`
	Test   webhookTestCmd   `cmd:"" help:"Send a webhook.test event now, once."`
	Replay webhookReplayCmd `cmd:"" help:"Deliver again: what was given up, or everything after an event."`
	Revoke webhookRevokeCmd `cmd:"" help:"Send nothing more to a webhook."`
}

// webhookFlags are the flags of commands that send or sign.
type webhookFlags struct {
	clientFlags
	KeyFile   *string `name:"webhook-key-file" placeholder:"FILE" help:"The server's webhook key (LANYARD_WEBHOOK_KEY_FILE). Default ./lanyard-webhooks.key."`
	PublicURL *string `name:"public-url" placeholder:"URL" help:"The server's public URL (LANYARD_PUBLIC_URL): beside one on loopback, webhooks may be on loopback too."`
}

// resolved finds the settings, and whether the server is on loopback.
func (f webhookFlags) resolved(c *command) (settings, bool, error) {
	set, err := c.resolve(f.Config, map[string]*string{keyDB: f.DB, keyPublicURL: f.PublicURL, keyWebhookKeyFile: f.KeyFile})
	if err != nil {
		return nil, false, err
	}
	base, err := set.tenantURL("x")
	if err != nil {
		return nil, false, err
	}
	u, err := url.Parse(base)
	return set, err == nil && api.Loopback(u.Hostname()), err
}

// webhookKinds are the kinds of event that a webhook may ask for.
var webhookKinds = []directory.Kind{
	directory.UserCreated, directory.UserUpdated, directory.UserSuspended, directory.UserReactivated, directory.UserArchived, directory.UserLinked,
	directory.GroupCreated, directory.GroupUpdated, directory.GroupDeleted, directory.MemberAdded, directory.MemberRemoved,
	directory.SessionStarted, directory.SessionEnded, directory.MassRemoval,
	directory.ProvisioningFailing, directory.ProvisioningSilent, directory.ProvisioningRecovered,
	directory.SAMLCertificates, directory.SAMLEntityID, directory.SAMLExpiring, directory.MobileChanged,
}

// webhookCreateCmd makes a webhook. Of the address only the host is printed
// later: its path may be a secret of whoever receives.
type webhookCreateCmd struct {
	webhookFlags
	URL  string   `arg:"" help:"Where to POST: https://, on the public internet."`
	Kind []string `name:"kind" placeholder:"KIND" sep:"," help:"Only events of this kind, such as user.suspended; repeat for several. Default: all."`
}

func (f webhookCreateCmd) Run(c *command) error {
	set, loopback, err := f.resolved(c)
	if err != nil {
		return err
	}
	if err := deliver.CheckTarget(f.URL, loopback); err != nil {
		return problem.Detailf(problem.BadUsage, "The address cannot be used: %s.", err)
	}
	for _, k := range f.Kind {
		if !slices.Contains(webhookKinds, directory.Kind(k)) {
			return problem.Detailf(problem.BadUsage, "--kind %q is none of %s.", k, kindNames())
		}
	}
	st, ws, err := f.openFor(c)
	if err != nil {
		return err
	}
	defer st.Close()
	key, err := c.makeWebhookKey(set[keyWebhookKeyFile])
	if err != nil {
		return err
	}
	id := strings.ToLower(rand.Text()[:12])
	secret := deliver.WebhookSecret(key, id)
	w := store.Webhook{ID: id, Workspace: ws.ID, URL: f.URL, Kinds: f.Kind, Hash: directory.HashToken(secret), Created: c.opt.Now()}
	if err := st.CreateWebhook(c.ctx, w); err != nil {
		return fmt.Errorf("storing the webhook: %w", err)
	}
	c.say("Webhook %s gets events from now on. The secret to check their signatures with (Standard Webhooks) is on standard output.", id)
	c.say("Try it with: lanyardd webhook test %s --workspace %s", id, ws.ID)
	if c.json {
		d := webhookJSON(w)
		d.Secret = secret
		return c.printJSON(d)
	}
	_, err = fmt.Fprintln(c.out, secret)
	return err
}

func kindNames() string {
	names := make([]string, len(webhookKinds))
	for i, k := range webhookKinds {
		names[i] = string(k)
	}
	return strings.Join(names, ", ")
}

// webhookListCmd lists webhooks.
type webhookListCmd struct{ clientFlags }

func (f webhookListCmd) Run(c *command) error {
	st, ws, err := f.openFor(c)
	if err != nil {
		return err
	}
	defer st.Close()
	all, err := st.Webhooks(c.ctx, ws.ID)
	if err != nil {
		return err
	}
	newest, err := st.LastEvent(c.ctx)
	if err != nil {
		return err
	}
	docs := []webhookDoc{}
	var rows [][]string
	for _, w := range all {
		d := webhookJSON(w)
		if w.Revoked.IsZero() {
			seq, err := st.ConsumerSeq(c.ctx, w.Consumer())
			if err != nil {
				return err
			}
			behind := max(newest-seq, 0)
			d.Behind = &behind
			if d.Retrying, err = st.CountRetries(c.ctx, w.ID); err != nil {
				return err
			}
			dead, err := st.DeadLetters(c.ctx, w.ID)
			if err != nil {
				return err
			}
			for _, l := range dead {
				d.Dead = append(d.Dead, deadDoc{l.Seq, stamp(l.At), l.Error})
			}
		}
		docs = append(docs, d)
		behind := ""
		if d.Behind != nil {
			behind = strconv.FormatInt(*d.Behind, 10)
		}
		rows = append(rows, []string{w.ID, d.Host, d.State, strings.Join(w.Kinds, " "), behind, strconv.Itoa(d.Retrying), strconv.Itoa(len(d.Dead)), day(w.Created)})
	}
	if c.json {
		return c.printJSON(docs)
	}
	if len(rows) == 0 {
		c.say("There are no webhooks. Make one with: lanyardd webhook create https://… --workspace %s", ws.ID)
	}
	return c.table([]string{"ID", "HOST", "STATE", "KINDS", "EVENTS BEHIND", "RETRYING", "GIVEN UP", "CREATED"}, rows)
}

// find opens everything that is needed to send to a webhook.
func (f webhookFlags) find(c *command, id string) (*server.Store, store.Webhook, deliver.Sender, error) {
	var none store.Webhook
	set, loopback, err := f.resolved(c)
	if err != nil {
		return nil, none, deliver.Sender{}, err
	}
	key, err := readWebhookKey(set[keyWebhookKeyFile])
	if err == nil && key == nil {
		err = problem.Detailf(problem.BadConfig, "There is no %s in this folder: name the server's webhook key with --webhook-key-file.", defaultWebhookKeyFile)
	}
	if err != nil {
		return nil, none, deliver.Sender{}, err
	}
	st, ws, err := f.openFor(c)
	if err != nil {
		return nil, none, deliver.Sender{}, err
	}
	all, err := st.Webhooks(c.ctx, ws.ID)
	if err != nil {
		return nil, none, deliver.Sender{}, errors.Join(err, st.Close())
	}
	for _, w := range all {
		if w.ID == id && w.Revoked.IsZero() {
			return st, w, deliver.Sender{Key: key, Client: deliver.NewWebhookClient(loopback), Loopback: loopback, Now: c.opt.Now}, nil
		}
	}
	return nil, none, deliver.Sender{}, errors.Join(unknownWebhook(ws, id), st.Close())
}

func unknownWebhook(ws directory.Workspace, id string) error {
	return problem.Detailf(problem.UnknownWebhook, "%.64q is not one of workspace %q, or is revoked already.", id, ws.ID)
}

// webhookTestCmd sends a test event.
type webhookTestCmd struct {
	webhookFlags
	ID string `arg:"" help:"The webhook's id, from the list."`
}

func (f webhookTestCmd) Run(c *command) error {
	st, w, sender, err := f.find(c, f.ID)
	if err != nil {
		return err
	}
	defer st.Close()
	if err := sender.Send(c.ctx, w, directory.Event{At: c.opt.Now(), Kind: "webhook.test", Workspace: w.Workspace}); err != nil {
		return problem.Wrap(problem.WebhookFailed, err)
	}
	return c.done("Webhook %s accepted the test.", w.ID)
}

// webhookReplayCmd delivers again.
type webhookReplayCmd struct {
	webhookFlags
	ID    string `arg:"" help:"The webhook's id, from the list."`
	After *int64 `name:"after" placeholder:"SEQ" help:"Let the server send everything after this event again. Default: send what was given up, now."`
}

func (f webhookReplayCmd) Run(c *command) error {
	if f.After != nil && *f.After < 0 {
		return problem.Detailf(problem.BadUsage, "--after cannot be negative.")
	}
	st, w, sender, err := f.find(c, f.ID)
	if err != nil {
		return err
	}
	defer st.Close()
	if f.After != nil {
		if err := st.RewindConsumer(c.ctx, w.Consumer(), *f.After); err != nil {
			return fmt.Errorf("moving the webhook back: %w", err)
		}
		return c.done("The server sends webhook %s everything after that event again.", w.ID)
	}
	sent := 0
	for {
		dead, err := st.DeadLetters(c.ctx, w.ID)
		if err != nil {
			return err
		}
		if len(dead) == 0 {
			break
		}
		for _, l := range dead {
			events, err := st.Events(c.ctx, l.Seq-1, 1)
			if err != nil {
				return err
			}
			if len(events) == 1 && events[0].Seq == l.Seq {
				if err := sender.Send(c.ctx, w, events[0]); err != nil {
					return problem.Wrap(problem.WebhookFailed, fmt.Errorf("event %d, after %d were accepted: %w", l.Seq, sent, err))
				}
				sent++
			}
			if err := st.DropDeadLetter(c.ctx, w.ID, l.Seq); err != nil {
				return err
			}
		}
	}
	c.say("%d events were accepted.", sent)
	if c.json {
		return c.printJSON(struct {
			ID   string `json:"id"`
			Sent int    `json:"sent"`
		}{w.ID, sent})
	}
	return nil
}

// webhookRevokeCmd revokes a webhook.
type webhookRevokeCmd struct {
	clientFlags
	ID string `arg:"" help:"The webhook's id, from the list."`
}

func (f webhookRevokeCmd) Run(c *command) error {
	st, ws, err := f.openFor(c)
	if err != nil {
		return err
	}
	defer st.Close()
	err = st.RevokeWebhook(c.ctx, ws.ID, f.ID, c.opt.Now())
	if errors.Is(err, store.ErrNotFound) {
		return unknownWebhook(ws, f.ID)
	}
	if err != nil {
		return fmt.Errorf("revoking the webhook: %w", err)
	}
	return c.done("Webhook %s is revoked. Servers stop sending to it within seconds.", f.ID)
}

// webhookDoc is a webhook in JSON. Secret is set when it is made.
type webhookDoc struct {
	ID        string     `json:"id"`
	Workspace string     `json:"workspace"`
	Host      string     `json:"host"`
	State     string     `json:"state"`
	Kinds     []string   `json:"kinds"`
	Behind    *int64     `json:"events_behind"`
	Retrying  int        `json:"events_retrying"`
	Dead      []deadDoc  `json:"given_up"`
	Created   *time.Time `json:"created"`
	Revoked   *time.Time `json:"revoked"`
	Secret    string     `json:"secret,omitempty"`
}

type deadDoc struct {
	Seq   int64      `json:"seq"`
	At    *time.Time `json:"at"`
	Error string     `json:"error"`
}

func webhookJSON(w store.Webhook) webhookDoc {
	d := webhookDoc{
		ID: w.ID, Workspace: w.Workspace, State: "sending", Kinds: w.Kinds, Dead: []deadDoc{},
		Created: stamp(w.Created), Revoked: stamp(w.Revoked),
	}
	if u, err := url.Parse(w.URL); err == nil {
		d.Host = u.Host
	}
	if d.Kinds == nil {
		d.Kinds = []string{}
	}
	if !w.Revoked.IsZero() {
		d.State = "revoked"
	}
	return d
}
