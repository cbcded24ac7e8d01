package sandbox

import (
	"net/http"
	"strconv"
	"time"
)

// A grant is an access token that was issued.
type grant struct {
	token string
	until time.Time
}

const tokenLife = 24 * time.Hour

// serveToken serves POST /oauth/token, which exchanges a refresh token for an
// access token. The caller holds the lock.
func (s *Server) serveToken(r *http.Request) response {
	if r.Method != http.MethodPost {
		return errorResponse(http.StatusMethodNotAllowed, "The specified HTTP method is not allowed.")
	}
	id, secret, basic := r.BasicAuth()
	if !basic {
		id, secret = r.PostFormValue("client_id"), r.PostFormValue("client_secret")
	}
	if s.RefreshToken == "" || id != s.ClientID || secret != s.ClientSecret {
		return response{status: http.StatusUnauthorized, body: []byte(`{"error":"invalid_client"}`)}
	}
	refresh := s.RefreshToken
	if s.RotateRefreshToken && len(s.grants) > 0 {
		refresh += "-" + strconv.Itoa(len(s.grants))
	}
	if r.PostFormValue("grant_type") != "refresh_token" || r.PostFormValue("refresh_token") != refresh {
		return response{status: http.StatusBadRequest, body: []byte(`{"error":"invalid_grant"}`)}
	}
	if s.RotateRefreshToken {
		refresh = s.RefreshToken + "-" + strconv.Itoa(len(s.grants)+1)
	}
	g := grant{"access-" + strconv.Itoa(len(s.grants)+1), time.Now().Add(tokenLife)}
	s.grants = append(s.grants, g)
	return response{status: http.StatusOK, body: []byte(`{"access_token":` + quote(g.token) + `,"token_type":"Bearer","expires_in":` +
		number(int64(tokenLife/time.Second)) + `,"refresh_token":` + quote(refresh) + `,"scope":"offline"}`)}
}

// validToken reports whether an access token was issued and has not expired.
func (s *Server) validToken(token string) bool {
	for _, g := range s.grants {
		if g.token == token {
			return time.Now().Before(g.until)
		}
	}
	return false
}
