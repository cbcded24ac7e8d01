package singer

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"
)

// A Level says how much a line of the log matters.
type Level int

const (
	Debug Level = iota
	Info
	Warn
	Error
	Critical
)

var levels = [...]string{"DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"}

// level reads the name of a level, or its number in Python; false if it is
// none.
func level(name string) (Level, bool) {
	name = strings.ToUpper(strings.Trim(name, "\" "))
	for l, known := range levels {
		if name == known || name == strconv.Itoa(10*(l+1)) || name == "WARN" && known == "WARNING" || name == "FATAL" && known == "CRITICAL" {
			return Level(l), true
		}
	}
	return Info, false
}

// A Log writes lines for people and for the programs that watch a sync. The
// last line of a run that failed is the cause: some clients show no other. It
// may be used by many goroutines.
type Log struct {
	// Mask hides secrets; nil hides nothing. It is set before a second
	// goroutine writes.
	Redact func(string) string

	out        io.Writer
	least      Level
	structured bool

	mu sync.Mutex
}

// maxText keeps a line far below the 64 KiB at which readers give up.
const maxText = 8 << 10

// NewLog returns a Log to out. The settings are the JSON that Meltano leaves
// for Singer's own kit, which say how much is logged and in which form; without
// them the first of the names that names a level decides, else it is info.
func NewLog(out io.Writer, settings []byte, names ...string) *Log {
	l := &Log{out: out, least: Info}
	var s struct {
		Formatters map[string]map[string]any
		Root       struct{ Level json.RawMessage }
	}
	if json.Unmarshal(settings, &s) == nil {
		for _, f := range s.Formatters {
			if class, _ := f["()"].(string); strings.HasSuffix(class, "StructuredFormatter") {
				l.structured = true
			}
		}
		names = append([]string{string(s.Root.Level)}, names...)
	}
	for _, name := range names {
		if least, ok := level(name); ok {
			l.least = least
			break
		}
	}
	return l
}

// Print writes a line; stream is "" for what concerns all.
func (l *Log) Print(at Level, stream, format string, args ...any) {
	l.write(at, stream, fmt.Sprintf(format, args...), entryMore{})
}

// A Metric is a figure of a sync. Counters are what has come since the last.
type Metric struct {
	Type  string         `json:"type"` // counter or timer
	Name  string         `json:"metric"`
	Value any            `json:"value"` // a number; of timers, in seconds
	Tags  map[string]any `json:"tags"`
}

// Count writes a counter.
func (l *Log) Counter(name string, n int, tags map[string]any) {
	l.measure(Info, Metric{"counter", name, n, tags})
}

// Took writes a timer.
func (l *Log) Timer(at Level, name string, d time.Duration, tags map[string]any) {
	l.measure(at, Metric{"timer", name, d.Round(time.Microsecond).Seconds(), tags})
}

func (l *Log) measure(at Level, m Metric) {
	m.Tags["pid"] = os.Getpid()
	stream, _ := m.Tags["stream"].(string)
	if l.structured {
		l.write(at, stream, "METRIC", entryMore{Metric: &m})
		return
	}
	text, _ := json.Marshal(m)
	l.write(at, "", "METRIC: "+string(text), entryMore{})
}

// A logEntry is a line as Meltano reads it: all the fields must be there.
type logEntry struct {
	Level  string  `json:"level"`
	PID    int     `json:"pid"`
	Logger string  `json:"logger_name"`
	Time   float64 `json:"ts"`
	Thread string  `json:"thread_name"`
	App    string  `json:"app_name"`
	Stream *string `json:"stream_name"`
	Text   string  `json:"message"`
	entryMore
}

type entryMore struct {
	Extra  struct{} `json:"extra"`
	Metric *Metric  `json:"metric_info,omitempty"`
}

func (l *Log) write(at Level, stream, text string, more entryMore) {
	if at < l.least {
		return
	}
	var buf bytes.Buffer
	if l.structured {
		e := logEntry{
			Level: strings.ToLower(levels[at]), PID: os.Getpid(), Logger: Name, Time: float64(time.Now().UnixMilli()) / 1000,
			Thread: "main", App: Name, Text: l.tidy(text), entryMore: more,
		}
		if stream != "" {
			e.Stream = new(l.tidy(stream))
		}
		_ = encode(&buf, e, "") // of such fields it can always be written
	} else {
		if stream != "" {
			text = stream + ": " + text
		}
		fmt.Fprintln(&buf, levels[at], l.tidy(text))
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	_, _ = l.out.Write(buf.Bytes()) // there is nobody left to tell
}

// tidy makes a text fit for one line.
func (l *Log) tidy(text string) string {
	if l.Redact != nil {
		text = l.Redact(text)
	}
	text = strings.NewReplacer("\r\n", " ", "\n", " ", "\r", " ").Replace(strings.ToValidUTF8(text, "\ufffd"))
	if len(text) > maxText {
		text = strings.ToValidUTF8(text[:maxText], "") + "…"
	}
	return oneLine.Replace(text)
}
