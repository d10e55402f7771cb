package audit

import (
	"errors"
	"fmt"

	"github.com/google/uuid"

	"github.com/getpurser/purser/internal/ident"
)

// ActorKind says what sort of party made a change.
type ActorKind string

// The kinds of actor. A system actor has no id: an expiry, a sweeper.
const (
	ByMember ActorKind = "member"
	ByKey    ActorKind = "key"
	ByPerson ActorKind = "person" // signed in, not (yet) of the company
	BySystem ActorKind = "system"
)

// Actor is who made a change. The zero Actor is nobody, and nobody may write.
type Actor struct {
	Kind ActorKind
	ID   uuid.UUID
	// RequestID is the request that made the change, empty for a job.
	RequestID string
}

// Member is a member of the company, through a request.
func Member(id uuid.UUID, requestID string) Actor { return Actor{ByMember, id, requestID} }

// Key is an API key, through a request.
func Key(id uuid.UUID, requestID string) Actor { return Actor{ByKey, id, requestID} }

// Person is somebody who signed in and acts outside a membership.
func Person(id uuid.UUID, requestID string) Actor { return Actor{ByPerson, id, requestID} }

// System is the server itself.
func System() Actor { return Actor{Kind: BySystem} }

// String is the public form: an id such as key_…, mem_… or person_…, or
// "system". It is empty for an actor that is not one.
func (a Actor) String() string {
	if a.Kind == BySystem {
		return string(BySystem)
	}
	if a.ID == uuid.Nil {
		return ""
	}
	switch a.Kind {
	case ByMember:
		return ident.Format(ident.Member, a.ID)
	case ByKey:
		return ident.Format(ident.Key, a.ID)
	case ByPerson:
		return ident.Format(ident.Person, a.ID)
	default:
		return ""
	}
}

// errNoActor is a mistake in the caller: a change without somebody who made it.
var errNoActor = errors.New("audit: a change needs an actor")

func (a Actor) check() (string, error) {
	s := a.String()
	if s == "" {
		return "", fmt.Errorf("%w (kind %q)", errNoActor, a.Kind)
	}
	return s, nil
}
