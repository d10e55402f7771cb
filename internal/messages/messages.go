// Package messages tells people what they have to know: by mail, and in a chat
// channel. It reads the audit log as its outbox, so that what is told was
// committed, and River delivers, so that nothing is lost over a restart.
package messages

import (
	"log/slog"
	"net/http"
	"strings"
	"sync"

	"github.com/getpurser/purser/internal/access"
	"github.com/getpurser/purser/internal/company"
	"github.com/getpurser/purser/internal/ident"
	"github.com/getpurser/purser/internal/notify"
	"github.com/getpurser/purser/internal/notify/mail"
	"github.com/getpurser/purser/internal/notify/safedial"
	"github.com/getpurser/purser/internal/policy"
	"github.com/getpurser/purser/internal/postgres"
	"github.com/getpurser/purser/internal/sign"
	"github.com/getpurser/purser/internal/spend"
)

// Config is what messages are made of. Only Mail may be missing: no mails then.
type Config struct {
	Pool      *postgres.Pool
	Queue     *notify.Queue
	Access    *access.Access
	Companies *company.Service
	Policies  *policy.Store
	Spend     *spend.Service
	// Mail delivers one mail, and returns when the server has it.
	Mail mail.Transport
	// BaseURL is where links lead, such as https://purser.example.
	BaseURL string
	// KeyEncryptionKey has 32 bytes and seals what is a secret in the database.
	KeyEncryptionKey []byte
	// AllowLoopback lets a chat channel be on this machine, in development.
	AllowLoopback bool
	Log           *slog.Logger
}

// Service is told by the outbox what happened, and tells people.
type Service struct {
	Config
	sealer  sign.Sealer
	channel *http.Client
	// looks are how long the last look at a tenant's limits took here.
	looks sync.Map // ident.Tenant: time.Duration
}

// sealPurpose keeps what is sealed here from being opened as something else:
// links that sign in, and addresses of channels.
const sealPurpose = "purser messages v1"

// New makes the service and says to the queue that it works its jobs off.
func New(c Config) (*Service, error) {
	sealing, err := sign.NewSealer(c.KeyEncryptionKey, sealPurpose)
	if err != nil {
		return nil, err
	}
	c.BaseURL = strings.TrimRight(c.BaseURL, "/")
	s := &Service{Config: c, sealer: sealing, channel: safedial.Client(c.AllowLoopback, slackPatience, slackAnswer)}
	notify.Handle(c.Queue, &letterWorker{s: s})
	notify.Handle(c.Queue, &nudgeWorker{s: s})
	notify.Handle(c.Queue, &limitWorker{s: s})
	notify.Handle(c.Queue, &slackWorker{s: s})
	c.Queue.Regularly(s.weekly()...)
	notify.Handle(c.Queue, &weeklyWorker{s: s})
	return s, nil
}

// at is the address of a page in the tenant's mode.
func (s *Service) at(t ident.Tenant, path string) string {
	if !t.Live {
		path = "/test" + path
	}
	return s.BaseURL + path
}
