package api

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/getpurser/purser/internal/fault"
	"github.com/getpurser/purser/internal/ident"
	"github.com/getpurser/purser/internal/messages"
)

// MyMessages is what the calling member is mailed.
type MyMessages struct {
	Member string     `json:"member" example:"mem_01jd3v7m4sfx1r5k0m7z2w8y9a"`
	Mode   string     `json:"mode" enum:"live,test" doc:"What is chosen holds for one mode."`
	Mail   []MailKind `json:"mail" doc:"Every kind that the role is ever sent."`
	// StandIn is null for who is not away, now or later.
	StandIn maybe[StandIn] `json:"stand_in" doc:"Who is asked as well while the member is out of office. It holds for both modes."`
}

// MailKind is whether one kind of mail is sent.
type MailKind struct {
	Kind string `json:"kind" enum:"hold,reminder,escalation,decision,limit,key,weekly"`
	On   bool   `json:"on"`
}

// StandIn is who stands in for the member, and when.
type StandIn struct {
	Member string    `json:"member" doc:"Who stands in." example:"mem_01jd3v7m4sfx1r5k0m7z2w8y9a"`
	From   time.Time `json:"from"`
	Until  time.Time `json:"until"`
}

// MailChoice says of kinds of mail whether they are sent; what is absent stays.
type MailChoice struct {
	Hold       *bool `json:"hold,omitzero" doc:"A request waits for a decision."`
	Reminder   *bool `json:"reminder,omitzero" doc:"Its time is nearly over."`
	Escalation *bool `json:"escalation,omitzero" doc:"Half of its time is over, and nobody has decided."`
	Decision   *bool `json:"decision,omitzero" doc:"It was decided, or its time is over."`
	Limit      *bool `json:"limit,omitzero" doc:"A limit is used to 80 or 100 percent."`
	Key        *bool `json:"key,omitzero" doc:"An API key was made or revoked."`
	Weekly     *bool `json:"weekly,omitzero" doc:"What the last week came to, on Monday morning."`
}

func (m MailChoice) changes() map[messages.Kind]bool {
	out := map[messages.Kind]bool{}
	for kind, on := range map[messages.Kind]*bool{messages.Hold: m.Hold, messages.Reminder: m.Reminder, messages.Escalation: m.Escalation,
		messages.Decision: m.Decision, messages.Limit: m.Limit, messages.Key: m.Key, messages.Weekly: m.Weekly} {
		if on != nil {
			out[kind] = *on
		}
	}
	return out
}

// MyMessagesChange changes what the member is mailed.
type MyMessagesChange struct {
	Mail MailChoice `json:"mail"`
}

// NewStandIn names who stands in.
type NewStandIn struct {
	StandIn string     `json:"stand_in" doc:"Another member who may decide." example:"mem_01jd3v7m4sfx1r5k0m7z2w8y9a"`
	From    *time.Time `json:"from,omitempty" doc:"Now without it."`
	Until   time.Time  `json:"until" doc:"At most 366 days later."`
}

func (a *API) registerMe() {
	tagged := func(id, method, path, summary, description string) huma.Operation {
		return huma.Operation{OperationID: id, Method: method, Path: path, Summary: summary, Description: description, Tags: []string{"Messages"}}
	}
	handle(a, tagged("getMyMessages", http.MethodGet, "/v1/me/messages", "Get what you are mailed",
		"Of the member whose session or approvals key this is, in the mode of the call."), a.getMyMessages)
	effect(a, tagged("chooseMyMessages", http.MethodPut, "/v1/me/messages", "Choose what you are mailed",
		"Kinds that are not named stay as they are."), a.chooseMyMessages)
	effect(a, tagged("nameStandIn", http.MethodPut, "/v1/me/stand-in", "Name who stands in for you",
		"While you are out of office, they are asked as well. It gives them no right: they have to be somebody who may decide. It holds for both modes."), a.nameStandIn)
	effect(a, tagged("dropStandIn", http.MethodDelete, "/v1/me/stand-in", "Be back", "Nobody stands in for you any more."), a.dropStandIn)
}

// memberOf is the member that a call acts as.
func memberOf(ctx context.Context) (*call, error) {
	c := callOf(ctx)
	if c.Member == uuid.Nil {
		return c, fault.New(fault.Forbidden, "member_required", "Only a member has this: use a session, or an approvals key.")
	}
	return c, nil
}

func (a *API) getMyMessages(ctx context.Context, _ *struct{}) (*reply[MyMessages], error) {
	c, err := memberOf(ctx)
	if err != nil {
		return nil, err
	}
	chosen, err := a.messages.Choices(ctx, c.Tenant, c.Member, c.Role)
	if err != nil {
		return nil, err
	}
	out, err := a.myMessages(ctx, c, chosen)
	return &reply[MyMessages]{out}, err
}

func (a *API) myMessages(ctx context.Context, c *call, chosen []messages.Choice) (MyMessages, error) {
	out := MyMessages{Member: ident.Format(ident.Member, c.Member), Mode: c.Tenant.Mode(), Mail: []MailKind{}}
	for _, k := range chosen {
		out.Mail = append(out.Mail, MailKind{string(k.Kind), k.On})
	}
	all, err := a.messages.StandIns(ctx, c.Tenant)
	for _, s := range all {
		if s.Member == c.Member {
			out.StandIn = some(standInView(s))
		}
	}
	return out, err
}

func standInView(s messages.StandIn) StandIn {
	return StandIn{Member: ident.Format(ident.Member, s.For), From: s.From.UTC(), Until: s.Until.UTC()}
}

func (a *API) chooseMyMessages(ctx context.Context, tx pgx.Tx, in *struct{ Body MyMessagesChange }) (MyMessages, error) {
	c, err := memberOf(ctx)
	if err != nil {
		return MyMessages{}, err
	}
	chosen, err := a.messages.Choose(ctx, tx, c.Tenant, c.actor(), c.Member, c.ActingRole(), in.Body.Mail.changes())
	if err != nil {
		return MyMessages{}, err
	}
	return a.myMessages(ctx, c, chosen)
}

func (a *API) nameStandIn(ctx context.Context, tx pgx.Tx, in *struct{ Body NewStandIn }) (StandIn, error) {
	c, err := memberOf(ctx)
	if err != nil {
		return StandIn{}, err
	}
	s := messages.StandIn{Member: c.Member, Until: in.Body.Until}
	if in.Body.From != nil {
		s.From = *in.Body.From
	}
	s.For, _ = ident.Parse(ident.Member, in.Body.StandIn) // what is no id is nobody's
	named, err := a.messages.NameStandIn(ctx, tx, c.Tenant, c.actor(), s)
	return standInView(named), err
}

// Back says that nobody stands in any more.
type Back struct {
	Member string `json:"member"`
	Back   bool   `json:"back" doc:"Always true."`
}

func (a *API) dropStandIn(ctx context.Context, tx pgx.Tx, _ *struct{}) (Back, error) {
	c, err := memberOf(ctx)
	if err != nil {
		return Back{}, err
	}
	return Back{ident.Format(ident.Member, c.Member), true}, a.messages.DropStandIn(ctx, tx, c.Tenant, c.actor(), c.Member)
}
