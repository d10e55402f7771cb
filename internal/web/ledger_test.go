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
	for c, want := range map[string]string{"usd": "10,000.00 USD", "eur": "10,000.00 EUR", "gbp": "10,000.00 GBP"} {
		if got := begun.text("[data-wallet=" + c + "]"); !strings.Contains(got, want) {
			t.Errorf("%s: %q", c, got)
		}
	}
	if got := begun.text("main"); !strings.Contains(got, "Debits equal credits in every currency.") || !strings.Contains(got, "Test money to begin with") {
		t.Errorf("%s", got)
	}
	begun.submit("#top-up", "amount", "1.005", "currency", "usd").want(http.StatusUnprocessableEntity)
	wrong := begun.submit("#top-up", "amount", "twelve", "currency", "zzz").want(http.StatusUnprocessableEntity)
	if attribute(wrong.find("#field-amount"), "value") != "twelve" || !strings.Contains(wrong.text("#field-currency-error"), "not a currency") {
		t.Errorf("the form: %s", wrong.text("#top-up"))
	}
	begun.submit("#top-up", "amount", "250.50", "currency", "EUR").want(http.StatusSeeOther)
	after := f.owner.open("/test/ledger")
	if !strings.Contains(after.text("[role=status]"), "250.50 EUR of test money are in the wallet.") || !strings.Contains(after.text("[data-wallet=eur]"), "10,250.50 EUR") {
		t.Errorf("%s", brief(after))
	}
	one := f.owner.open(attribute(after.find("ul[aria-label=Transactions] a"), "href")).want(http.StatusOK)
	if got := one.text("table"); !strings.Contains(got, "Wallet EUR 250.50 –") || !strings.Contains(got, "Sandbox EUR – 250.50") {
		t.Errorf("%q", got)
	}
	if seen := f.viewer.open("/test/ledger").want(http.StatusOK); seen.has("#top-up") {
		t.Error("a viewer is shown the form")
	}
	f.viewer.post("/test/ledger/top-ups", "amount", "5", "currency", "usd").want(http.StatusForbidden)
}

func TestLedgerOfLiveMode(t *testing.T) {
	t.Parallel()
	f := newFirm(t)
	empty := f.owner.open("/ledger").want(http.StatusOK)
	if empty.has("#top-up") || !strings.Contains(empty.text("main"), "none is connected") {
		t.Errorf("%s", brief(empty))
	}
	f.owner.post("/ledger/top-ups", "amount", "5", "currency", "usd").want(http.StatusConflict)
	id := f.booked(true)
	if got := f.viewer.open("/ledger").text("[data-wallet=usd]"); !strings.Contains(got, "123.00 USD") {
		t.Errorf("%q", got)
	}
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
	if a, b := len(first.all("ul[aria-label=Transactions] li")), len(second.all("ul[aria-label=Transactions] li")); a != pageRows || b != 2 || second.has("[data-wallet]") {
		t.Errorf("%d, then %d", a, b)
	}
}
