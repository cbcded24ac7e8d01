package main

import (
	"cmp"
	"errors"
	"fmt"
	"go/ast"
	"go/token"
	"regexp"
	"slices"
	"strconv"
)

// A change breaks the rule whose statement, declaration or field is at n.
type change func(s *source, n ast.Node) error

// A source is a file that is being changed.
type source struct {
	text   []byte
	fset   *token.FileSet
	file   *ast.File
	edits  []edit
	helper string // the name of a function that is needed; "" if none is
}

// An edit replaces the text between two offsets.
type edit struct {
	from, to int
	text     string
}

func (s *source) offset(p token.Pos) int { return s.fset.Position(p).Offset }

func (s *source) textOf(n ast.Node) string {
	return string(s.text[s.offset(n.Pos()):s.offset(n.End())])
}

func (s *source) replace(n ast.Node, text string) {
	s.edits = append(s.edits, edit{s.offset(n.Pos()), s.offset(n.End()), text})
}

// edited returns the changed text.
func (s *source) edited() []byte {
	slices.SortFunc(s.edits, func(a, b edit) int { return cmp.Compare(a.from, b.from) })
	var out []byte
	at := 0
	for _, e := range s.edits {
		out = append(append(out, s.text[at:e.from]...), e.text...)
		at = e.to
	}
	out = append(out, s.text[at:]...)
	if s.helper != "" {
		out = fmt.Appendf(out, "\nfunc %s[T any](v T, _ func()) T { return v }\n", s.helper)
	}
	return out
}

var errNoCondition = errors.New("no condition")

// Delete keeps a statement from being executed. It still uses its variables.
func Delete(s *source, n ast.Node) error {
	if a, ok := n.(*ast.AssignStmt); ok && a.Tok == token.DEFINE {
		return errors.New("a definition cannot be deleted")
	}
	if _, ok := n.(ast.Stmt); !ok {
		return errors.New("no statement")
	}
	s.replace(n, "if false { "+s.textOf(n)+" }")
	return nil
}

// True makes a condition true.
func True(s *source, n ast.Node) error { return s.condition(n, "true || (%s)") }

// False makes a condition false.
func False(s *source, n ast.Node) error { return s.condition(n, "false && (%s)") }

func (s *source) condition(n ast.Node, format string) error {
	c := conditionOf(n)
	if c == nil {
		return errNoCondition
	}
	s.replace(c, fmt.Sprintf(format, s.textOf(c)))
	return nil
}

// conditionOf returns the condition of a statement, or the value that it returns
// or assigns.
func conditionOf(n ast.Node) ast.Expr {
	switch n := n.(type) {
	case *ast.IfStmt:
		return n.Cond
	case *ast.ForStmt:
		return n.Cond
	case *ast.CaseClause:
		if len(n.List) > 0 {
			return n.List[0]
		}
		return nil
	}
	return valueOf(n, 1)
}

// Drop removes the i-th operand of a condition that consists of several, joined
// by && and ||, from left to right.
func Drop(i int) change {
	return func(s *source, n ast.Node) error {
		var operands []ast.Expr
		neutral := map[ast.Expr]string{}
		var collect func(e ast.Expr, format string)
		collect = func(e ast.Expr, format string) {
			switch x := e.(type) {
			case *ast.ParenExpr:
				collect(x.X, format)
			case *ast.BinaryExpr:
				switch x.Op {
				case token.LAND:
					format = "(true || %s)"
				case token.LOR:
					format = "(false && %s)"
				default:
					operands, neutral[e] = append(operands, e), format
					return
				}
				collect(x.X, format)
				collect(x.Y, format)
			default:
				operands, neutral[e] = append(operands, e), format
			}
		}
		if c := conditionOf(n); c != nil {
			collect(c, "")
		}
		if len(operands) < 2 || i > len(operands) {
			return fmt.Errorf("no operand %d", i)
		}
		o := operands[i-1]
		s.replace(o, fmt.Sprintf(neutral[o], s.textOf(o)))
		return nil
	}
}

// Shift makes the i-th comparison include equality, or exclude it.
func Shift(i int) change {
	return func(s *source, n ast.Node) error {
		others := map[token.Token]token.Token{token.LSS: token.LEQ, token.LEQ: token.LSS, token.GTR: token.GEQ, token.GEQ: token.GTR}
		left := i
		ast.Inspect(n, func(n ast.Node) bool {
			switch x := n.(type) {
			case *ast.BinaryExpr:
				if other, ok := others[x.Op]; ok {
					if left--; left == 0 {
						from := s.offset(x.OpPos)
						s.edits = append(s.edits, edit{from, from + len(x.Op.String()), other.String()})
					}
				}
			case *ast.CallExpr:
				f, ok := x.Fun.(*ast.SelectorExpr)
				if ok && len(x.Args) == 1 && (f.Sel.Name == "Before" || f.Sel.Name == "After") {
					if left--; left == 0 {
						other := map[string]string{"Before": "After", "After": "Before"}[f.Sel.Name]
						s.replace(x, "!"+s.textOf(f.X)+"."+other+"("+s.textOf(x.Args[0])+")")
					}
				}
			}
			return left > 0
		})
		if left > 0 {
			return fmt.Errorf("no comparison %d", i)
		}
		return nil
	}
}

// Skip ends a loop before its first iteration.
func Skip(s *source, n ast.Node) error {
	var body *ast.BlockStmt
	switch n := n.(type) {
	case *ast.ForStmt:
		body = n.Body
	case *ast.RangeStmt:
		body = n.Body
	default:
		return errors.New("no loop")
	}
	at := s.offset(body.Lbrace) + 1
	s.edits = append(s.edits, edit{at, at, " if true { break };"})
	return nil
}

// Value replaces the i-th value that is assigned, returned or declared by an
// expression, in which $ is the old value.
func Value(i int, expr string) change {
	return func(s *source, n ast.Node) error {
		v := valueOf(n, i)
		if v == nil {
			return fmt.Errorf("no value %d", i)
		}
		_, constant := n.(*ast.ValueSpec)
		s.substitute(v, expr, map[string]string{"$": s.textOf(v)}, !constant)
		return nil
	}
}

// valueOf returns the i-th value that a statement or declaration gives. Of an if
// statement, it is that of the assignment before the condition.
func valueOf(n ast.Node, i int) ast.Expr {
	var values []ast.Expr
	switch n := n.(type) {
	case *ast.IfStmt:
		if n.Init != nil {
			return valueOf(n.Init, i)
		}
	case *ast.AssignStmt:
		values = n.Rhs
	case *ast.ReturnStmt:
		values = n.Results
	case *ast.ValueSpec:
		values = n.Values
	case *ast.KeyValueExpr:
		values = []ast.Expr{n.Value}
	}
	if i > len(values) {
		return nil
	}
	return values[i-1]
}

// Call replaces the i-th call, in the order in which they start and outer ones
// first, by an expression, in which $0 is the receiver, $1 and so on are the
// arguments, and $f is the function.
func Call(i int, expr string) change {
	return func(s *source, n ast.Node) error {
		left := i
		ast.Inspect(n, func(n ast.Node) bool {
			if x, ok := n.(*ast.CallExpr); ok && left > 0 {
				if left--; left == 0 {
					names := map[string]string{"$": s.textOf(x), "$f": s.textOf(x.Fun)}
					if f, ok := x.Fun.(*ast.SelectorExpr); ok {
						names["$0"] = s.textOf(f.X)
					}
					for i, arg := range x.Args {
						names["$"+strconv.Itoa(i+1)] = s.textOf(arg)
					}
					s.substitute(x, expr, names, true)
				}
			}
			return left > 0
		})
		if left > 0 {
			return fmt.Errorf("no call %d", i)
		}
		return nil
	}
}

// Stmt replaces a statement by others, in which $ is the old one.
func Stmt(text string) change {
	return func(s *source, n ast.Node) error {
		s.substitute(n, text, map[string]string{"$": s.textOf(n)}, false)
		return nil
	}
}

var (
	placeholder = regexp.MustCompile(`\$[f0-9]?`)
	usesOld     = regexp.MustCompile(`\$f|\$([^0-9]|$)`)
)

// substitute replaces n by an expression with placeholders. If the expression
// does not use n or call its function, the variables of n may become unused: it
// keeps n in a function that is not called.
func (s *source) substitute(n ast.Node, expr string, names map[string]string, use bool) {
	text := placeholder.ReplaceAllStringFunc(expr, func(name string) string { return names[name] })
	if use && !usesOld.MatchString(expr) {
		s.helper = fmt.Sprintf("instead%d", len(s.text)) // another one in each file
		text = s.helper + "(" + text + ", func() { _ = " + s.textOf(n) + " })"
	}
	s.replace(n, text)
}
