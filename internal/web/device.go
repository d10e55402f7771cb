package web

import (
	"context"
	"net/http"

	"github.com/jackc/pgx/v5"

	"github.com/getpurser/purser/views"
)

func (w *Web) devicePages() []page {
	return []page{
		{http.MethodGet, "/device", person, "", (*visit).device},
		{http.MethodPost, "/device", person, "", (*visit).decideDevice},
	}
}

// device asks for a code, or with one for the person's agreement.
func (v *visit) device() error {
	code := v.QueryParam("code")
	if code == "" {
		return v.show(http.StatusOK, views.DeviceCode(v.titled("Sign a program in"), "", views.Errors{}))
	}
	d, err := v.web.access.FindDevice(v.ctx(), code, v.web.access.ClientAddress(v.Request()))
	if err != nil {
		wrong, err := troubles(err)
		if err != nil {
			return err
		}
		return v.show(http.StatusUnprocessableEntity, views.DeviceCode(v.titled("Sign a program in"), code, wrong))
	}
	return v.show(http.StatusOK, views.Device(v.titled("Sign a program in"), d))
}

func (v *visit) decideDevice() error {
	code, agreed := v.FormValue("code"), v.FormValue("answer") == "agree"
	err := v.inTx(func(ctx context.Context, tx pgx.Tx) error {
		return v.web.access.DecideDevice(ctx, tx, v.who, code, agreed)
	})
	if err != nil {
		wrong, err := troubles(err)
		if err != nil {
			return err
		}
		return v.show(http.StatusUnprocessableEntity, views.DeviceCode(v.titled("Sign a program in"), code, wrong))
	}
	return v.show(http.StatusOK, views.DeviceDecided(v.titled("Sign a program in"), agreed))
}
