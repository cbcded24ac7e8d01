package config

import "testing"

func TestClosestMatch(t *testing.T) {
	known := []string{"subdomain", "start_date", "end_date", "api_key", "email", "overlap", "tags", "jobs", "read", "check"}
	for name, want := range map[string]string{
		"subdomian": "subdomain", "sub_domain": "subdomain", "star_date": "start_date", "startDate": "start_date", "apikey": "api_key",
		"API-KEY": "api_key", "e-mail": "email", "reed": "read", "raed": "read", "chekc": "check", "tag": "tags", "subdomain": "subdomain",
		"days": "", "page_size": "", "x": "", "": "", "red": "read", "overlaps": "overlap", "oerlp": "", "a very long text that is none of these": "",
	} {
		if got := ClosestMatch(name, known); got != want {
			t.Errorf("%q: got %q, want %q", name, got, want)
		}
	}
}
