package main

type providersGroup struct {
	List       whole         `cmd:"" api:"GET /v1/card-providers" columns:"provider,mode,connected,ready,account,key_ending,trouble" help:"Those that the server knows, connected or not."`
	Connect    connectStripe `cmd:"" api:"PUT /v1/card-providers/stripe" columns:"provider,mode,ready,trouble,id,account,key_ending,cardholder,webhook_url" help:"Connect the company's account at Stripe Issuing, by a restricted key."`
	Disconnect whole         `cmd:"" api:"DELETE /v1/card-providers/stripe" columns:"provider,mode,connected" help:"Forget the key. Its cards must be canceled."`
}

// connectStripe takes its secrets from the environment too, where others do not
// see them.
type connectStripe struct {
	Key           string           `json:"secret_key" required:"" env:"STRIPE_SECRET_KEY" help:"The key: rk_live_ or rk_test_ and what follows. Better set in the environment." placeholder:"KEY"`
	WebhookSecret string           `json:"webhook_secret,omitempty" env:"STRIPE_WEBHOOK_SECRET" help:"The signing secret of a webhook that was made by hand." placeholder:"SECRET"`
	CardholderID  string           `json:"cardholder_id,omitempty" help:"Who the cards are issued to, if Stripe has the cardholder already." placeholder:"ID"`
	Cardholder    stripeCardholder `json:"-" embed:""`
}

// stripeCardholder is what a new cardholder is made of.
type stripeCardholder struct {
	Name       string `json:"name,omitempty" help:"Printed on the cards."`
	Email      string `json:"email,omitempty" help:"The company's."`
	Phone      string `json:"phone,omitempty" help:"The company's; cards in eur and gbp need one."`
	Line1      string `json:"-" help:"The company's address."`
	Line2      string `json:"-" help:"More of it."`
	City       string `json:"-" help:"More of it."`
	State      string `json:"-" help:"More of it."`
	PostalCode string `json:"-" help:"More of it."`
	Country    string `json:"-" help:"More of it: two letters."`
}

func (h stripeCardholder) body() any {
	type address struct {
		Line1      string `json:"line1"`
		Line2      string `json:"line2,omitempty"`
		City       string `json:"city"`
		State      string `json:"state,omitempty"`
		PostalCode string `json:"postal_code"`
		Country    string `json:"country"`
	}
	out := struct {
		stripeCardholder
		Address *address `json:"address,omitempty"`
	}{stripeCardholder: h}
	if h.Line1 != "" {
		out.Address = &address{h.Line1, h.Line2, h.City, h.State, h.PostalCode, h.Country}
	}
	return out
}

// Run calls the endpoint.
func (c connectStripe) Run(a *app) error {
	body := struct {
		connectStripe
		Cardholder any `json:"cardholder,omitempty"`
	}{connectStripe: c}
	if c.Cardholder != (stripeCardholder{}) {
		body.Cardholder = c.Cardholder.body()
	}
	return a.do("", nil, body)
}
