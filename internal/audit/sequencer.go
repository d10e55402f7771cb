package audit

import (
	"context"
	"errors"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/getpurser/purser/internal/db"
	"github.com/getpurser/purser/internal/ident"
)

// Run gives positions to committed events until ctx ends. Any number of
// replicas may run it: a log that another one is sealing is passed over.
func (l *Log) Run(ctx context.Context) {
	tick := time.NewTicker(sealEvery)
	defer tick.Stop()
	broken := map[ident.Tenant]time.Time{}
	for {
		again := l.round(ctx, broken)
		if again && ctx.Err() == nil {
			continue // a log had more than one batch
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// outcome is what sealing one tenant's batch came to.
type outcome struct {
	tenant ident.Tenant
	full   bool
	err    error
}

// round seals one batch of each tenant that has work, several at a time, and
// reports whether one of them had more.
func (l *Log) round(ctx context.Context, broken map[ident.Tenant]time.Time) (again bool) {
	rows, err := db.New(l.pool).AuditTenantsWithPending(ctx)
	if err != nil {
		l.complain(ctx, "audit log: no work could be found", err)
		return false
	}
	outcomes := make(chan outcome, len(rows))
	var workers errgroup.Group
	workers.SetLimit(sealWorkers)
	for _, r := range rows {
		t := ident.Tenant{Company: r.CompanyID, Live: r.Live}
		if until, known := broken[t]; known && time.Now().Before(until) {
			continue
		}
		workers.Go(func() error {
			n, err := l.seal(ctx, t, (*db.Queries).AuditTryLock)
			outcomes <- outcome{t, n == sealBatch, err}
			return nil
		})
	}
	_ = workers.Wait() // the outcomes carry the errors
	close(outcomes)
	for o := range outcomes {
		again = again || o.full
		l.note(ctx, o, broken)
	}
	return again
}

// note logs a failure, and of a broken log only now and then.
func (l *Log) note(ctx context.Context, o outcome, broken map[ident.Tenant]time.Time) {
	delete(broken, o.tenant)
	if o.err == nil {
		return
	}
	if errors.Is(o.err, errBroken) {
		broken[o.tenant] = time.Now().Add(brokenPause)
	}
	l.complain(ctx, "audit log of "+Origin(o.tenant)+" could not be sealed", o.err)
}

func (l *Log) complain(ctx context.Context, text string, err error) {
	if ctx.Err() == nil {
		l.logger.Error(text, "error", err)
	}
}
