package api

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/getpurser/purser/internal/ident"
	"github.com/getpurser/purser/internal/rails/cards"
)

// outsideIssuer is a provider that live mode has once it is connected.
type outsideIssuer struct{ connected atomic.Bool }

func (o *outsideIssuer) find(_ context.Context, _ pgx.Tx, t ident.Tenant, _ string) (cards.Issuer, error) {
	if t.Live && o.connected.Load() {
		return o, nil
	}
	return nil, nil
}

// Name is kept with its cards.
func (*outsideIssuer) Name() string { return "outside" }

// Issue makes cards that all end the same.
func (*outsideIssuer) Issue(_ context.Context, c cards.NewCard) (cards.Issued, error) {
	return cards.Issued{Ref: c.ID.String(), Last4: "4242", ExpMonth: 12, ExpYear: c.At.Year() + 3}, nil
}

// SetStatus does nothing.
func (*outsideIssuer) SetStatus(context.Context, string, cards.Status) error { return nil }

// SetControls does nothing.
func (*outsideIssuer) SetControls(context.Context, string, cards.Controls) error { return nil }

// Reveal shows the number that all have.
func (*outsideIssuer) Reveal(context.Context, string) (cards.Secret, error) {
	return cards.Secret{PAN: "4242424242424242", CVV: "123", ExpMonth: 12, ExpYear: 2031}, nil
}

// Statement is empty.
func (*outsideIssuer) Statement(context.Context, time.Time, time.Time) ([]cards.Line, error) {
	return nil, nil
}
