package web

import (
	"context"
	"net/http"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/getpurser/purser/internal/audit"
	"github.com/getpurser/purser/internal/ident"
	"github.com/getpurser/purser/internal/ledger"
)

// booked pays money into the company's wallet and gives the transaction's id.
func (f *firm) booked(live bool) string {
	f.t.Helper()
	company, _ := ident.Parse(ident.Company, f.id)
	var id string
	f.must(f.pool.InTx(f.t.Context(), func(ctx context.Context, tx pgx.Tx) error {
		x, err := ledger.Post(ctx, tx, ident.Tenant{Company: company, Live: live}, audit.System(), ledger.Posting{Key: ident.New().String(), Kind: "funded",
			Entries: ledger.Move(ledger.Ref{Kind: ledger.Funding, Currency: "usd"}, ledger.WalletOf(uuid.Nil, "usd"), 12_300)})
		id = ident.Format(ident.Transaction, x.ID)
		return err
	}))
	return id
}

func TestLedgerOfTestMode(t *testing.T) {
	t.Parallel()
	f := newFirm(t)
	begun := f.owner.open("/test/ledger").want(http.StatusOK)
	if got := begun.text("main"); !strings.Contains(got, "Debits equal credits in every currency.") || !strings.Contains(got, "Test money to begin with") {
		t.Errorf("%s", got)
	}
	f.owner.open("/test/wallets").submit("#top-up", "amount", "250.50", "currency", "EUR").want(http.StatusSeeOther)
	after := f.owner.open("/test/ledger")
	one := f.owner.open(attribute(after.find("ul[aria-label=Transactions] a"), "href")).want(http.StatusOK)
	if got := one.text("table"); !strings.Contains(got, "Wallet EUR 250.50 –") || !strings.Contains(got, "Sandbox EUR – 250.50") {
		t.Errorf("%q", got)
	}
}

func TestLedgerOfLiveMode(t *testing.T) {
	t.Parallel()
	f := newFirm(t)
	f.owner.open("/ledger").want(http.StatusOK)
	id := f.booked(true)
	f.viewer.open("/ledger/" + id).want(http.StatusOK)
	f.viewer.get("/test/ledger/" + id).want(http.StatusNotFound)
	f.outsider.get("/ledger/" + id).want(http.StatusNotFound)
	f.viewer.get("/ledger/txn_nothing").want(http.StatusNotFound)
	f.viewer.get("/ledger?before=nothing").want(http.StatusNotFound)
}

// TestLedgerGoesOn reads page after page.
func TestLedgerGoesOn(t *testing.T) {
	t.Parallel()
	f := newFirm(t)
	for range pageRows + 2 {
		f.booked(true)
	}
	first := f.viewer.open("/ledger")
	second := f.viewer.open(attribute(first.find("a[rel=next]"), "href")).want(http.StatusOK)
	if a, b := len(first.all("ul[aria-label=Transactions] li")), len(second.all("ul[aria-label=Transactions] li")); a != pageRows || b != 2 || second.text("main") == "" || strings.Contains(second.text("main"), "Trial balance") {
		t.Errorf("%d, then %d", a, b)
	}
}
