package main

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"golang.org/x/crypto/bcrypt"

	"github.com/getpurser/purser/internal/ident"
)

// touchAll is the one case of the section memory.
const touchAll = "authorize, every agent once, each with its own key"

// perCompany is how many of the cached agents each company has.
const perCompany = 10

// memory is the section of what a server holds once it has met everybody: the
// rules of all companies, and the keys of all agents.
func (b *bench) memory(ctx context.Context) error {
	s, err := b.serveOn(ctx, "memory", es, min(b.Agents, 200))
	if err != nil {
		return err
	}
	companies, agents := make([]uuid.UUID, max(1, b.Cached/perCompany)), [][]uuid.UUID{}
	for i := range companies {
		companies[i] = ident.New()
		var ids []uuid.UUID
		for range perCompany {
			ids = append(ids, ident.New())
		}
		agents = append(agents, ids)
	}
	if err := s.clone(ctx, s.careful.id, companies, agents); err != nil {
		return err
	}
	secrets, err := s.giveKeys(ctx, companies, agents)
	if err != nil {
		return err
	}
	b.add(&cell{Case: touchAll, Algorithm: es, Connections: main64, run: func(ctx context.Context) (sample, error) {
		return b.measure(ctx, s, func() (load, error) { return s.meetAll(secrets) })
	}})
	return nil
}

// meetAll has every agent authorize once.
func (s *server) meetAll(secrets []string) (load, error) {
	left := make(chan int, len(secrets))
	for i := range secrets {
		left <- i
	}
	close(left)
	return clients(s.address, main64, func(c *conn, _ int) op {
		return func() error {
			for i := range left {
				r := newRequest(secrets[i], "POST", "/v1/authorize", spending)
				r.fresh(&s.tally.keys)
				r.of(1 + i%perCompany)
				a, err := c.ask(r.text)
				if err := expect(a, err, sayApproved, sayToken); err != nil {
					return err
				}
				s.tally.approved.Add(1)
				return nil
			}
			return errAllMet
		}
	}, func(_ int, do op, h *histogram) error {
		for {
			if err := timed(h, 1, do); err != nil {
				if errors.Is(err, errAllMet) {
					return nil
				}
				return err
			}
		}
	})
}

var errAllMet = errors.New("every agent has been met")

// giveKeys makes a key for each agent, like those that the API made, but with
// the cheapest bcrypt: a hundred thousand of the usual would take hours, and the
// server remembers no more of them.
func (s *server) giveKeys(ctx context.Context, companies []uuid.UUID, agents [][]uuid.UUID) ([]string, error) {
	var lookup []byte
	if err := s.db.QueryRow(ctx, "SELECT lookup_key FROM installation").Scan(&lookup); err != nil {
		return nil, err
	}
	var known bool
	if err := s.db.QueryRow(ctx, "SELECT EXISTS (SELECT FROM api_keys WHERE lookup = $1)", keyed(lookup, s.careful.secrets[0])).Scan(&known); err != nil || !known {
		return nil, errors.Join(err, errors.New("the server does not find keys as it is done here"))
	}
	rows, secrets, err := hashKeys(lookup, companies, agents)
	if err != nil {
		return nil, err
	}
	h := &history{server: s}
	if err := h.run(ctx, "CREATE UNLOGGED TABLE made_keys (company_id uuid, agent_id uuid, key_id uuid, prefix text, lookup bytea, bcrypt_hash text)"); err != nil {
		return nil, err
	}
	columns := []string{"company_id", "agent_id", "key_id", "prefix", "lookup", "bcrypt_hash"}
	if _, err := s.db.CopyFrom(ctx, pgx.Identifier{"made_keys"}, columns, pgx.CopyFromRows(rows)); err != nil {
		return nil, err
	}
	named := map[string]string{}
	for _, column := range columns {
		named[column] = "m." + column
	}
	insert, err := h.copied(ctx, "api_keys", "made_keys m, (SELECT * FROM api_keys WHERE lookup = '"+fmt.Sprintf(`\x%x`, keyed(lookup, s.careful.secrets[0]))+"') t", named)
	if err != nil {
		return nil, err
	}
	return secrets, h.run(ctx, insert, "DROP TABLE made_keys", "VACUUM ANALYZE")
}

func keyed(lookup []byte, secret string) []byte {
	h := hmac.New(sha256.New, lookup)
	h.Write([]byte(secret))
	return h.Sum(nil)
}

// hashKeys draws a secret for each agent and hashes it, on all cores.
func hashKeys(lookup []byte, companies []uuid.UUID, agents [][]uuid.UUID) (rows [][]any, secrets []string, err error) {
	for i, company := range companies {
		for _, agent := range agents[i] {
			secret := "ag_live_" + (rand.Text() + rand.Text())[:43]
			secrets = append(secrets, secret)
			rows = append(rows, []any{company, agent, ident.New(), secret[:16], keyed(lookup, secret), ""})
		}
	}
	var next atomic.Int64
	var wait sync.WaitGroup
	failures := make([]error, runtime.GOMAXPROCS(0))
	for worker := range failures {
		wait.Go(func() {
			for i := next.Add(1) - 1; int(i) < len(rows) && failures[worker] == nil; i = next.Add(1) - 1 {
				var hash []byte
				hash, failures[worker] = bcrypt.GenerateFromPassword([]byte(secrets[i]), bcrypt.MinCost)
				rows[i][5] = strings.Clone(string(hash))
			}
		})
	}
	wait.Wait()
	return rows, secrets, errors.Join(failures...)
}
