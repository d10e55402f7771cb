package spend

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"fmt"

	"github.com/google/uuid"

	"github.com/getpurser/purser/internal/db"
	"github.com/getpurser/purser/internal/ident"
)

// current brings the digests of pending approvals up to the policies of now:
// who was shown a rule that has since been written anew looks again. A decided
// one keeps the digest under which it was held.
func current(ctx context.Context, q *db.Queries, t ident.Tenant, approvals []*Approval) error {
	var ids []uuid.UUID
	for _, p := range approvals {
		for _, r := range p.Requirements {
			if p.Status == "pending" {
				ids = append(ids, r.Policy)
			}
		}
	}
	if len(ids) == 0 {
		return nil
	}
	rows, err := q.PolicyVersionsNow(ctx, t.Company, t.Live, ids)
	if err != nil {
		return err
	}
	versions := make(map[uuid.UUID]int32, len(rows))
	for _, r := range rows {
		versions[r.PolicyID] = r.Version
	}
	for _, p := range approvals {
		if p.Status == "pending" {
			p.Digest = p.digestAt(versions)
		}
	}
	return nil
}

// digestAt is the digest with these versions of the policies that hold the
// request: the one it was held under, until one of them differs.
func (p *Approval) digestAt(versions map[uuid.UUID]int32) string {
	moved := ""
	for _, r := range p.Requirements {
		if now := versions[r.Policy]; int(now) != r.Version {
			moved += fmt.Sprintf("%s %d\n", r.Policy, now)
		}
	}
	if moved == "" {
		return p.Digest
	}
	sum := sha256.Sum256([]byte(p.Digest + "\n" + moved))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}
