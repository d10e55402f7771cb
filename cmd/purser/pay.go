package main

import (
	"fmt"
	"math/big"
	"strconv"
	"strings"

	"github.com/getpurser/purser/internal/money"
	"github.com/getpurser/purser/internal/x402"
)

// pay asks a URL and, where it wants to be paid with x402, asks Purser, has a
// wallet sign and pays.
type pay struct {
	URL      string   `arg:"" help:"What is asked, and paid for."`
	Method   string   `short:"X" help:"GET, or POST where there is data." placeholder:"METHOD"`
	Header   []string `short:"H" sep:"none" help:"A header of the request, as 'Name: value'." placeholder:"HEADER"`
	Data     string   `short:"d" help:"The request's body; @FILE reads one, @- standard input." placeholder:"DATA"`
	Output   string   `short:"o" help:"Where the answer goes; standard output without it." placeholder:"FILE"`
	Wallet   string   `env:"PURSER_WALLET" help:"The program that signs, and its arguments: it reads what to pay as JSON and writes the payload in base64. No shell sees it." placeholder:"COMMAND"`
	Network  string   `help:"Pay on this network only, such as eip155:8453." placeholder:"CAIP-2"`
	Asset    string   `help:"Pay with this token only: its address or symbol, such as USDC." placeholder:"TOKEN"`
	Max      string   `help:"Pay at most this, in the currency that the token stands for." placeholder:"AMOUNT"`
	Tokens   []string `name:"token" help:"A token besides the known ones, as NETWORK/ADDRESS=CURRENCY:DECIMALS." placeholder:"TOKEN"`
	Merchant string   `help:"Whom the money goes to; the URL's host without it." placeholder:"NAME"`
	MCC      string   `name:"mcc" help:"The merchant category code (ISO 18245), four digits." placeholder:"CODE"`
	Country  string   `help:"The merchant's, ISO 3166-1 alpha-2." placeholder:"CODE"`
	Purpose  string   `help:"What it is for: people read it."`
	Expires  int      `name:"expires-in" default:"3600" help:"Seconds that the budget is held for a payment that is interrupted."`
	Wait     bool     `help:"Wait for people where it is held."`
	Again    bool     `help:"Forget a payment of the same that was interrupted. Look first whether it was made."`
}

// Run pays once, or goes on where an earlier run of the same was interrupted.
func (c pay) Run(a *app) error {
	if a.JSON && c.Output == "" {
		return usage("--json prints the authorization: say with --output where the answer goes")
	}
	tokens, err := c.tokens()
	if err != nil {
		return err
	}
	asked, err := c.resource(a)
	if err != nil {
		return err
	}
	file, err := a.paymentFile(asked)
	if err != nil {
		return err
	}
	defer file.close()
	if c.Again {
		if err := file.forget(); err != nil {
			return err
		}
	}
	p := &payer{app: a, pay: c, tokens: tokens, asked: asked, file: file}
	return p.run()
}

// tokens are those that are known and those that the flags name.
func (c pay) tokens() ([]x402.Token, error) {
	tokens := x402.Tokens()
	for _, given := range c.Tokens {
		place, worth, _ := strings.Cut(given, "=")
		network, asset, _ := strings.Cut(place, "/")
		named, digits, _ := strings.Cut(worth, ":")
		currency, err := money.ParseCurrency(named)
		decimals, err2 := strconv.Atoi(digits)
		if err != nil || err2 != nil || decimals < 0 || decimals > 36 || network == "" || asset == "" {
			return nil, usage("--token=%s is not NETWORK/ADDRESS=CURRENCY:DECIMALS", given)
		}
		// What is named here is paid in either mode: who names it says what it is.
		tokens = append(tokens, x402.Token{Network: network, Asset: asset, Symbol: "of " + asset, Currency: currency, Decimals: decimals, Test: true})
	}
	return tokens, nil
}

// price is a requirement that may be paid, with what it is in money.
type price struct {
	requirement x402.Requirement
	token       x402.Token
	worth       money.Amount
	exact       bool
}

// choose is the first way to pay that the flags allow. Where there is none it
// says of each why.
func (p *payer) choose(c x402.Challenge) (price, error) {
	var why strings.Builder
	for i, r := range c.Accepts {
		chosen, err := p.fits(r)
		if err == nil {
			return chosen, nil
		}
		fmt.Fprintf(&why, "\n  %d: %s", i+1, safe(err.Error()))
	}
	return price{}, usage("nothing was authorized, since none of the ways to pay fits:%s", why.String())
}

// fits says whether a requirement can be paid and the flags allow it.
func (p *payer) fits(r x402.Requirement) (price, error) {
	if err := r.Check(); err != nil {
		return price{}, err
	}
	token, known := x402.Of(p.tokens, r)
	switch {
	case !known:
		return price{}, fmt.Errorf("the token %s on %s is not known; say what it is worth with --token", r.Asset(), r.Network())
	case p.Network != "" && p.Network != r.Network():
		return price{}, fmt.Errorf("it is on %s", r.Network())
	case p.Asset != "" && !strings.EqualFold(p.Asset, token.Symbol) && !strings.EqualFold(p.Asset, r.Asset()):
		return price{}, fmt.Errorf("it is in %s", token.Symbol)
	}
	worth, exact, err := token.Worth(r.Amount())
	if err != nil {
		return price{}, err
	}
	return price{r, token, worth, exact}, p.within(token, r.Amount())
}

// within compares with --max, in the token's own units, so that nothing rounds.
func (p *payer) within(t x402.Token, n *big.Int) error {
	if p.Max == "" {
		return nil
	}
	most, ok := new(big.Rat).SetString(p.Max)
	if !ok || most.Sign() < 0 {
		return fmt.Errorf("--max=%s is not an amount", p.Max)
	}
	asked := new(big.Rat).SetFrac(n, new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(t.Decimals)), nil))
	if asked.Cmp(most) > 0 {
		return fmt.Errorf("%s is more than --max=%s", t.Text(n), p.Max)
	}
	return nil
}
