package clerkstand

import "net/http"

// environment says how people sign in: with a code by mail.
func (s *Server) environment(*http.Request, *client) (int, any) {
	kind := "development"
	if s.Production {
		kind = "production"
	}
	return http.StatusOK, map[string]any{"object": "environment", "id": "env_1", "maintenance_mode": false,
		"auth_config": map[string]any{"object": "auth_config", "id": "aac_1", "single_session_mode": true,
			"claimed_at": 1, "reverification": false},
		"display_config": s.displayConfig(kind), "user_settings": userSettings(),
		"organization_settings": map[string]any{"enabled": false, "max_allowed_memberships": 5,
			"force_organization_selection": false, "actions": map[string]any{"admin_delete": false},
			"domains": map[string]any{"enabled": false, "enrollment_modes": []any{}, "default_role": nil},
			"slug":    map[string]any{"disabled": true}, "organization_creation_defaults": map[string]any{"enabled": false}},
		"commerce_settings": map[string]any{"object": "commerce_settings", "id": "cs_1", "billing": map[string]any{
			"stripe_publishable_key": "", "user": map[string]any{"enabled": false, "has_paid_plans": false},
			"organization": map[string]any{"enabled": false, "has_paid_plans": false}}},
		"api_keys_settings": map[string]any{"enabled": false},
		"meta":              map[string]any{"responseHeaders": map[string]any{"country": "de"}}}
}

func (s *Server) displayConfig(kind string) map[string]any {
	out := map[string]any{"object": "display_config", "id": "display_config_1", "instance_environment_type": kind,
		"application_name": "Purser", "preferred_sign_in_strategy": "otp", "branded": true, "support_email": "",
		"clerk_js_version": "6", "captcha_public_key": nil, "captcha_widget_type": nil, "captcha_provider": nil,
		"theme": map[string]any{"buttons": map[string]any{}, "general": map[string]any{}, "accounts": map[string]any{}}}
	for _, name := range []string{"logo_image_url", "favicon_image_url", "home_url", "user_profile_url", "after_sign_in_url",
		"after_sign_up_url", "after_sign_out_one_url", "after_sign_out_all_url", "after_switch_session_url",
		"organization_profile_url", "create_organization_url", "after_leave_organization_url", "after_create_organization_url"} {
		out[name] = ""
	}
	out["sign_in_url"], out["sign_up_url"] = s.URL+"/sign-in", s.URL+"/sign-up"
	return out
}

func userSettings() map[string]any {
	attributes := map[string]any{}
	for _, name := range []string{"email_address", "phone_number", "username", "web3_wallet", "first_name", "last_name",
		"password", "authenticator_app", "backup_code", "passkey"} {
		attributes[name] = map[string]any{"enabled": false, "required": false, "used_for_first_factor": false,
			"first_factors": []any{}, "used_for_second_factor": false, "second_factors": []any{}, "verifications": []any{},
			"verify_at_sign_up": false}
	}
	attributes["email_address"] = map[string]any{"enabled": true, "required": true, "used_for_first_factor": true,
		"first_factors": []string{"email_code"}, "used_for_second_factor": false, "second_factors": []any{},
		"verifications": []string{"email_code"}, "verify_at_sign_up": true}
	return map[string]any{"attributes": attributes, "social": map[string]any{},
		"actions":        map[string]any{"delete_self": false, "create_organization": false},
		"saml":           map[string]any{"enabled": false},
		"enterprise_sso": map[string]any{"enabled": false},
		"sign_in":        map[string]any{"second_factor": map[string]any{"required": false}},
		"sign_up": map[string]any{"custom_action_required": false, "progressive": true, "captcha_enabled": false,
			"disable_hibp": false, "mode": "public", "mfa": map[string]any{"required": false}},
		"restrictions": map[string]any{"allowlist": map[string]any{"enabled": false}, "blocklist": map[string]any{"enabled": false}},
		"password_settings": map[string]any{"allowed_special_characters": "", "max_length": 0, "min_length": 8,
			"require_special_char": false, "require_numbers": false, "require_lowercase": false, "require_uppercase": false,
			"disable_hibp": true, "show_zxcvbn": false, "min_zxcvbn_strength": 0},
		"passkey_settings": map[string]any{"allow_autofill": false, "show_sign_in_button": false}}
}
