package messages

import (
	"encoding/json"
	"fmt"

	"github.com/google/uuid"

	"github.com/getpurser/purser/internal/company"
	"github.com/getpurser/purser/internal/db"
	"github.com/getpurser/purser/internal/ident"
)

// member is somebody who could be told.
type member struct {
	ID, Person uuid.UUID
	Email      string
	Role       company.Role
	choices
}

func memberOf(r db.MessageMembersRow) member {
	m := member{ID: r.Member.MemberID, Email: r.Member.Email, Role: company.Role(r.Member.Role), choices: choices{r.Wanted, r.Unwanted}}
	if r.Member.PersonID != nil {
		m.Person = *r.Member.PersonID
	}
	return m
}

// message is one message to one recipient, as it is stored.
type message struct {
	ID      uuid.UUID
	Tenant  ident.Tenant
	Kind    Kind
	Channel string
	About   string
	Member  uuid.UUID
	Away    uuid.UUID
	Data    json.RawMessage
	Waiting bool
}

func messageOf(r db.Message) message {
	m := message{ID: r.MessageID, Tenant: ident.Tenant{Company: r.CompanyID, Live: r.Live}, Kind: Kind(r.Kind), Channel: r.Channel,
		About: r.About, Member: r.MemberID, Data: r.Data, Waiting: r.State == waiting}
	if r.AwayID != nil {
		m.Away = *r.AwayID
	}
	return m
}

// read takes what was stored with the message.
func (m message) read(into any) error {
	if err := json.Unmarshal(m.Data, into); err != nil {
		return fmt.Errorf("data of message %s: %w", m.ID, err)
	}
	return nil
}

func standInOf(r db.StandIn) StandIn {
	return StandIn{Member: r.MemberID, For: r.StandInID, From: r.BeginsAt, Until: r.EndsAt}
}

func slackHookOf(r db.SlackHook) SlackHook {
	return SlackHook{Host: r.Host, Ending: r.Ending, UpdatedAt: r.UpdatedAt}
}
