package messages

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"

	"github.com/getpurser/purser/internal/audit"
	"github.com/getpurser/purser/internal/db"
	"github.com/getpurser/purser/internal/ident"
	"github.com/getpurser/purser/internal/notify"
	"github.com/getpurser/purser/internal/notify/mail"
	"github.com/getpurser/purser/internal/notify/safedial"
)

// SlackHook is a channel of the company's chat, as it may be shown: the address
// is a secret.
type SlackHook struct {
	Host string
	// Ending is the last four characters of the address.
	Ending    string
	UpdatedAt time.Time
}

// SlackHook is the mode's channel; nil when there is none.
func (s *Service) SlackHook(ctx context.Context, t ident.Tenant) (*SlackHook, error) {
	row, err := db.New(s.Pool).SlackHookGet(ctx, t.Company, t.Live)
	if isNone(err) {
		return nil, nil
	}
	h := slackHookOf(row)
	return &h, err
}

// CheckSlack reads the address of an incoming webhook. Invalid: see
// safedial.Check. Before the transaction, as it looks the name up.
func (s *Service) CheckSlack(ctx context.Context, address string) (*url.URL, error) {
	return safedial.Check(ctx, "url", strings.TrimSpace(address), s.AllowLoopback)
}

const endingLength = 4

// ConnectSlack keeps the address, sealed, in the place of an earlier one.
func (s *Service) ConnectSlack(ctx context.Context, tx pgx.Tx, t ident.Tenant, by audit.Actor, to *url.URL) (SlackHook, error) {
	address := to.String()
	row, err := db.New(tx).SlackHookPut(ctx, db.SlackHookPutParams{CompanyID: t.Company, Live: t.Live,
		SealedUrl: s.sealer.Seal([]byte(address), slackBinding(t)), Host: to.Host, Ending: address[len(address)-endingLength:]})
	if err != nil {
		return SlackHook{}, err
	}
	return slackHookOf(row), audit.Append(ctx, tx, t, by, slackEvent("slack.connected", t, to.Host))
}

// DisconnectSlack forgets the address. There being none is no error.
func (s *Service) DisconnectSlack(ctx context.Context, tx pgx.Tx, t ident.Tenant, by audit.Actor) error {
	n, err := db.New(tx).SlackHookDelete(ctx, t.Company, t.Live)
	if err != nil || n == 0 {
		return err
	}
	return audit.Append(ctx, tx, t, by, slackEvent("slack.disconnected", t, ""))
}

func slackEvent(kind string, t ident.Tenant, host string) audit.Event {
	e := audit.Event{Type: kind, Subject: ident.Format(ident.Company, t.Company)}
	if host != "" {
		e.Data = map[string]any{"host": host}
	}
	return e
}

func slackBinding(t ident.Tenant) string { return "slack " + t.Mode() + " " + t.Company.String() }

// slackArgs name a message to the channel.
type slackArgs struct{ stored }

// Kind is the job's name in the queue.
func (slackArgs) Kind() string { return "slack" }

func slackOptions() *river.InsertOpts {
	return &river.InsertOpts{Queue: notify.Web, MaxAttempts: notify.DayOfAttempts}
}

const (
	slackPatience = 10 * time.Second
	slackAnswer   = 4 << 10 // bytes of an answer that are read
)

// addressRefused is the word for an address that turned out not to be public.
const addressRefused = "address_refused"

type slackWorker struct {
	river.WorkerDefaults[slackArgs]
	s *Service
}

// Work posts the request to the channel, if it still waits.
func (w *slackWorker) Work(ctx context.Context, job *river.Job[slackArgs]) error {
	s := w.s
	m, found, err := s.get(ctx, job.Args.stored)
	if err != nil || !found || !m.Waiting {
		return quiet(err)
	}
	address, text, err := s.slackText(ctx, m)
	if err != nil {
		return quiet(err)
	}
	if text == "" {
		return quiet(s.end(ctx, db.New(s.Pool), m, dropped, job.Attempt))
	}
	if trouble := s.say(ctx, address, text); trouble != "" {
		if err := s.tried(context.WithoutCancel(ctx), m, trouble, job.Attempt, job.MaxAttempts); err != nil {
			return quiet(err)
		}
		return errors.New("the channel was not reached: " + trouble)
	}
	return quiet(s.end(context.WithoutCancel(ctx), db.New(s.Pool), m, sent, job.Attempt))
}

// NextRetry spreads the attempts over a day.
func (*slackWorker) NextRetry(job *river.Job[slackArgs]) time.Time { return notify.Pause(job.Attempt) }

// slackText is what to say and where; no text when it is not to be said.
func (s *Service) slackText(ctx context.Context, m message) (address, text string, err error) {
	hook, err := db.New(s.Pool).SlackHookGet(ctx, m.Tenant.Company, m.Tenant.Live)
	if isNone(err) {
		return "", "", nil
	}
	if err != nil {
		return "", "", err
	}
	plain, err := s.sealer.Open(hook.SealedUrl, slackBinding(m.Tenant))
	if err != nil {
		return "", "", err
	}
	r, found, err := s.request(ctx, m.Tenant, m.About)
	if err != nil || !found || !r.waits() {
		return "", "", err
	}
	return string(plain), r.mrkdwn(m.Tenant), nil
}

// mrkdwn is the request in Slack's way of writing.
func (r request) mrkdwn(t ident.Tenant) string {
	var b strings.Builder
	if !t.Live {
		b.WriteString("[Test] ")
	}
	fmt.Fprintf(&b, "*%s* asks to spend *%s* at %s\n", escaped(r.handle), escaped(r.amount), escaped(r.merchant))
	for _, f := range r.facts() {
		switch f.Name {
		case "Agent", "Amount", "Merchant": // said already
		default:
			fmt.Fprintf(&b, "%s: %s\n", f.Name, escaped(f.Value))
		}
	}
	fmt.Fprintf(&b, "<%s|Look at the request>", r.link)
	return b.String()
}

// escaped keeps a text from being a mention or a link, as Slack says to.
func escaped(text string) string {
	return strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;").Replace(text)
}

// say posts a text, and gives the word for why that failed.
func (s *Service) say(ctx context.Context, address, text string) (trouble string) {
	body, err := json.Marshal(map[string]string{"text": text})
	if err != nil {
		return mail.Failed
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, address, bytes.NewReader(body))
	if err != nil {
		return mail.Failed
	}
	request.Header.Set("Content-Type", "application/json")
	answer, err := s.channel.Do(request)
	switch {
	case errors.Is(err, safedial.ErrRefused):
		return addressRefused
	case err != nil:
		return mail.Unreachable
	}
	defer func() { _ = answer.Body.Close() }() // only read
	if answer.StatusCode/100 != 2 {
		return mail.Refused
	}
	return ""
}
