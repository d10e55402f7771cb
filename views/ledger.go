package views

import (
	"slices"
	"strings"

	"github.com/google/uuid"

	"github.com/getpurser/purser/internal/ident"
	"github.com/getpurser/purser/internal/ledger"
	"github.com/getpurser/purser/internal/money"
)

// LedgerPage is the books under the wallets.
type LedgerPage struct {
	Trial        []ledger.TrialRow
	Transactions []ledger.Transaction
	// Next leads to older transactions; empty on the last page.
	Next string
	// Older says that this is not the first page, which alone has the rest.
	Older bool
	// Account is what the transactions are narrowed to; nil is all of them.
	Account *ledger.Account
}

// LedgerTransactionPage is one transaction.
type LedgerTransactionPage struct {
	ledger.Transaction
	Handles map[uuid.UUID]string
}

// accountName says what an account is for.
func accountName(k ledger.Kind) string {
	if k == "" {
		return ""
	}
	return strings.ToUpper(string(k[:1])) + string(k[1:])
}

// postingName says what a transaction did.
func postingName(kind string) string {
	if name := map[string]string{
		"sandbox.opened": "Test money to begin with", "sandbox.topped_up": "Test money added", "wallet.moved": "Moved between wallets", "card.loaded": "Loaded on a card", "card.unloaded": "Back from a card",
		"wallet.funded": "Paid in", "wallet.funding_reversed": "Taken back by its payer", "shortfall.repaid": "Went to what is owed",
		"captured": "Captured", "refunded": "Refunded", "hold.placed": "Money set aside",
		"hold.captured": "Held money captured", "hold.released": "Held money released", "reversed": "Taken back", "exchanged": "Exchanged",
	}[kind]; name != "" {
		return name
	}
	return accountName(ledger.Kind(strings.NewReplacer(".", " ", "_", " ").Replace(kind)))
}

// moved are the debits of a transaction, in each of its currencies.
func moved(x ledger.Transaction) (out []money.Amount) {
	for _, l := range x.Lines {
		i := slices.IndexFunc(out, func(a money.Amount) bool { return a.Currency == l.Currency })
		if i < 0 {
			i, out = len(out), append(out, money.Of(0, l.Currency))
		}
		out[i].Minor += max(l.Amount, 0)
	}
	return out
}

// trialOf are the rows of one currency.
func trialOf(rows []ledger.TrialRow, c money.Currency) (out []ledger.TrialRow) {
	for _, r := range rows {
		if r.Debits.Currency == c {
			out = append(out, r)
		}
	}
	return out
}

func balanced(rows []ledger.TrialRow) bool {
	for _, t := range ledger.Totals(rows) {
		if t.Debits != t.Credits {
			return false
		}
	}
	return true
}

// grouped is an amount without its currency, which the table names; nothing
// where it is zero.
func grouped(a money.Amount) string {
	if a.Minor == 0 {
		return "–"
	}
	return strings.TrimSuffix(a.String(), " "+a.Currency.Upper())
}

func debitOf(l ledger.Line) money.Amount  { return money.Of(max(l.Amount, 0), l.Currency) }
func creditOf(l ledger.Line) money.Amount { return money.Of(max(-l.Amount, 0), l.Currency) }

func transactionPath(id uuid.UUID) string { return "/ledger/" + ident.Format(ident.Transaction, id) }
