package cards

import (
	"github.com/google/uuid"

	"github.com/getpurser/purser/internal/ident"
)

// Lose is what Authorize does when it does not know what became of a swipe.
func (s *Service) Lose(t ident.Tenant, card uuid.UUID, networkID string) {
	s.undecided.add(asked{t, card, networkID})
}

// Above is the part of a capture that is not explained.
var Above = above

// IssuerCalls is how many calls of providers are made at once.
const IssuerCalls = issuerCalls
