package webhooks

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"github.com/getpurser/purser/internal/audit"
	"github.com/getpurser/purser/internal/db"
	"github.com/getpurser/purser/internal/fault"
	"github.com/getpurser/purser/internal/ident"
)

const (
	// DefaultGrace is how long an old secret signs beside the new one when
	// nothing else is said, MaxGrace how long at most.
	DefaultGrace = 24 * time.Hour
	MaxGrace     = 7 * 24 * time.Hour
	// secretSize is in bytes; Standard Webhooks wants 24 to 64.
	secretSize = 32
)

func newSecret() string {
	var b [secretSize]byte
	rand.Read(b[:]) // never fails (crypto/rand)
	return "whsec_" + base64.StdEncoding.EncodeToString(b[:])
}

// RotateSecret gives an endpoint a new secret, which is in this answer and never
// again. The one before signs as well for the grace (MaxGrace at most); one that
// was still doing so stops.
func (s *Service) RotateSecret(ctx context.Context, tx pgx.Tx, t ident.Tenant, by audit.Actor, id uuid.UUID, grace time.Duration) (Endpoint, string, error) {
	if grace < 0 || grace > MaxGrace {
		return Endpoint{}, "", fault.BadField("grace_seconds", "out_of_range", "This is from 0 to %d.", int(MaxGrace/time.Second))
	}
	secret := newSecret()
	row, err := db.New(tx).WebhookRotate(ctx, db.WebhookRotateParams{CompanyID: t.Company, Live: t.Live, WebhookID: id,
		Grace: grace.Seconds(), Secret: s.seal(t, id, secret)})
	if err != nil {
		return Endpoint{}, "", missing(err, "webhook")
	}
	return endpointOf(row), secret, audit.Append(ctx, tx, t, by, audit.Event{Type: "webhook.secret_rotated",
		Subject: ident.Format(ident.Webhook, id), Data: map[string]any{"grace_seconds": int(grace.Seconds())}})
}

func (s *Service) seal(t ident.Tenant, id uuid.UUID, secret string) []byte {
	return s.sealer.Seal([]byte(secret), boundTo(t, id))
}

// boundTo is what a secret belongs to.
func boundTo(t ident.Tenant, id uuid.UUID) string {
	return t.Company.String() + "/" + t.Mode() + "/" + id.String()
}

// sign gives the signatures of a message with every secret that is in force.
func (s *Service) sign(c db.WebhookClaimRow, messageID, body string) (string, error) {
	e := c.WebhookEndpoint
	sealed := [][]byte{e.Secret}
	if e.OldSecret != nil && e.OldUntil.After(c.Now) {
		sealed = append(sealed, e.OldSecret)
	}
	var signatures []string
	for _, box := range sealed {
		secret, err := s.sealer.Open(box, boundTo(ident.Tenant{Company: e.CompanyID, Live: e.Live}, e.WebhookID))
		if err != nil {
			return "", err
		}
		signer, err := standardwebhooks.NewWebhook(string(secret))
		if err != nil {
			return "", err
		}
		signature, err := signer.Sign(messageID, c.Now, []byte(body))
		if err != nil {
			return "", err
		}
		signatures = append(signatures, signature)
	}
	return strings.Join(signatures, " "), nil
}
