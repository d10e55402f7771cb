package policy

import "testing"

func TestCountriesAreThoseOfISO(t *testing.T) {
	count := 0
	for a := 'A'; a <= 'Z'; a++ {
		for b := 'A'; b <= 'Z'; b++ {
			if IsCountry(string(a) + string(b)) {
				count++
			}
		}
	}
	if count != 249 { // ISO 3166-1 assigns 249
		t.Errorf("%d countries", count)
	}
	for _, code := range []string{"DE", "us", "Kp", "GB", "SS"} {
		if !IsCountry(code) {
			t.Errorf("%s was refused", code)
		}
	}
	for _, code := range []string{"", "D", "DEU", "UK", "EU", "XX", "ZZ", "XK", "SU", "D1", "UN"} {
		if IsCountry(code) {
			t.Errorf("%s was taken", code)
		}
	}
}
