package sandbox

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"runtime"
	"testing"
	"time"
)

var largeSize = Size{Tickets: 200_000, Messages: 1_000_000, Customers: 150_000, Events: 1_000_000, Surveys: 60_000, Calls: 50_000}

// A countingWriter is a ResponseWriter that discards the body and counts its
// bytes.
type countingWriter struct {
	h http.Header
	n int
}

func (w *countingWriter) Header() http.Header         { return w.h }
func (w *countingWriter) WriteHeader(int)             {}
func (w *countingWriter) Write(b []byte) (int, error) { w.n += len(b); return len(b), nil }

// BenchmarkPage measures a page of 100 rows in the middle of a large account.
func BenchmarkPage(b *testing.B) {
	s := unlimited(&Server{Size: largeSize})
	_, a := withAccount(s)
	middle := a.epoch - 150*day
	for _, path := range []string{
		"tickets", "tickets?order_by=updated_datetime:desc", "messages", "customers", "events", "events?types=ticket-deleted",
		"satisfaction-surveys", "phone/voice-calls", "messages?ticket_id=82000401", "tags", "views/1177004/items",
	} {
		b.Run(path, func(b *testing.B) {
			u, err := url.Parse("/api/" + path)
			if err != nil {
				b.Fatal(err)
			}
			v := u.Query()
			v.Set("limit", "100")
			e := listEndpoints()[0]
			for _, e = range listEndpoints() {
				if "/api/"+e.path == u.Path {
					q := &query{Values: v, path: e.path}
					q.order, q.desc = splitOrder(e.orders[0])
					if v.Has("order_by") {
						q.order, q.desc = splitOrder(v.Get("order_by"))
					}
					if !v.Has("ticket_id") && e.path != "tags" {
						v.Set("cursor", q.pageToken("next", sortKey{n: int64(middle)}))
					}
				}
			}
			u.RawQuery = v.Encode()
			r := httptest.NewRequest("GET", u.String(), nil)
			r.SetBasicAuth(defaultEmail, defaultKey)
			w := &countingWriter{h: http.Header{}}
			b.ReportAllocs()
			for b.Loop() {
				s.ServeHTTP(w, r)
			}
			if w.n < 400*b.N {
				b.Fatalf("%d bytes a page", w.n/b.N)
			}
			b.SetBytes(int64(w.n / b.N))
		})
	}
}

// A page of a large account takes little time, and reading it uses no memory
// afterwards. The bounds are ten times what a slow machine needs.
func TestLargeAccountTakesLittleTimeAndMemory(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	s := unlimited(&Server{Size: largeSize})
	readList(t, s, "/api/messages?limit=1")
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	if before.HeapAlloc > 100<<20 {
		t.Errorf("a large account takes %d MB", before.HeapAlloc>>20)
	}
	start, pages := time.Now(), 0
	for _, path := range []string{"messages", "tickets", "events", "customers"} {
		next := ""
		for range 60 {
			l := readList(t, s, "/api/"+path+"?limit=100"+next)
			if l.Meta.Next == nil || len(l.Data) != 100 {
				t.Fatalf("%s ends after %d rows", path, len(l.Data))
			}
			next = "&cursor=" + url.QueryEscape(*l.Meta.Next)
			pages++
		}
	}
	if each := time.Since(start) / time.Duration(pages); each > 50*time.Millisecond {
		t.Errorf("a page takes %v", each)
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	if grown := int64(after.HeapAlloc) - int64(before.HeapAlloc); grown > 5<<20 {
		t.Errorf("after %d pages, memory has grown by %d KB", pages, grown>>10)
	}
}
