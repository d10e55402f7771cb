package messages

import (
	"context"
	"time"

	"github.com/getpurser/purser/internal/ident"
)

// TellWeek tells of the week before an instant, whatever day it is.
func (s *Service) TellWeek(ctx context.Context, t ident.Tenant, now time.Time, loc *time.Location) error {
	return s.tellWeek(ctx, t, now, loc)
}
