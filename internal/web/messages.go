package web

import (
	"context"
	"net/http"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/getpurser/purser/internal/access"
	"github.com/getpurser/purser/internal/company"
	"github.com/getpurser/purser/internal/fault"
	"github.com/getpurser/purser/internal/ident"
	"github.com/getpurser/purser/internal/messages"
	"github.com/getpurser/purser/internal/meter"
	"github.com/getpurser/purser/views"
)

func (w *Web) messagePages() []page {
	return []page{
		{http.MethodGet, "/settings/messages", member, access.ScopeRead, (*visit).messages},
		{http.MethodPost, "/settings/messages", member, access.ScopeRead, (*visit).chooseMessages},
		{http.MethodPost, "/settings/messages/away", member, access.ScopeApprovals, (*visit).nameStandIn},
		{http.MethodPost, "/settings/messages/back", member, access.ScopeRead, (*visit).dropStandIn},
		{http.MethodPost, "/settings/messages/slack", member, access.ScopeAdmin, (*visit).connectSlack},
		{http.MethodPost, "/settings/messages/slack/disconnect", member, access.ScopeAdmin, (*visit).disconnectSlack},
	}
}

const messagesPath = "/settings/messages"

func (v *visit) messages() error { return v.showMessages(http.StatusOK, views.MessagesPage{}) }

// showMessages shows the page with what was typed into it.
func (v *visit) showMessages(status int, p views.MessagesPage) error {
	service := v.web.messages
	var err error
	if p.Choices, err = service.Choices(v.ctx(), v.tenant(), v.who.Member, v.who.Role); err != nil {
		return err
	}
	if err := v.addStandIns(&p); err != nil {
		return err
	}
	if p.From == "" {
		p.From = v.frame.Now.In(v.frame.Zone()).Format(time.DateOnly)
	}
	if v.frame.May(access.ScopeAdmin) {
		if p.Slack, err = service.SlackHook(v.ctx(), v.tenant()); err != nil {
			return err
		}
		if p.State, err = service.State(v.ctx(), v.tenant()); err != nil {
			return err
		}
	}
	return v.show(status, views.Messages(v.titled("Messages"), p))
}

func (v *visit) addStandIns(p *views.MessagesPage) error {
	all, err := v.web.messages.StandIns(v.ctx(), v.tenant())
	if err != nil {
		return err
	}
	for _, s := range all {
		if s.Member == v.who.Member {
			p.Mine = &s
		} else {
			p.Others = append(p.Others, s)
		}
	}
	members, err := v.web.companies.Members(v.ctx(), v.tenant(), company.Page{Limit: mostMembers})
	p.People = make(map[string]string, len(members))
	for _, m := range members {
		p.People[ident.Format(ident.Member, m.ID)] = m.Email
		if m.ID != v.who.Member && m.Status == company.Active && access.RoleMay(m.Role, access.ScopeApprovals) {
			p.Able = append(p.Able, m)
		}
	}
	return err
}

// chooseMessages saves the whole form: what is not ticked is not sent.
func (v *visit) chooseMessages() error {
	changes := map[messages.Kind]bool{}
	for _, k := range messages.Kinds() {
		if k.Concerns(v.who.Role) {
			changes[k] = v.FormValue("mail_"+string(k)) != ""
		}
	}
	err := v.inTx(func(ctx context.Context, tx pgx.Tx) error {
		_, err := v.web.messages.Choose(ctx, tx, v.tenant(), v.actor(), v.who.Member, v.who.Role, changes)
		return err
	})
	if err != nil {
		return err
	}
	return v.to(messagesPath, "What is mailed to you in "+v.tenant().Mode()+" mode is saved.")
}

func (v *visit) nameStandIn() error {
	p := views.MessagesPage{From: v.FormValue("from"), Until: v.FormValue("until"), For: v.FormValue("stand_in")}
	s := messages.StandIn{Member: v.who.Member}
	s.For, _ = ident.Parse(ident.Member, p.For) // what is no id is nobody's
	from, fromFits := bound(p.From, v.frame.Zone(), func(w meter.Window) time.Time { return w.From })
	until, untilFits := bound(p.Until, v.frame.Zone(), func(w meter.Window) time.Time { return w.To })
	s.From, s.Until = from, until
	var err error
	switch {
	case !fromFits:
		err = fault.BadField("from", "period_impossible", "A date such as 2026-03-31 is expected here.")
	case !untilFits || p.Until == "":
		err = fault.BadField("until", "period_impossible", "A date such as 2026-03-31 is expected here.")
	default:
		err = v.inTx(func(ctx context.Context, tx pgx.Tx) error {
			_, err := v.web.messages.NameStandIn(ctx, tx, v.tenant(), v.actor(), s)
			return err
		})
	}
	if err != nil {
		if p.Wrong, err = troubles(err); err != nil {
			return err
		}
		return v.showMessages(http.StatusUnprocessableEntity, p)
	}
	return v.to(messagesPath, "Your stand-in is named, and is asked as well.")
}

func (v *visit) dropStandIn() error {
	err := v.inTx(func(ctx context.Context, tx pgx.Tx) error {
		return v.web.messages.DropStandIn(ctx, tx, v.tenant(), v.actor(), v.who.Member)
	})
	if err != nil {
		return err
	}
	return v.to(messagesPath, "Nobody stands in for you any more.")
}

// connectSlack never shows the address again: it is a secret.
func (v *visit) connectSlack() error {
	to, err := v.web.messages.CheckSlack(v.ctx(), v.FormValue("url"))
	if err == nil {
		err = v.inTx(func(ctx context.Context, tx pgx.Tx) error {
			_, err := v.web.messages.ConnectSlack(ctx, tx, v.tenant(), v.actor(), to)
			return err
		})
	}
	if err != nil {
		wrong, err := troubles(err)
		if err != nil {
			return err
		}
		return v.showMessages(http.StatusUnprocessableEntity, views.MessagesPage{Wrong: wrong})
	}
	return v.to(messagesPath, "The channel is connected. It hears of the next held request.")
}

func (v *visit) disconnectSlack() error {
	err := v.inTx(func(ctx context.Context, tx pgx.Tx) error {
		return v.web.messages.DisconnectSlack(ctx, tx, v.tenant(), v.actor())
	})
	if err != nil {
		return err
	}
	return v.to(messagesPath, "The channel is disconnected.")
}
