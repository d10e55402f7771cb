package cards

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/getpurser/purser/internal/company"
	"github.com/getpurser/purser/internal/db"
	"github.com/getpurser/purser/internal/fault"
	"github.com/getpurser/purser/internal/ident"
)

// How often numbers may be looked at: of one card, and of all of one side of a
// company. Beyond it a reveal is refused until the oldest that counts is past.
const (
	RevealsOfCard = 5
	cardWindow    = 10 * time.Minute
	RevealsOfAll  = 30
	allWindow     = time.Hour
)

// maxReason bounds a reveal's reason, in characters.
const maxReason = 500

// Reveal shows a card's number and code, and records by whom and why. It has a
// transaction of its own, because a refusal is recorded too. Errors: not_found,
// card_canceled (409), a missing reason (422, at reason), reveal_limited (429),
// provider_unavailable (503).
func (s *Service) Reveal(ctx context.Context, t ident.Tenant, by Actor, id uuid.UUID, reason string) (Card, Secret, error) {
	reason, err := company.Text("reason", reason, 1, maxReason)
	if err != nil {
		return Card{}, Secret{}, err
	}
	var c Card
	var secret Secret
	var refusal error
	err = s.config.Pool.InTx(ctx, func(ctx context.Context, tx pgx.Tx) (err error) {
		c, secret, refusal, err = s.reveal(ctx, tx, t, by, id, reason)
		return err
	})
	if err == nil {
		err = refusal
	}
	if err != nil {
		return Card{}, Secret{}, err
	}
	return c, secret, nil
}

// reveal gives a refusal apart from errors: it commits.
func (s *Service) reveal(ctx context.Context, tx pgx.Tx, t ident.Tenant, by Actor, id uuid.UUID, reason string) (c Card, secret Secret, refusal, err error) {
	if c, err = s.movable(ctx, tx, t, id); err != nil {
		return c, secret, nil, err
	}
	q := db.New(tx)
	if err := q.CardRevealTurn(ctx, revealTurn(t)); err != nil {
		return c, secret, nil, err
	}
	n, err := q.CardRevealCounts(ctx, db.CardRevealCountsParams{CompanyID: t.Company, Live: t.Live, CardID: id,
		CardSeconds: int32(cardWindow.Seconds()), AllSeconds: int32(allWindow.Seconds())})
	if err != nil {
		return c, secret, nil, err
	}
	if refusal = revealLimit(n); refusal != nil {
		return c, secret, refusal, c.tell(ctx, tx, by, "card.reveal_refused", map[string]any{"reason": reason, "code": "reveal_limited"})
	}
	err = s.inform(ctx, tx, c, issuerPatience, func(ctx context.Context, i Issuer) (err error) {
		secret, err = i.Reveal(ctx, c.ProviderRef)
		return err
	})
	if err != nil {
		return c, secret, nil, err
	}
	if err := q.CardRevealInsert(ctx, db.CardRevealInsertParams{CompanyID: t.Company, Live: t.Live, RevealID: ident.New(), CardID: id,
		RevealedBy: by.String(), Reason: reason}); err != nil {
		return c, secret, nil, err
	}
	return c, secret, nil, c.tell(ctx, tx, by, "card.revealed", map[string]any{"reason": reason})
}

// revealLimit refuses when there were enough.
func revealLimit(n db.CardRevealCountsRow) error {
	var until time.Time
	if n.OfCard >= RevealsOfCard {
		until = n.CardSince.Add(cardWindow)
	}
	if end := n.AllSince.Add(allWindow); n.OfAll >= RevealsOfAll && end.After(until) {
		until = end
	}
	if until.IsZero() {
		return nil
	}
	return fault.New(fault.RateLimited, "reveal_limited", "Card numbers were looked at too often: %d times for one card in %d minutes, and %d times altogether in an hour, is the most.",
		RevealsOfCard, int(cardWindow.Minutes()), RevealsOfAll).After(max(time.Second, until.Sub(n.Now)))
}

// revealTurn is the advisory lock of one side of a company.
func revealTurn(t ident.Tenant) int64 {
	sum := sha256.Sum256([]byte("card reveals " + t.Company.String() + " " + t.Mode()))
	return int64(binary.BigEndian.Uint64(sum[:8]))
}
