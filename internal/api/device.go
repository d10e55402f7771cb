package api

import (
	"context"
	"net/http"
	"net/url"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/getpurser/purser/internal/access"
)

// DeviceRequest begins the sign-in of a program.
type DeviceRequest struct {
	ClientName string `json:"client_name,omitempty" maxLength:"100" doc:"What the program calls itself: the person reads it." example:"purser on ada-laptop"`
}

// DeviceLogin is what the program keeps and shows (RFC 8628, 3.2).
type DeviceLogin struct {
	DeviceCode              string `json:"device_code" doc:"The program's secret."`
	UserCode                string `json:"user_code" doc:"What the person compares with the page." example:"WDJB-MJHT"`
	VerificationURI         string `json:"verification_uri" format:"uri" doc:"Where the person goes."`
	VerificationURIComplete string `json:"verification_uri_complete" format:"uri" doc:"The same with the code filled in."`
	ExpiresIn               int    `json:"expires_in" doc:"Seconds." example:"600"`
	Interval                int    `json:"interval" doc:"Seconds between two questions." example:"5"`
}

// DeviceCode asks whether the person has agreed.
type DeviceCode struct {
	DeviceCode string `json:"device_code" minLength:"1" maxLength:"512"`
}

func (a *API) registerDevice() {
	tagged := func(id, path, summary, description string) huma.Operation {
		return huma.Operation{OperationID: id, Method: http.MethodPost, Path: path, Summary: summary, Description: description, Tags: []string{"Sign in"}}
	}
	handle(a, tagged("beginDevice", "/v1/auth/device", "Begin to sign a program in",
		"For a program without a browser (RFC 8628): show `user_code`, let the person open `verification_uri`, and ask for the session meanwhile."), a.beginDevice)
	handle(a, tagged("finishDevice", "/v1/auth/device/token", "Ask for the program's session",
		"400 `authorization_pending` until the person has agreed, then once the session; `access_denied` when they refused, `expired_token` after ten minutes."), a.finishDevice)
}

func (a *API) beginDevice(ctx context.Context, in *struct{ Body DeviceRequest }) (*reply[DeviceLogin], error) {
	d, err := a.access.BeginDevice(ctx, in.Body.ClientName, callOf(ctx).client)
	page := a.base + "/device"
	return &reply[DeviceLogin]{DeviceLogin{DeviceCode: d.Secret, UserCode: d.Code, VerificationURI: page,
		VerificationURIComplete: page + "?" + url.Values{"code": {d.Code}}.Encode(),
		ExpiresIn:               int(access.DeviceLifetime / time.Second), Interval: int(access.DevicePause / time.Second)}}, err
}

func (a *API) finishDevice(ctx context.Context, in *struct{ Body DeviceCode }) (*reply[SessionToken], error) {
	s, err := a.access.FinishDevice(ctx, in.Body.DeviceCode)
	return &reply[SessionToken]{SessionToken{Token: s.Token, ExpiresAt: s.ExpiresAt.UTC()}}, err
}
