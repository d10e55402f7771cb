package demo

import (
	"context"
	"fmt"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/getpurser/purser/internal/audit"
	"github.com/getpurser/purser/internal/company"
	"github.com/getpurser/purser/internal/db"
	"github.com/getpurser/purser/internal/ident"
	"github.com/getpurser/purser/internal/money"
	"github.com/getpurser/purser/internal/policy"
	"github.com/getpurser/purser/internal/postgres"
	"github.com/getpurser/purser/internal/rails/cards"
)

// plastic is a card of the demo company in test mode, and what is done with it.
type plastic struct {
	name, agent, amount string
	currency            money.Currency
	single, frozen      bool
	controls            string
	swipes              []swipe
}

// swipe is one purchase: what it is for, and what the network does then. Empty
// is nothing of that.
type swipe struct {
	amount            string
	at                policy.Merchant
	captures, refunds string
}

var (
	railways = policy.Merchant{Name: "Deutsche Bahn", MCC: "4112", Country: "DE", Domain: "bahn.de"}
	hotel    = policy.Merchant{Name: "Hotel Adler", MCC: "7011", Country: "DE"}
	airline  = policy.Merchant{Name: "Lufthansa", MCC: "3008", Country: "DE", Domain: "lufthansa.com"}
	casino   = policy.Merchant{Name: "Lucky Casino", MCC: "7995", Country: "MT"}
	amazon   = policy.Merchant{Name: "AWS", MCC: "7372", Country: "US", Domain: "aws.amazon.com"}
	droplets = policy.Merchant{Name: "DigitalOcean", MCC: "7372", Country: "US", Domain: "digitalocean.com"}
	fonts    = policy.Merchant{Name: "Typefoundry", MCC: "5734", Country: "GB"}
)

var wallet = []plastic{
	{name: "Trains and hotels", agent: travel, amount: "900.00", currency: "eur", controls: `[{"type":"limit","period":"day","amount":600},{"type":"country","mode":"allow","values":["DE","AT","CH"]}]`,
		swipes: []swipe{{"128.40", railways, "128.40", ""}, {"310.00", hotel, "324.50", "40.00"}, {"60.00", casino, "", ""}, {"96.20", railways, "", ""}}},
	{name: "AWS only", agent: cloud, amount: "500.00", currency: "usd", controls: `[{"type":"merchant","mode":"allow","values":["AWS","aws.amazon.com"]}]`,
		swipes: []swipe{{"84.12", amazon, "84.12", ""}, {"20.00", droplets, "", ""}}},
	{name: "Spring conference", agent: travel, amount: "4000.00", currency: "usd", swipes: []swipe{{"3200.00", airline, "", ""}}},
	{name: "One font licence", agent: cloud, amount: "60.00", currency: "gbp", single: true, swipes: []swipe{{"48.00", fonts, "48.00", ""}}},
	{name: "Spare", agent: travel, amount: "150.00", currency: "eur", frozen: true},
}

// Cards gives the demo company its cards in test mode, with a few purchases of
// today, unless it has cards already. The gate behind the rail has to run.
func Cards(ctx context.Context, pool *postgres.Pool, companies *company.Service, rail *cards.Service) error {
	t := ident.Tenant{Company: companyID}
	there, err := rail.List(ctx, t, cards.Filter{}, cards.Page{Limit: 1})
	if err != nil || len(there) > 0 {
		return err
	}
	owner, err := db.New(pool).DemoOwner(ctx, companyID)
	if err != nil {
		return err
	}
	by := audit.Member(owner, ident.Format("req", ident.New()))
	for _, p := range wallet {
		agent, err := companies.Agent(ctx, t, p.agent)
		if err != nil {
			return err
		}
		if err := p.play(ctx, pool, rail, by, t, agent.ID); err != nil {
			return fmt.Errorf("the demo's card %q: %w", p.name, err)
		}
	}
	return nil
}

// play makes the card and does with it what the story says.
func (p plastic) play(ctx context.Context, pool *postgres.Pool, rail *cards.Service, by audit.Actor, t ident.Tenant, agent uuid.UUID) error {
	draft, err := p.draft(agent)
	if err != nil {
		return err
	}
	var c cards.Card
	err = pool.InTx(ctx, func(ctx context.Context, tx pgx.Tx) (err error) {
		if c, _, err = rail.Create(ctx, tx, t, by, draft); err == nil && p.frozen {
			_, err = rail.Freeze(ctx, tx, t, by, c.ID)
		}
		return err
	})
	for i, s := range p.swipes {
		if err == nil {
			err = s.play(ctx, rail, c, fmt.Sprintf("demo-%d", i+1))
		}
	}
	return err
}

func (p plastic) draft(agent uuid.UUID) (d cards.Draft, err error) {
	d = cards.Draft{ID: ident.New(), Agent: agent, Name: p.name, SingleUse: p.single}
	if d.Amount, err = money.Parse(p.amount, p.currency); err == nil && p.controls != "" {
		d.Controls, err = cards.ParseControls([]byte(p.controls), p.currency)
	}
	return d, err
}

// play swipes, and has the network capture and refund.
func (s swipe) play(ctx context.Context, rail *cards.Service, c cards.Card, networkID string) error {
	amount, err := money.Parse(s.amount, c.Currency)
	if err != nil {
		return err
	}
	verdict, err := rail.Authorize(ctx, c.Tenant, c.ID, cards.Swipe{NetworkID: networkID, Amount: amount, Merchant: s.at})
	if err != nil || !verdict.Approved {
		return err
	}
	posting := cards.NetworkPosting{NetworkID: networkID + "-capture", Authorization: verdict.Authorization.ID, Final: true}
	for _, then := range []struct {
		amount string
		do     func(context.Context, ident.Tenant, uuid.UUID, cards.NetworkPosting) (cards.Transaction, error)
	}{{s.captures, rail.Capture}, {s.refunds, rail.Refund}} {
		if then.amount != "" {
			moved, err := money.Parse(then.amount, c.Currency)
			if err != nil {
				return err
			}
			posting.Amount = moved.Minor
			if _, err := then.do(ctx, c.Tenant, c.ID, posting); err != nil {
				return err
			}
		}
		posting.NetworkID = networkID + "-refund"
	}
	return nil
}
