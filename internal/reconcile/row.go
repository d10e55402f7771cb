package reconcile

import (
	"encoding/json"
	"fmt"

	"github.com/getpurser/purser/internal/db"
)

func runOf(r db.Reconciliation) (Run, error) {
	run := Run{ID: r.ReconciliationID, AskedBy: r.AskedBy, AskedAt: r.AskedAt, Trouble: r.Trouble, Authorizations: int(r.Authorizations),
		Events: int(r.Events), Cards: int(r.Cards), Lines: int(r.Lines), Found: int(r.Found)}
	if r.EndedAt != nil {
		run.EndedAt = *r.EndedAt
	}
	if err := json.Unmarshal(r.Differences, &run.Differences); err != nil {
		return run, fmt.Errorf("differences of reconciliation %s: %w", r.ReconciliationID, err)
	}
	return run, nil
}
