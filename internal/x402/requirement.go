package x402

import (
	"errors"
	"fmt"
	"math/big"
	"regexp"
	"strings"

	"github.com/getpurser/purser/internal/money"
)

// Requirement is one way to pay: so much of a token, on a network, to an
// address. It is kept as it came, since it is told to the wallet and back.
type Requirement struct{ Object }

// Scheme says how the amount is meant: exact is that much and no other.
func (r Requirement) Scheme() string { return r.text("scheme") }

// Network is the chain by its CAIP-2 name, such as eip155:8453.
func (r Requirement) Network() string { return r.text("network") }

// Asset is the token's address on the network.
func (r Requirement) Asset() string { return r.text("asset") }

// PayTo is the address that is paid.
func (r Requirement) PayTo() string { return r.text("payTo") }

// Amount is how much, in the token's smallest units; nil when it is malformed.
func (r Requirement) Amount() *big.Int { return units(r.text("amount")) }

// Seconds is how long the payment may take at most; 0 where it is not said.
func (r Requirement) Seconds() int {
	n, ok := new(big.Int).SetString(r.number("maxTimeoutSeconds"), 10)
	if !ok || n.Sign() < 0 || n.BitLen() > 31 {
		return 0
	}
	return int(n.Int64())
}

// Same says whether two requirements ask for the same money: the same amount of
// the same token on the same network to the same address.
func (r Requirement) Same(other Requirement) bool {
	return r.Scheme() == other.Scheme() && r.Network() == other.Network() && sameAddress(r.Asset(), other.Asset()) &&
		sameAddress(r.PayTo(), other.PayTo()) && r.Amount() != nil && other.Amount() != nil && r.Amount().Cmp(other.Amount()) == 0
}

// decimal is a whole number without a sign and without leading zeros, as wide
// as a uint256 can be.
var decimal = regexp.MustCompile(`^(0|[1-9][0-9]{0,77})$`)

func units(text string) *big.Int {
	if !decimal.MatchString(text) {
		return nil
	}
	n, _ := new(big.Int).SetString(text, 10)
	return n
}

var address = regexp.MustCompile(`^0x[0-9a-fA-F]{40}$`)

// sameAddress compares addresses of EVM networks, whose case is a checksum.
func sameAddress(a, b string) bool {
	return address.MatchString(a) && address.MatchString(b) && strings.EqualFold(a, b)
}

// Check says why a requirement cannot be paid, for people. What is left is one
// whose payload can be checked: an exact amount on an EVM network.
func (r Requirement) Check() error {
	switch {
	case r.Scheme() != "exact":
		return fmt.Errorf("the scheme %q is not paid here, only exact", r.Scheme())
	case !strings.HasPrefix(r.Network(), "eip155:"):
		return fmt.Errorf("a payment on %q cannot be checked here, only one on an EVM network (eip155)", r.Network())
	case !address.MatchString(r.Asset()) || !address.MatchString(r.PayTo()):
		return errors.New("its addresses are not of that network")
	case r.Amount() == nil || r.Amount().Sign() == 0:
		return fmt.Errorf("%q is not an amount", r.text("amount"))
	}
	return nil
}

// Token is something that is paid with, and what it stands for.
type Token struct {
	Network, Asset, Symbol string
	// Currency is the money that it is pegged to, with so many Decimals.
	Currency money.Currency
	Decimals int
	// Test marks what may be paid on a decision of test mode: the tokens of networks
	// for trying out.
	Test bool
}

// Tokens are those that are known without being told. Who asks to be paid may
// call any token USDC; its address is what counts. Source: the issuer's own
// lists of contract addresses.
func Tokens() []Token {
	coin := func(network, asset, symbol string, c money.Currency, test bool) Token {
		return Token{"eip155:" + network, asset, symbol, c, 6, test}
	}
	return []Token{
		coin("8453", "0x833589fCD6eDb6E08f4c7C32D4f71b54bdA02913", "USDC", "usd", false),
		coin("8453", "0x60a3E35Cc302bFA44Cb288Bc5a4F316Fdb1adb42", "EURC", "eur", false),
		coin("1", "0xA0b86991c6218b36c1d19D4a2e9Eb0cE3606eB48", "USDC", "usd", false),
		coin("10", "0x0b2C639c533813f4Aa9D7837CAf62653d097Ff85", "USDC", "usd", false),
		coin("137", "0x3c499c542cEF5E3811e1192ce70d8cC03d5c3359", "USDC", "usd", false),
		coin("42161", "0xaf88d065e77c8cC2239327C5EDb3A432268e5831", "USDC", "usd", false),
		coin("43114", "0xB97EF9Ec8734C71904D8002F8b6Bc66Dd9c48a6E", "USDC", "usd", false),
		coin("84532", "0x036CbD53842c5426634e7929541eC2318f3dCF7e", "USDC", "usd", true),
		coin("11155111", "0x1c7D4B196Cb0C7B01d743Fbc6116a902379C7238", "USDC", "usd", true),
	}
}

// Of finds the token that a requirement names.
func Of(tokens []Token, r Requirement) (Token, bool) {
	for _, t := range tokens {
		if t.Network == r.Network() && sameAddress(t.Asset, r.Asset()) {
			return t, true
		}
	}
	return Token{}, false
}

// Worth is so many of the token's smallest units in its currency. What is less
// than the currency's smallest unit is rounded up, never down: what is asked
// for is never less than what is paid. Exact says whether nothing was rounded.
func (t Token) Worth(n *big.Int) (worth money.Amount, exact bool, err error) {
	minor := new(big.Int).Mul(n, tens(t.Currency.Exponent()))
	rest := new(big.Int)
	minor.DivMod(minor, tens(t.Decimals), rest)
	if rest.Sign() > 0 {
		minor.Add(minor, big.NewInt(1))
	}
	if minor.Cmp(big.NewInt(t.Currency.MaxMinor())) > 0 {
		return money.Amount{}, false, errors.New("the amount is too large")
	}
	return money.Of(minor.Int64(), t.Currency), rest.Sign() == 0, nil
}

// Text is so many of the token's smallest units for people: "0.0015 USDC".
func (t Token) Text(n *big.Int) string {
	whole, part := new(big.Int).DivMod(n, tens(t.Decimals), new(big.Int))
	text := whole.String()
	if part.Sign() > 0 {
		digits := part.String()
		text += "." + strings.TrimRight(strings.Repeat("0", t.Decimals-len(digits))+digits, "0")
	}
	return text + " " + t.Symbol
}

func tens(n int) *big.Int { return new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(n)), nil) }
