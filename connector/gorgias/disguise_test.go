package gorgias

import (
	"encoding/base64"
	"strings"
	"testing"
)

// TestDisguise: of a rejected key the form is reported, if it is a disguise, and
// nothing of its value.
func TestDisguise(t *testing.T) {
	for says, values := range map[string][]string{
		"":                {"k3y5ecretk3y5ecret", "k3y+of/the-house==", "a.b-c_d~e", "0123456789abcdef0123456789abcdef", base64.StdEncoding.EncodeToString([]byte("no pair in it")), "pa$$word", "50%off*", "xyz", `"`, "'"},
		"quotation marks": {`"k3y5ecret"`, "'k3y5ecret'", "`k3y5ecret`", "“k3y5ecret”", "«k3y5ecret»", ` "k3y5ecret" `},
		"email address and the key": {base64.StdEncoding.EncodeToString([]byte("a@b.example:k3y5ecret")), base64.RawURLEncoding.EncodeToString([]byte("jo+x@b.example:k3y5ecret???")),
			base64.RawStdEncoding.EncodeToString([]byte("a@b.example:k3y5ecret")), "a@b.example:k3y5ecret"},
		"name of a variable":   {"$K3Y5ECRET", "${K3Y5ECRET}", "$(k3y5ecret)", "%K3Y5ECRET%", "{{ k3y5ecret }}", "{k3y5ecret}"},
		"placeholder":          {"<k3y5ecret>", "<your k3y5ecret>", "[k3y5ecret]"},
		"concealed":            {"**********", "k3y5****cret", "••••••••", "k3y5…………cret", "xxxxxxxx", "XXXX", "●●●●"},
		"invisible characters": {"k3y5ecret\u200b", "\u00a0k3y5ecret", "k3y5\u00adecret", "k3y5ecret\n", "k3y5 ecret", "\ufeffk3y5ecret", "k3y5\u2060ecret"},
		"the name of a scheme": {"Basic k3y5ecret", "bearer k3y5ecret", "Authorization: Basic k3y5ecret", "Token k3y5ecret"},
	} {
		for _, value := range values {
			got := disguise("API key", value)
			if (got == "") != (says == "") || !strings.Contains(got, says) || strings.Contains(strings.ToLower(got), "5ecret") {
				t.Errorf("%q: %q", value, got)
			}
		}
	}
}
