package main

type sandboxGroup struct {
	Cards cardNetworkGroup `cmd:"" help:"Play the card network."`
}

type cardNetworkGroup struct {
	Authorize    swipeCard   `cmd:"" api:"POST /v1/sandbox/cards/{id}/authorize" columns:"approved,code,network_code,reason,authorization.id,authorization.status,authorization.amount,authorization.currency" help:"Swipe a card."`
	Capture      capture     `cmd:"" api:"POST /v1/sandbox/cards/{id}/capture" columns:"id,type,amount,currency,authorization,code" help:"Book what the merchant takes."`
	Reverse      posting     `cmd:"" api:"POST /v1/sandbox/cards/{id}/reverse" columns:"id,type,amount,currency,authorization,code" help:"Give back what is held."`
	Refund       posting     `cmd:"" api:"POST /v1/sandbox/cards/{id}/refund" columns:"id,type,amount,currency,authorization,code" help:"Book what the merchant gives back."`
	Expire       ending      `cmd:"" api:"POST /v1/sandbox/cards/{id}/expire" columns:"id,type,amount,currency,authorization,code" help:"Let a swipe run out."`
	ForcePost    forcePost   `cmd:"" name:"force-post" api:"POST /v1/sandbox/cards/{id}/force-post" columns:"id,type,amount,currency,authorization,code" help:"Book what nobody was asked for."`
	Dispute      posting     `cmd:"" api:"POST /v1/sandbox/cards/{id}/dispute" columns:"id,type,amount,currency,authorization,code" help:"Open a dispute."`
	CloseDispute disputeDone `cmd:"" name:"close-dispute" api:"POST /v1/sandbox/cards/{id}/dispute/close" columns:"id,type,amount,currency,authorization,code" help:"Close a dispute."`
}

// networkMessage is what every message of the network has.
type networkMessage struct {
	NetworkID string `json:"network_id,omitempty" help:"The network's id: the same one again does nothing." placeholder:"ID"`
}

type swipe struct {
	ID       string   `arg:"" json:"-" help:"The card's id."`
	Amount   string   `arg:"" json:"amount" help:"In major units."`
	Currency string   `json:"currency,omitempty" help:"ISO 4217; the card's without it."`
	Merchant merchant `embed:"" json:"merchant"`
	networkMessage
}

type swipeCard struct{ swipe }

// Run swipes, and ends with the exit status of an authorization.
func (c swipeCard) Run(a *app) error {
	answer, err := a.ask(a.request(c.ID, nil, c))
	if err != nil {
		return err
	}
	var told struct {
		Approved      bool      `json:"approved"`
		Authorization *decision `json:"authorization"`
	}
	if err := answer.Decode(&told); err != nil {
		return err
	}
	if err := a.print(answer); err != nil {
		return err
	}
	switch {
	case told.Approved:
		return nil
	case told.Authorization != nil && told.Authorization.Status == "held":
		return outcome(exitHeld)
	default:
		return outcome(exitDenied)
	}
}

type forcePost struct{ swipe }

// Run calls the endpoint.
func (c forcePost) Run(a *app) error { return a.do(c.ID, nil, c) }

type posting struct {
	ID            string `arg:"" json:"-" help:"The card's id."`
	Authorization string `arg:"" json:"authorization" help:"The authorization's id."`
	Amount        string `json:"amount,omitempty" help:"In major units; all of it without one."`
	networkMessage
}

// Run calls the endpoint.
func (c posting) Run(a *app) error { return a.do(c.ID, nil, c) }

type capture struct {
	posting
	Final bool `json:"final,omitempty" help:"No other capture follows: the rest of the hold is given back."`
}

// Run calls the endpoint.
func (c capture) Run(a *app) error { return a.do(c.ID, nil, c) }

type ending struct {
	ID            string `arg:"" json:"-" help:"The card's id."`
	Authorization string `arg:"" json:"authorization" help:"The authorization's id."`
	networkMessage
}

// Run calls the endpoint.
func (c ending) Run(a *app) error { return a.do(c.ID, nil, c) }

type disputeDone struct {
	ID            string `arg:"" json:"-" help:"The card's id."`
	Authorization string `arg:"" json:"authorization" help:"The authorization's id."`
	Won           bool   `json:"won" help:"The money comes back."`
	networkMessage
}

// Run calls the endpoint.
func (c disputeDone) Run(a *app) error { return a.do(c.ID, nil, c) }
