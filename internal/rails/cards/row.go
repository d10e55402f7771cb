package cards

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/getpurser/purser/internal/db"
	"github.com/getpurser/purser/internal/ident"
	"github.com/getpurser/purser/internal/money"
	"github.com/getpurser/purser/internal/spend"
)

func cardOf(r db.Card, balance, held int64) (Card, error) {
	c := Card{Tenant: ident.Tenant{Company: r.CompanyID, Live: r.Live}, ID: r.CardID, Agent: r.AgentID, Name: r.Name,
		Provider: r.Provider, ProviderRef: r.ProviderRef, Currency: money.Currency(r.Currency), Status: Status(r.Status),
		Last4: r.Last4, ExpMonth: int(r.ExpMonth), ExpYear: int(r.ExpYear), SingleUse: r.SingleUse, Wallet: r.WalletOwner,
		Balance: balance, Held: held, CreatedAt: r.CreatedAt, FrozenAt: orZero(r.FrozenAt), CanceledAt: orZero(r.CanceledAt), UsedAt: orZero(r.UsedAt)}
	if err := json.Unmarshal(r.Metadata, &c.Metadata); err != nil {
		return Card{}, fmt.Errorf("metadata of card %s: %w", r.CardID, err)
	}
	if err := json.Unmarshal(r.Controls, &c.Controls); err != nil {
		return Card{}, fmt.Errorf("controls of card %s: %w", r.CardID, err)
	}
	return c, nil
}

func cardsOf(rows []db.CardListRow) ([]Card, error) {
	out := make([]Card, len(rows))
	for i, r := range rows {
		var err error
		if out[i], err = cardOf(r.Card, r.Balance, r.Held); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func transactionOf(r db.CardTransaction, c money.Currency) Transaction {
	return Transaction{ID: r.TransactionID, Card: r.CardID, Type: Type(r.Type), NetworkID: r.NetworkID,
		Authorization: orZero(r.AuthorizationID), Follows: orZero(r.Follows), Amount: money.Of(r.Amount, c), Above: money.Of(r.Above, c),
		Merchant: r.Merchant, Code: r.Code, NetworkCode: r.NetworkCode, Reason: r.Reason, Ledger: orZero(r.LedgerID), CreatedAt: r.CreatedAt}
}

// toRow is a transaction about an authorization of the gate, which counts in the
// windows of an instant.
func (x Transaction) toRow(t ident.Tenant, a *spend.Authorization, counted time.Time) db.CardTransactionInsertParams {
	return db.CardTransactionInsertParams{CompanyID: t.Company, Live: t.Live, TransactionID: x.ID, CardID: x.Card, Type: string(x.Type),
		NetworkID: x.NetworkID, AuthorizationID: orNil(x.Authorization), Follows: orNil(x.Follows), Amount: x.Amount.Minor, Above: x.Above.Minor,
		CountedAt: counted, Merchant: x.Merchant, MerchantKey: a.MerchantKey, Code: x.Code, NetworkCode: x.NetworkCode, Reason: x.Reason,
		LedgerID: orNil(x.Ledger)}
}

func orZero[T any](p *T) (zero T) {
	if p == nil {
		return zero
	}
	return *p
}

func orNil[T comparable](v T) *T {
	var zero T
	if v == zero {
		return nil
	}
	return &v
}

// rulesJSON is how controls are kept: [] without any.
func rulesJSON(c Controls) (json.RawMessage, error) {
	if len(c) == 0 {
		return json.RawMessage("[]"), nil
	}
	return json.Marshal(c)
}

// metadataJSON is {} without any.
func metadataJSON(m map[string]string) (json.RawMessage, error) {
	if len(m) == 0 {
		return json.RawMessage("{}"), nil
	}
	return json.Marshal(m)
}
