package main

import (
	"context"
	"fmt"
	"net"

	"github.com/getpurser/purser/internal/rails/cards/iso8583"
)

// cardsConfig is how the card network reaches the sandbox's issuer.
type cardsConfig struct {
	// NetworkAddr is empty when there is no door for a card network.
	NetworkAddr string `env:"CARD_NETWORK_ADDR"`
}

// checkCards keeps the card network's door, which asks for no credential, on
// this machine; a development server may open it further.
func checkCards(c *config) error {
	if c.Cards.NetworkAddr == "" {
		return nil
	}
	if err := checkListen("CARD_NETWORK_ADDR", "no card network", c.Cards.NetworkAddr); err != nil {
		return err
	}
	if host, _, _ := net.SplitHostPort(c.Cards.NetworkAddr); !loopback(host) && !c.Loopback { // checked above
		return wrong("CARD_NETWORK_ADDR", "must be a loopback address such as 127.0.0.1:8583: who connects there is asked for no credential")
	}
	return nil
}

// cardJobs are what goes on beside requests.
func (f features) cardJobs() []job {
	return []job{{"ended cards", func(ctx context.Context) error { f.cards.Run(ctx); return nil }}}
}

// cardNetwork is the door of ISO 8583, where there is to be one. It listens
// from now on, and answers as a job.
func (f features) cardNetwork(ctx context.Context, h house) ([]job, error) {
	if h.Cards.NetworkAddr == "" {
		return nil, nil
	}
	var lc net.ListenConfig
	l, err := lc.Listen(ctx, "tcp", h.Cards.NetworkAddr)
	if err != nil {
		return nil, fmt.Errorf("CARD_NETWORK_ADDR: it cannot be listened on: %w", err)
	}
	h.log.Info("a card network can talk to the sandbox's issuer", "address", l.Addr())
	host := iso8583.New(iso8583.Config{Cards: f.cards, Log: h.log})
	return []job{{"card network", func(ctx context.Context) error { return host.Serve(ctx, l) }}}, nil
}
