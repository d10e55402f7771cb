package messages

import (
	"context"
	"time"

	"github.com/getpurser/purser/internal/db"
	"github.com/getpurser/purser/internal/ident"
	"github.com/getpurser/purser/internal/notify/mail"
)

// State is how delivery goes in a mode. It names nobody.
type State struct {
	// Fresh wait for their first attempt, Again for another one, and Failed
	// were given up.
	Fresh, Again, Failed int64
	// Troubled are the newest that did not arrive.
	Troubled []Undelivered
}

// Undelivered is a message that did not arrive yet, or never will.
type Undelivered struct {
	Kind    Kind
	Channel string // mail or slack
	// Trouble is why the last attempt failed: see mail.Trouble.
	Trouble   string
	Attempts  int
	GivenUp   bool
	CreatedAt time.Time
	TriedAt   time.Time
}

// Why says in words why the last attempt failed.
func (u Undelivered) Why() string {
	switch u.Trouble {
	case mail.Unreachable:
		return "the server could not be reached"
	case mail.TooSlow:
		return "the server took too long"
	case mail.Deferred:
		return "the server asks to come again later"
	case mail.Refused:
		return "the server refused it"
	case addressRefused:
		return "the address is not public"
	}
	return "it failed"
}

const mostTroubled = 20

// State tells how delivery goes.
func (s *Service) State(ctx context.Context, t ident.Tenant) (State, error) {
	q := db.New(s.Pool)
	row, err := q.MessagesOpen(ctx, t.Company, t.Live)
	if err != nil {
		return State{}, err
	}
	rows, err := q.MessagesTroubled(ctx, t.Company, t.Live, mostTroubled)
	out := State{Fresh: row.Fresh, Again: row.Again, Failed: row.Failed}
	for _, r := range rows {
		out.Troubled = append(out.Troubled, Undelivered{Kind: Kind(r.Kind), Channel: r.Channel, Trouble: r.Trouble, Attempts: int(r.Attempts),
			GivenUp: r.State == failed, CreatedAt: r.CreatedAt, TriedAt: r.UpdatedAt})
	}
	return out, err
}
