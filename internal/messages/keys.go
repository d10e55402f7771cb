package messages

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/getpurser/purser/internal/audit/proof"
	"github.com/getpurser/purser/internal/db"
	"github.com/getpurser/purser/internal/ident"
	"github.com/getpurser/purser/internal/notify/mail"
)

// keyFact is what a key's mail is made of.
type keyFact struct {
	Type  string    `json:"type"`
	Key   string    `json:"key"`
	Actor string    `json:"actor"`
	At    time.Time `json:"at"`
}

// keyChanged tells that a key was made or revoked. The mail names it as it is
// called when the mail is written.
func (s *Service) keyChanged(ctx context.Context, tx pgx.Tx, t ident.Tenant, e proof.Record) error {
	q := db.New(tx)
	now, err := q.DatabaseClock(ctx)
	if err != nil || now.Sub(e.At) > stale {
		return err
	}
	to, err := s.interested(ctx, q, t, Key)
	if err != nil {
		return err
	}
	return s.mail(ctx, tx, t, draft{kind: Key, about: e.ID, to: to, data: keyFact{e.Type, e.Subject, e.Actor, e.At}})
}

var keyVerbs = map[string]string{"key.created": "was made", "key.rerolled": "was replaced", "key.revoked": "was revoked"}

func (s *Service) keyLetter(ctx context.Context, m message) (l mail.Letter, due bool, err error) {
	var f keyFact
	if err := m.read(&f); err != nil {
		return l, false, err
	}
	names, err := s.Access.ActorNames(ctx, m.Tenant, []string{f.Key, f.Actor})
	if err != nil {
		return l, false, err
	}
	named := func(id string) string {
		if names[id] == "" {
			return id
		}
		return spelled(names[id]) + " (" + id + ")"
	}
	c, err := s.Companies.Get(ctx, m.Tenant)
	if err != nil {
		return l, false, err
	}
	name := names[f.Key]
	if name == "" {
		name = f.Key
	}
	l = mail.Letter{Subject: "The API key " + spelled(name) + " " + keyVerbs[f.Type], Link: s.at(m.Tenant, "/settings/keys"), Button: "Look at the keys",
		Facts: []mail.Fact{{Name: "Key", Value: named(f.Key)}, {Name: "By", Value: named(f.Actor)}, {Name: "When", Value: f.At.UTC().Format("2 January 2006, 15:04 UTC")},
			{Name: "Company", Value: spelled(c.Name)}, {Name: "Mode", Value: m.Tenant.Mode()}}}
	l.Lines = []string{l.Subject + ". If that is not right, look at once: who holds a key can use it."}
	return l, true, nil
}
