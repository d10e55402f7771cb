package cards

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/getpurser/purser/internal/db"
	"github.com/getpurser/purser/internal/fault"
	"github.com/getpurser/purser/internal/ident"
	"github.com/getpurser/purser/internal/money"
	"github.com/getpurser/purser/internal/vault"
)

// SandboxName is the provider of test cards.
const SandboxName = "sandbox"

// sandboxYears is how long a test card is valid.
const sandboxYears = 3

// sandbox is the issuer that test mode has: its network is
// /v1/sandbox/cards, and its numbers are of no network. It works in the
// caller's transaction.
type sandbox struct {
	vault  *vault.Vault
	tx     pgx.Tx
	tenant ident.Tenant
}

func (sandbox) Name() string { return SandboxName }

// boundTo names what a number is sealed for.
func boundTo(t ident.Tenant, ref string) string {
	return t.Company.String() + " " + t.Mode() + " " + ref
}

// numberTries bounds the search for a number that nobody has: one in 10^11.
const numberTries = 5

func (b sandbox) Issue(ctx context.Context, c NewCard) (Issued, error) {
	for range numberTries {
		number, err := vault.NewNumber()
		if err != nil {
			return Issued{}, err
		}
		ref := ident.FormatCard(string(c.Currency), c.ID)
		sealed, err := b.vault.Seal(ctx, number, boundTo(b.tenant, ref))
		if err != nil {
			return Issued{}, err
		}
		month, year := int(c.At.UTC().Month()), c.At.UTC().Year()+sandboxYears
		n, err := db.New(b.tx).CardNumberInsert(ctx, db.CardNumberInsertParams{Lookup: b.vault.Lookup(number), CompanyID: b.tenant.Company,
			Live: b.tenant.Live, CardID: c.ID, Sealed: sealed, ExpMonth: int32(month), ExpYear: int32(year)})
		if err != nil {
			return Issued{}, err
		}
		if n == 1 {
			return Issued{Ref: ref, Last4: number[len(number)-4:], ExpMonth: month, ExpYear: year,
				Secret: &Secret{number, b.vault.Code(number, month, year), month, year}}, nil
		}
	}
	return Issued{}, errors.New("cards: no card number is free")
}

// SetStatus and SetControls have nothing to do: the sandbox asks here for every
// swipe, and keeps nothing of a card but its number.
func (sandbox) SetStatus(context.Context, string, Status) error     { return nil }
func (sandbox) SetControls(context.Context, string, Controls) error { return nil }

func (b sandbox) Reveal(ctx context.Context, ref string) (Secret, error) {
	id, _, _ := ident.ParseCard(ref)
	row, err := db.New(b.tx).CardNumberOf(ctx, b.tenant.Company, b.tenant.Live, id)
	if err != nil {
		return Secret{}, missing(err)
	}
	number, err := b.vault.Open(ctx, row.Sealed, boundTo(b.tenant, ref))
	if err != nil {
		return Secret{}, fault.New(fault.Unavailable, "number_unreadable", "The card's number was kept under another key, which this server does not have.").Because(err)
	}
	month, year := int(row.ExpMonth), int(row.ExpYear)
	return Secret{number, b.vault.Code(number, month, year), month, year}, nil
}

// Statement lists what the sandbox's network has moved.
func (b sandbox) Statement(ctx context.Context, from, to time.Time) ([]Line, error) {
	rows, err := db.New(b.tx).CardStatement(ctx, db.CardStatementParams{CompanyID: b.tenant.Company, Live: b.tenant.Live,
		Provider: SandboxName, FromAt: from, ToAt: to})
	out := make([]Line, len(rows))
	for i, r := range rows {
		out[i] = Line{r.ProviderRef, r.NetworkID, Type(r.Type), money.Of(r.Amount, money.Currency(r.Currency)), r.CreatedAt}
	}
	return out, err
}
