package singer

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"

	"source-gorgias/connector"
)

// A Level is the severity of a log line.
type Level int

const (
	Debug Level = iota
	Info
	Warn
	Error
	Critical
)

var levels = [...]string{"DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"}

// parseLevel reads the name of a level, or its number in Python.
func parseLevel(name string) (Level, bool) {
	name = strings.ToUpper(strings.Trim(name, "\" "))
	for l, known := range levels {
		if name == known || name == strconv.Itoa(10*(l+1)) || name == "WARN" && known == "WARNING" || name == "FATAL" && known == "CRITICAL" {
			return Level(l), true
		}
	}
	return Info, false
}

// A Log writes log lines and metrics. The last line of a failed run names the
// cause, because some clients show no other. A Log is safe for concurrent use.
type Log struct {
	// Redact removes secrets; nil removes none. It must be set before a second
	// goroutine writes.
	Redact func(string) string

	out        io.Writer
	minLevel   Level
	structured bool

	mu sync.Mutex
}

// maxText keeps a line far below the 64 KiB that some readers allow.
const maxText = 8 << 10

// NewLog returns a Log to out. settings is the JSON by which Meltano configures
// the loggers of the Singer SDK: the level and the format. Without it, the level
// is the first of the names that is one, or INFO.
func NewLog(out io.Writer, settings []byte, names ...string) *Log {
	l := &Log{out: out, minLevel: Info}
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
		if level, ok := parseLevel(name); ok {
			l.minLevel = level
			break
		}
	}
	return l
}

// Print writes a line about a stream, or with "" about the whole sync.
func (l *Log) Print(at Level, stream, format string, args ...any) {
	l.write(at, stream, fmt.Sprintf(format, args...), nil)
}

// A metric is a measurement of a sync. A counter counts from its last value on.
type metric struct {
	Type  string         `json:"type"` // counter or timer
	Name  string         `json:"metric"`
	Value any            `json:"value"` // a number; for a timer, of seconds
	Tags  map[string]any `json:"tags"`
}

// Counter writes a counter.
func (l *Log) Counter(name string, n int, tags map[string]any) {
	l.measure(Info, metric{"counter", name, n, tags})
}

// Timer writes a timer.
func (l *Log) Timer(at Level, name string, d time.Duration, tags map[string]any) {
	l.measure(at, metric{"timer", name, d.Round(time.Microsecond).Seconds(), tags})
}

func (l *Log) measure(at Level, m metric) {
	m.Tags["pid"] = os.Getpid()
	stream, _ := m.Tags["stream"].(string)
	if l.structured {
		l.write(at, stream, "METRIC", &m)
		return
	}
	text, _ := json.Marshal(m)
	l.write(at, "", "METRIC: "+string(text), nil)
}

// A logEntry is a structured line, as Meltano reads it. All fields but the last
// are required.
type logEntry struct {
	Level  string   `json:"level"`
	PID    int      `json:"pid"`
	Logger string   `json:"logger_name"`
	Time   float64  `json:"ts"`
	Thread string   `json:"thread_name"`
	App    string   `json:"app_name"`
	Stream *string  `json:"stream_name"`
	Text   string   `json:"message"`
	Extra  struct{} `json:"extra"`
	Metric *metric  `json:"metric_info,omitempty"`
}

func (l *Log) write(at Level, stream, text string, m *metric) {
	if at < l.minLevel {
		return
	}
	var line []byte
	if l.structured {
		e := logEntry{
			Level: strings.ToLower(levels[at]), PID: os.Getpid(), Logger: Name, Time: float64(time.Now().UnixMilli()) / 1000,
			Thread: "main", App: Name, Text: l.singleLine(text), Metric: m,
		}
		if stream != "" {
			e.Stream = new(l.singleLine(stream))
		}
		line, _ = connector.EncodeLine(e) // such fields can always be encoded
	} else {
		if stream != "" {
			text = stream + ": " + text
		}
		line = fmt.Appendln(nil, levels[at], l.singleLine(text))
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	_, _ = l.out.Write(line) // best effort: there is no other place for logs
}

// singleLine redacts a text and makes it fit on one line.
func (l *Log) singleLine(text string) string {
	if l.Redact != nil {
		text = l.Redact(text)
	}
	text = strings.NewReplacer("\r\n", " ", "\n", " ", "\r", " ").Replace(strings.ToValidUTF8(text, "\ufffd"))
	if len(text) > maxText {
		text = strings.ToValidUTF8(text[:maxText], "") + "…"
	}
	return connector.LineBreaks.Replace(text)
}
