// Package iso8583 is a card network's door to the sandbox issuer: a TCP host
// that speaks ISO 8583:1987 in ASCII, as acquirers do. What it hears it asks of
// package cards, and what that says it answers; it decides nothing itself. It
// serves test mode only, as it finds a card by its number and only the
// sandbox's numbers can be looked up.
package iso8583

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"sync"
	"time"

	"github.com/google/uuid"
	iso "github.com/moov-io/iso8583"

	"github.com/getpurser/purser/internal/ident"
	"github.com/getpurser/purser/internal/money"
	"github.com/getpurser/purser/internal/rails/cards"
)

// Cards is what the host asks of the card service.
type Cards interface {
	// FindByPAN finds the sandbox card of a number. The fault of one that is
	// none is not_found.
	FindByPAN(ctx context.Context, pan string) (ident.Tenant, uuid.UUID, error)
	// Authorize decides a swipe. The same network id again gives the same verdict.
	Authorize(ctx context.Context, t ident.Tenant, card uuid.UUID, s cards.Swipe) (cards.Verdict, error)
	// Find gives what the network's message of that id did to a card. The fault
	// of one that was never heard of is not_found.
	Find(ctx context.Context, t ident.Tenant, card uuid.UUID, networkID string) (cards.Transaction, error)
	// Capture, Reverse and Refund book what became of an authorization; the same
	// network id again books nothing.
	Capture(ctx context.Context, t ident.Tenant, card uuid.UUID, p cards.NetworkPosting) (cards.Transaction, error)
	Reverse(ctx context.Context, t ident.Tenant, card uuid.UUID, p cards.NetworkPosting) (cards.Transaction, error)
	Refund(ctx context.Context, t ident.Tenant, card uuid.UUID, p cards.NetworkPosting) (cards.Transaction, error)
	// ForcePost books what nobody asked us.
	ForcePost(ctx context.Context, t ident.Tenant, card uuid.UUID, s cards.Swipe) (cards.Transaction, error)
}

// Config is what the host needs. Cards and Log are required; what is zero has
// the value that its comment names.
type Config struct {
	Cards Cards
	Log   *slog.Logger
	// Decide bounds a decision (2 s). What is not decided by then is declined.
	Decide time.Duration
	// Book bounds every other message, and how long a late decision may take
	// until it is taken back (10 s).
	Book time.Duration
	// Idle ends a silent connection (5 min); Slow bounds one message on the wire
	// from its first byte (5 s).
	Idle, Slow time.Duration
	// Connections bounds the peers at a time (64), InFlight the messages of one
	// that are being answered (16).
	Connections, InFlight int
	// Longest bounds a message, in bytes (4,096).
	Longest int
}

func (c Config) filled() Config {
	for _, d := range []struct {
		value *time.Duration
		usual time.Duration
	}{{&c.Decide, 2 * time.Second}, {&c.Book, 10 * time.Second}, {&c.Idle, 5 * time.Minute}, {&c.Slow, 5 * time.Second}} {
		if *d.value == 0 {
			*d.value = d.usual
		}
	}
	for _, n := range []struct {
		value *int
		usual int
	}{{&c.Connections, 64}, {&c.InFlight, 16}, {&c.Longest, 4096}} {
		if *n.value == 0 {
			*n.value = n.usual
		}
	}
	return c
}

// Host answers a card network. Make one with New and Serve it.
type Host struct {
	Config
	dialect    *iso.MessageSpec
	currencies map[string]money.Currency
	serial     *serial
	peers      sync.WaitGroup
	late       sync.WaitGroup
}

// New makes a host.
func New(c Config) *Host {
	return &Host{Config: c.filled(), dialect: dialect(), currencies: numericCurrencies(), serial: newSerial()}
}

// Serve answers peers until ctx ends: then it takes no more messages, answers
// those it took, and returns. The listener is closed. The error is the
// listener's.
func (h *Host) Serve(ctx context.Context, l net.Listener) error {
	stop := context.AfterFunc(ctx, func() { _ = l.Close() }) // nothing is lost by closing a listener
	defer stop()
	defer func() { h.peers.Wait(); h.late.Wait() }()
	places := make(chan struct{}, h.Connections)
	for {
		conn, err := l.Accept()
		switch {
		case ctx.Err() != nil:
			if err == nil {
				_ = conn.Close() // nobody has asked it anything
			}
			return nil
		case errors.Is(err, net.ErrClosed):
			return err
		case err != nil:
			h.Log.Warn("a card network's connection could not be taken", "error", err)
			time.Sleep(50 * time.Millisecond) // out of descriptors: do not spin
			continue
		}
		select {
		case places <- struct{}{}:
			h.peers.Go(func() { defer func() { <-places }(); h.attend(ctx, conn) })
		default:
			h.Log.Warn("a card network's connection was closed: there are too many", "peer", conn.RemoteAddr(), "most", h.Connections)
			_ = conn.Close() // it is refused
		}
	}
}
