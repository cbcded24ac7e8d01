package gorgias

import (
	"strings"
	"testing"
)

// TestCheckProxies: a variable that cannot be understood is named, and its value
// is not.
func TestCheckProxies(t *testing.T) {
	for _, c := range []struct {
		value     string
		proxy, no bool // as the address of a proxy, and as NO_PROXY
	}{
		{"", true, true},
		{"proxy.example:3128", true, true},
		{"http://proxy.example:3128", true, false},
		{"https://proxy.example/", true, false},
		{"http://user:p%40ss@proxy.example:3128", true, false},
		{"socks5://127.0.0.1:1080", true, false},
		{"http://[::1]:3128", true, false},
		{"http://proxy.example:s3cret", false, false},
		{"http://user:s3cret@", false, false},
		{"http://user:s3cret%zz@proxy.example", false, false},
		{"http://us er:s3cret@proxy example:80", false, false},
		{"ftp://s3cret.example", false, false},
		{"http://proxy.example:99999", false, false},
		{"http://proxy.example:", false, false},
		{"http://proxy.example:80:s3cret", false, false},
		{"${s3cret}", false, false},
		{"<s3cret>", false, false},
		{"http:/s3cret:80", false, false},
		{"\"http://s3cret:80\"", false, false},
		{"localhost,.corp.example, 10.0.0.0/8,::1,*", false, true},
		{"10.0.0.0/99,s3cret", false, false},
		{"a.example;s3cret.example", false, false},
	} {
		for _, name := range []string{"HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy", "NO_PROXY", "no_proxy"} {
			t.Run(name+"="+c.value, func(t *testing.T) {
				t.Setenv(name, c.value)
				good := c.proxy
				if strings.EqualFold(name, "no_proxy") {
					good = c.no
				}
				err := CheckProxies()
				if (err == nil) != good || err != nil && (!strings.Contains(err.Error(), name+" ") || strings.Contains(err.Error(), "s3cret")) {
					t.Error(err)
				}
			})
		}
	}
}
