package main

import (
	"context"

	"github.com/getpurser/purser/internal/notify/webhooks"
	"github.com/getpurser/purser/internal/postgres"
)

// webhookConfig is how webhooks are told to behave.
type webhookConfig struct {
	// AllowLoopback lets the development server call this very machine.
	AllowLoopback bool `env:"WEBHOOK_ALLOW_LOOPBACK"`
}

// checkWebhooks keeps a public server from calling what only it can reach.
func checkWebhooks(c *config) error {
	if c.Webhooks.AllowLoopback && !c.Loopback {
		return wrong("WEBHOOK_ALLOW_LOOPBACK", "is for a development server, whose BASE_URL is on this machine")
	}
	return nil
}

func (f *features) openWebhooks(h house) (err error) {
	f.webhooks, err = webhooks.Open(webhooks.Config{Pool: h.pool, Queue: f.queue, KeyEncryptionKey: h.sealing, Logger: h.log,
		AllowLoopback: h.Webhooks.AllowLoopback})
	return err
}

// webhookJobs are what goes on beside deliveries, which the queue makes.
func (f features) webhookJobs(h house) []job {
	return []job{
		{"old webhook deliveries", func(ctx context.Context) error {
			return hourly(ctx, h, func(ctx context.Context, _ *postgres.Pool) error { return f.webhooks.Prune(ctx) })
		}},
	}
}
